/** Preact hooks: answers of the service, and small things of a browser. */
import { useCallback, useEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { send } from "./api.js";

const SLOW_MS = 1500;
const LONGEST_WAIT_MS = 4000;

/**
 * Return {data, error, loading, slow, reload, ms} of a request ({method, path, params, body}); null asks nothing.
 *
 * While another request runs, `data` is the last answer and `loading` is true. A request that may succeed later is sent again,
 * after 1, 2 and then every 4 seconds. `every` is the number of milliseconds after which it is asked again, 0 for never;
 * `ms` is the time that the last answer took, with the way there and back.
 */
export function useAnswer(request, { every = 0 } = {}) {
  const key = request && JSON.stringify(request);
  const [state, setState] = useState({ data: null, error: null, loading: Boolean(request), slow: false, of: "" });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!key) {
      setState({ data: null, error: null, loading: false, slow: false, of: "" });
      return undefined;
    }
    const stop = new AbortController();
    let timer;
    const slow = setTimeout(() => setState((old) => ({ ...old, slow: old.loading })), SLOW_MS);
    const attempt = async (tries) => {
      const started = performance.now();
      try {
        const data = await send(JSON.parse(key), stop.signal);
        setState({ data, error: null, loading: false, slow: false, of: key, ms: performance.now() - started });
        if (every) timer = setTimeout(() => attempt(0), every);
      } catch (error) {
        if (error.name === "AbortError") return;
        if (error.status === undefined) throw error;
        const kept = error.passing ? {} : { data: null };
        setState((old) => ({ ...old, ...kept, error, loading: false, slow: false, of: key }));
        const wait = Math.max(1000 * error.retryAfter, Math.min(1000 * 2 ** tries, LONGEST_WAIT_MS));
        if (error.passing) timer = setTimeout(() => attempt(tries + 1), wait);
      }
    };
    setState((old) => ({ ...old, loading: true, slow: false }));
    attempt(0);
    return () => {
      stop.abort();
      clearTimeout(timer);
      clearTimeout(slow);
    };
  }, [key, turn, every]);
  const reload = useCallback(() => setTurn((old) => old + 1), []);
  useEvent("recsys:key", reload);
  return { ...state, reload };
}

/** Call `listener` on each event of the window. */
export function useEvent(name, listener) {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => {
    const call = (event) => latest.current(event);
    addEventListener(name, call);
    return () => removeEventListener(name, call);
  }, [name]);
}

/** Return whether a media query matches. */
export function useMedia(query) {
  const list = useMemo(() => matchMedia(query), [query]);
  const [matches, setMatches] = useState(list.matches);
  useEffect(() => {
    const change = () => setMatches(list.matches);
    list.addEventListener("change", change);
    return () => list.removeEventListener("change", change);
  }, [list]);
  return matches;
}

/** Return `value` as it was `ms` milliseconds after it last changed. */
export function useDebounced(value, ms = 120) {
  const [late, setLate] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLate(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return late;
}

/** Say something to screen readers. */
export function announce(text) {
  document.getElementById("live").textContent = text;
}
