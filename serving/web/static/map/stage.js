/** The stage: canvas, marks, labels and gestures around one camera. It draws a frame only when something changed. */
import { Camera } from "./camera.js";
import { Canvas, diameter } from "./canvas.js";
import { parseHex } from "./colors.js";
import { listen } from "./gestures.js";
import { Labels } from "./labels.js";
import { drawMarks, inks } from "./overlay.js";
import { Pace } from "./pace.js";

const LABELS_MS = 140; // between two choices of labels while the camera moves
const SETTLED_MS = 220;
const TITLED_RESULTS = 10;
const REACH = 7; // pixels beside a point that still hit it
const REACH_TOUCH = 18;

const NO_MARKS = { history: [], stars: [], found: [], chosen: null, hovered: null, outline: null };

/**
 * `parts` are elements {root, canvas, marks, labels, surface}; `on` has settled(camera), hover(num), click(num), choose(),
 * outline(places), undrawn(), cancel() and frame().
 */
export class Stage {
  constructor(parts, on) {
    Object.assign(this, { parts, on, points: null, coloring: null, group: null, lasso: false, written: 0 });
    this.marks = NO_MARKS;
    this.camera = new Camera();
    this.canvas = new Canvas(parts.canvas, () => this.change());
    this.pen = parts.marks.getContext("2d");
    this.labels = new Labels(parts.labels);
    this.recolor();
    this.pace = new Pace();
    this.moving = false;
    this.hovered = -1;
    this.labeled = 0;
    this.observer = new ResizeObserver(() => this.#resize());
    this.observer.observe(parts.root);
    this.#resize();
    this.deaf = listen(parts.surface, this.#gestures(), () => this.lasso);
  }

  #gestures() {
    const { camera } = this;
    const moved = (act) => (...values) => {
      act(...values);
      this.#moved();
    };
    return {
      pan: moved((dx, dy) => camera.pan(dx, dy)),
      zoom: moved((factor, left, top) => camera.zoomAt(factor, left, top)),
      home: () => this.fly({ x: 0, y: 0, zoom: 1 }),
      hover: (left, top) => this.#hover(left === null ? -1 : this.hit(left, top, REACH)),
      click: (left, top, touch) => this.on.click(this.hit(left, top, touch ? REACH_TOUCH : REACH)),
      choose: () => this.on.choose(),
      cancel: () => this.on.cancel(),
      outline: (places, done) => this.#outline(places, done),
    };
  }

  #resize() {
    const { root, marks } = this.parts;
    this.ratio = Math.min(2, devicePixelRatio || 1);
    this.camera.width = Math.max(1, root.clientWidth);
    this.camera.height = Math.max(1, root.clientHeight);
    this.canvas.resize(this.camera.width, this.camera.height, this.ratio);
    marks.width = this.parts.canvas.width;
    marks.height = this.parts.canvas.height;
    this.labeled = 0;
    this.change();
  }

  /** Draw points with their colors; points that were drawn with the same colors are not written again. */
  paint(points, coloring, group) {
    const fresh = points !== this.points || coloring !== this.coloring;
    if (!fresh && points.count === this.written) return;
    if (points !== this.points) this.labels.clear();
    Object.assign(this, { points, coloring, group });
    this.canvas.write(points, fresh ? 0 : this.written, coloring.paint, coloring.lit);
    this.written = points.count;
    this.labeled = 0;
    this.change();
  }

  /** Read the colors of the page anew. */
  recolor() {
    this.ink = inks(this.parts.root);
    this.canvas.back = parseHex(this.ink.back).map((x) => x / 255);
    this.change();
  }

  mark(marks) {
    this.marks = { ...this.marks, ...marks };
    if (marks.stars) this.labeled = 0;
    this.change();
  }

  fly(to) {
    this.camera.fly(to);
    this.#moved();
  }

  /** Show a place at once. */
  jump(to) {
    this.camera.flight = null;
    this.camera.set(to);
    this.labeled = 0;
    this.#moved();
  }

  /** Zoom about the center. */
  zoom(factor) {
    this.camera.zoomAt(factor);
    this.#moved();
  }

  /** Return the number of the point at a pixel, -1 if there is none. */
  hit(left, top, reach) {
    if (!this.points) return -1;
    const pixels = diameter(this.camera, this.points.count) / 2 + reach;
    return this.points.nearest(...this.camera.toMap(left, top), pixels / this.camera.scale);
  }

  #hover(num) {
    if (num === this.hovered) return;
    this.hovered = num;
    this.parts.surface.classList.toggle("over", num >= 0);
    this.mark({ hovered: num >= 0 ? [this.points.x[num], this.points.y[num]] : null });
    this.on.hover(num);
  }

  #outline(places, done) {
    if (!places.length) {
      this.on.undrawn();
      return;
    }
    const outline = places.map(([left, top]) => this.camera.toMap(left, top));
    this.mark({ outline });
    if (done) this.on.outline(outline);
  }

  #moved() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.#settled(), SETTLED_MS);
    this.moving = true;
    this.change();
  }

  #settled() {
    if (this.camera.flight) {
      this.settling = setTimeout(() => this.#settled(), SETTLED_MS);
      return;
    }
    this.labeled = 0;
    this.moving = false;
    this.change();
    this.on.settled(this.camera);
  }

  /** Ask for a frame. */
  change() {
    this.frame ||= requestAnimationFrame((now) => this.#draw(now));
  }

  /** Return the marked points that get titles first. */
  #marked() {
    return [...this.marks.stars.map(({ num }) => num), ...this.marks.found.slice(0, TITLED_RESULTS)];
  }

  #draw(now) {
    this.frame = 0;
    this.camera.step(now);
    this.canvas.draw(this.camera, this.ratio, this.pace.most(now, this.canvas.count, this.moving || Boolean(this.camera.flight)));
    if (this.points) {
      drawMarks(this.pen, this.camera, this.points, this.marks, this.ink, this.ratio);
      if (now - this.labeled > LABELS_MS) {
        this.labels.place(this.camera, this.points, this.coloring.lit, this.group, this.#marked());
        this.labeled = now;
      } else this.labels.move(this.camera);
    }
    this.on.frame();
    if (this.camera.flight) this.change();
  }

  close() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.settling);
    this.observer.disconnect();
    this.deaf();
    this.canvas.close();
  }
}
