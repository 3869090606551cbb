/** Readings of the metrics and of the readiness, taken while the tab is visible; the last minutes are kept. */
import { useEffect, useRef, useState } from "../vendor/preact.js";
import { send } from "../core/api.js";
import { useEvent } from "../core/hooks.js";
import { reading } from "../core/metrics_text.js";

const EVERY_MS = 2000;
const MOST_READINGS = 151; // five minutes

/** Return {readings, ready, error}: readings oldest first, the answer of /readyz, and why there is no newer one. */
export function useWatch() {
  const [state, setState] = useState({ readings: [], ready: null, error: null });
  const timer = useRef(null);
  const stop = useRef(null);
  const look = async () => {
    stop.current?.abort();
    stop.current = new AbortController();
    const { signal } = stop.current;
    clearTimeout(timer.current);
    try {
      const [text, ready] = await Promise.all([
        send({ path: "/metrics" }, signal),
        send({ path: "/readyz" }, signal).catch((error) => {
          if (error.status === 503) return { status: "not ready", detail: error.message };
          throw error;
        }),
      ]);
      setState((old) => ({ readings: [...old.readings, reading(text, Date.now() / 1000)].slice(-MOST_READINGS), ready, error: null }));
    } catch (error) {
      if (error.name === "AbortError") return;
      setState((old) => ({ ...old, error }));
      if (error.needsKey) return; // another key looks again
    }
    if (!document.hidden) timer.current = setTimeout(look, EVERY_MS);
  };
  useEvent("recsys:key", () => {
    setState({ readings: [], ready: null, error: null });
    look();
  });
  useEffect(() => {
    const seen = () => (document.hidden ? clearTimeout(timer.current) : look());
    document.addEventListener("visibilitychange", seen);
    look();
    return () => {
      document.removeEventListener("visibilitychange", seen);
      clearTimeout(timer.current);
      stop.current?.abort();
    };
  }, []);
  return state;
}
