/** Reads the item map from the service, a page at a time. */
import { useCallback, useEffect, useRef, useState } from "../vendor/preact.js";
import { send } from "../core/api.js";
import { useEvent } from "../core/hooks.js";
import { MOST_POINTS, Points } from "./points.js";

const PAGE = 10000;
const SLOW_MS = 1500;
const LONGEST_WAIT_MS = 4000;
const RESTART_MS = 1000;

const wait = (ms, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    reject(new DOMException("", "AbortError"));
  });
});

/** Return a page; a request that may succeed later is sent again, and `onError` is told. */
async function readPage(params, signal, onError) {
  for (let tries = 0; ; tries++) {
    try {
      return await send({ path: "/map", params: { k: PAGE, ...params } }, signal);
    } catch (error) {
      if (!error.passing) throw error;
      onError(error);
      await wait(Math.max(1000 * error.retryAfter, Math.min(1000 * 2 ** tries, LONGEST_WAIT_MS)), signal);
    }
  }
}

/** Give all pages to `onPage`, which returns whether to go on; `fields` is null or that of GET /map. */
async function readPages({ attribute, fields = null }, signal, onPage, onError) {
  let offset = 0;
  while (offset !== null && offset < MOST_POINTS) {
    const page = await readPage({ attribute, fields, offset: offset || null }, signal, onError);
    if (!onPage(page, offset)) return;
    offset = page.next_offset;
  }
}

const START = { points: null, count: 0, done: false, error: null, slow: false };

/**
 * Return {points, count, done, error, slow, reload, values}: `count` grows with each page. `values` {attribute, turn, error} says
 * which attribute the points have values of; `turn` grows with each page of them.
 */
export function useMap(attribute) {
  const [state, setState] = useState(START);
  const [values, setValues] = useState({ attribute: "", turn: 0, error: null });
  const [turn, setTurn] = useState(0);
  const first = useRef(attribute);
  first.current = attribute;

  useEffect(() => run((signal) => readAll(first.current, signal, setState, setValues), (error) => setState((old) => ({ ...old, error }))), [turn]);

  useEffect(() => {
    if (!state.done || !attribute || attribute === values.attribute) return undefined;
    return run((signal) => readValues(state.points, attribute, signal, setValues), (error) => setValues({ attribute, turn: 0, error }));
  }, [attribute, state.done]);

  const reload = useCallback(() => setTurn((old) => old + 1), []);
  useEvent("recsys:key", reload);
  return { ...state, values, reload };
}

/** Run a job until it ends or is stopped; return what stops it. */
function run(job, onError) {
  const stop = new AbortController();
  job(stop.signal).catch((error) => {
    if (error.name !== "AbortError") onError(error);
  });
  return () => stop.abort();
}

async function readAll(attribute, signal, setState, setValues) {
  const points = new Points();
  setState({ ...START });
  const slow = setTimeout(() => setState((old) => ({ ...old, slow: !old.count })), SLOW_MS);
  const onPage = (page, offset) => {
    if (offset && page.model_version !== points.version) return false;
    points.version = page.model_version;
    points.append(page);
    points.more = page.next_offset !== null;
    points.total = page.n_items;
    setState({ ...START, points, count: points.count, done: !points.more || points.count >= MOST_POINTS });
    if (attribute) setValues((old) => ({ attribute, turn: old.turn + 1, error: null }));
    return true;
  };
  const onError = (error) => setState((old) => ({ ...old, error }));
  try {
    await readPages({ attribute }, signal, onPage, onError);
  } catch (error) {
    if (!attribute || ![400, 404, 422].includes(error.status)) throw error;
    setValues({ attribute, turn: 0, error }); // the map without the attribute is better than none
    return readAll("", signal, setState, setValues);
  } finally {
    clearTimeout(slow);
  }
  if (!points.more || points.count >= MOST_POINTS) return undefined;
  await wait(RESTART_MS, signal); // another model was published meanwhile
  return readAll(attribute, signal, setState, setValues);
}

async function readValues(points, attribute, signal, setValues) {
  points.values.fill(undefined);
  await readPages({ attribute, fields: "attribute" }, signal, (page) => {
    points.setValues(page);
    setValues((old) => ({ attribute, turn: old.turn + 1, error: null }));
    return true;
  }, (error) => setValues((old) => ({ ...old, error })));
}
