/** State of a view in the query string of its address, so that a link keeps the whole view. */
import { useCallback, useState } from "../vendor/preact.js";
import { useEvent } from "./hooks.js";

function read(defaults) {
  const query = new URLSearchParams(location.search);
  const state = {};
  for (const [name, fallback] of Object.entries(defaults)) {
    const values = query.getAll(name);
    if (!values.length) state[name] = fallback;
    else if (Array.isArray(fallback)) state[name] = values;
    else if (typeof fallback === "boolean") state[name] = values[0] === "true";
    else if (typeof fallback === "number") state[name] = Number.isFinite(Number(values[0])) ? Number(values[0]) : fallback;
    else state[name] = values[0];
  }
  return state;
}

function write(state, defaults) {
  const query = new URLSearchParams();
  for (const [name, fallback] of Object.entries(defaults)) {
    const value = state[name];
    if (JSON.stringify(value) === JSON.stringify(fallback)) continue;
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, one);
  }
  const text = query.toString();
  return location.pathname + (text ? `?${text}` : "");
}

/**
 * Return [state, change]. `defaults` has the default of each parameter, which also gives its type: number, boolean, string or
 * array of strings; a default is not written. `change(patch, {push})`: with push the back button undoes it.
 */
export function useUrlState(defaults) {
  const [state, setState] = useState(() => read(defaults));
  useEvent("popstate", () => setState(read(defaults)));
  const change = useCallback((patch, { push = false } = {}) => {
    setState((old) => {
      const next = { ...old, ...patch };
      const target = write(next, defaults);
      if (target !== location.pathname + location.search) history[push ? "pushState" : "replaceState"](null, "", target);
      return next;
    });
  }, []);
  return [state, change];
}
