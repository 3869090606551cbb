/** The camera: which part of the map the canvas shows. Places of the map lie between -1 and 1; y grows upward. */

export const LEAST_ZOOM = 0.5;
export const MOST_ZOOM = 400;
const MARGIN = 0.92;
const FLIGHT_MS = 650;

const clamp = (x, low, high) => Math.min(high, Math.max(low, x));

/** A place in the center, and a zoom: 1 shows the whole map. Sizes are CSS pixels. */
export class Camera {
  constructor() {
    Object.assign(this, { x: 0, y: 0, zoom: 1, width: 1, height: 1, flight: null });
  }

  /** Pixels of one unit of the map. */
  get scale() {
    return (Math.min(this.width, this.height) / 2) * MARGIN * this.zoom;
  }

  toScreen(x, y) {
    return [this.width / 2 + (x - this.x) * this.scale, this.height / 2 - (y - this.y) * this.scale];
  }

  toMap(left, top) {
    return [this.x + (left - this.width / 2) / this.scale, this.y - (top - this.height / 2) / this.scale];
  }

  set({ x, y, zoom }) {
    this.x = clamp(x, -2, 2);
    this.y = clamp(y, -2, 2);
    this.zoom = clamp(zoom, LEAST_ZOOM, MOST_ZOOM);
  }

  /** Move the map by pixels. */
  pan(dx, dy) {
    this.flight = null;
    this.set({ x: this.x - dx / this.scale, y: this.y + dy / this.scale, zoom: this.zoom });
  }

  /** Zoom by a factor; the place under a pixel stays where it is. */
  zoomAt(factor, left = this.width / 2, top = this.height / 2) {
    this.flight = null;
    const [x, y] = this.toMap(left, top);
    this.set({ ...this, zoom: this.zoom * factor });
    const [nextX, nextY] = this.toMap(left, top);
    this.set({ x: this.x + x - nextX, y: this.y + y - nextY, zoom: this.zoom });
  }

  /** Begin to fly somewhere; at once if motion is not wanted. */
  fly(to) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.flight = null;
      this.set(to);
    } else {
      this.flight = { from: { x: this.x, y: this.y, zoom: this.zoom }, to, start: performance.now() };
    }
  }

  /** Move on with the flight. */
  step(now) {
    if (!this.flight) return;
    const { from, to, start } = this.flight;
    const t = clamp((now - start) / FLIGHT_MS, 0, 1);
    const eased = t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2;
    const zoom = from.zoom * (to.zoom / from.zoom) ** eased;
    const same = Math.abs(Math.log(to.zoom / from.zoom)) < 0.01;
    const way = same ? eased : (1 / from.zoom - 1 / zoom) / (1 / from.zoom - 1 / to.zoom); // so that the places move on straight lines
    this.set({ x: from.x + (to.x - from.x) * way, y: from.y + (to.y - from.y) * way, zoom });
    if (t === 1) this.flight = null;
  }

  /** Return the camera that shows all of some places, at most `most` near. */
  around(places, most = 12) {
    const xs = places.map(([x]) => x);
    const ys = places.map(([, y]) => y);
    const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const unit = Math.min(this.width, this.height) / 2;
    const zoom = 0.8 * Math.min(this.width / unit / (right - left + 1e-6), this.height / unit / (high - low + 1e-6));
    return { x: (left + right) / 2, y: (low + high) / 2, zoom: clamp(zoom, 0.9, most) };
  }
}
