/** Pointer, wheel and keys of the map: drag pans, wheel and pinch zoom, shift-drag draws an outline, a click chooses. */

const WHEEL_PACE = 0.0016;
const LINE_PIXELS = 16;
const KEY_PIXELS = 80;
const KEY_ZOOM = 1.5;
const CLICK_PIXELS = 5;

const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * Listen to an element. `on` has pan(dx, dy), zoom(factor, left, top), outline(places, done), hover(left, top) with null when the
 * pointer leaves, click(left, top, touch), home(), choose(), cancel(); `lasso()` is whether a plain drag draws. Returns a function that stops it.
 */
export function listen(element, on, lasso) {
  const pointers = new Map();
  let outline = null;
  let moved = 0;

  const at = (event) => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  const down = (event) => {
    if (event.button > 0) return;
    element.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    if (pointers.size === 1) {
      moved = 0;
      outline = event.shiftKey || lasso() ? [at(event)] : null;
    } else {
      cancelOutline();
      moved = Infinity; // the end of a pinch is no click
    }
  };

  const cancelOutline = () => {
    if (outline) on.outline([], false);
    outline = null;
  };

  const move = (event) => {
    const [left, top] = at(event);
    const before = pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") on.hover(left, top);
      return;
    }
    moved += Math.hypot(left - before[0], top - before[1]);
    if (pointers.size === 2) pinch(event.pointerId, before, [left, top]);
    else if (outline) on.outline(outline.push([left, top]) && outline, false);
    else if (moved > CLICK_PIXELS) on.pan(left - before[0], top - before[1]);
    pointers.set(event.pointerId, [left, top]);
  };

  const pinch = (id, before, now) => {
    const other = [...pointers].find(([key]) => key !== id)[1];
    const length = ([x, y]) => Math.max(10, Math.hypot(x - other[0], y - other[1]));
    on.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    on.zoom(length(now) / length(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  };

  const up = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    if (outline && moved > CLICK_PIXELS) on.outline(outline, true);
    else if (moved <= CLICK_PIXELS) on.click(...at(event), event.pointerType === "touch");
    if (outline && moved <= CLICK_PIXELS) on.outline([], false);
    outline = null;
  };

  const cancel = (event) => {
    pointers.delete(event.pointerId);
    cancelOutline();
  };

  const wheel = (event) => {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? LINE_PIXELS : 1) * (event.ctrlKey ? 6 : 1);
    on.zoom(Math.exp(-Math.max(-300, Math.min(300, pixels)) * WHEEL_PACE), ...at(event));
  };

  const key = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = ARROWS[event.key];
    if (step) on.pan(step[0] * KEY_PIXELS, step[1] * KEY_PIXELS);
    else if (event.key === "+" || event.key === "=") on.zoom(KEY_ZOOM);
    else if (event.key === "-") on.zoom(1 / KEY_ZOOM);
    else if (event.key === "0") on.home();
    else if (event.key === "Enter") on.choose();
    else if (event.key === "Escape") {
      cancelOutline();
      on.cancel();
    } else return;
    event.preventDefault();
  };

  const leave = () => on.hover(null, null);
  const twice = (event) => on.zoom(2, ...at(event));
  const listeners = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: cancel, pointerleave: leave, wheel, keydown: key, dblclick: twice };
  for (const [name, listener] of Object.entries(listeners)) element.addEventListener(name, listener, { passive: false });
  return () => {
    for (const [name, listener] of Object.entries(listeners)) element.removeEventListener(name, listener);
  };
}
