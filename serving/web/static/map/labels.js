/** Labels over the map: names of groups from afar, titles of points from near; none covers another. */
import { diameter } from "./canvas.js";

const MOST_GROUPS = 30;
const MOST_TITLES = 60;
const MOST_TRIED = 1500; // titles that may turn out to have no room
const GROUPS_UP_TO = 6; // zoom
const TITLES_FROM = 2;
const FEW_IN_SIGHT = 150; // points in sight that get titles at any zoom
const TITLE_WIDTH = 190;
const GROUP_WIDTH = 260;
const LINE = 18;
const GAP = 3;
const TOOLS = [56, 156]; // pixels
const MARK_ASIDE = 20; // pixels from the center of a star to its title

/** Elements in a layer over the canvas: `place` chooses which there are, `move` lets them follow the camera. */
export class Labels {
  /** `tools` is the room in pixels that the buttons at the upper right have. */
  constructor(layer, tools = TOOLS) {
    Object.assign(this, { layer, tools });
    this.shown = new Map();
    this.widths = new Map();
    this.pen = document.createElement("canvas").getContext("2d");
  }

  /** Remove all labels: their points are no longer drawn. */
  clear() {
    for (const { element } of this.shown.values()) element.remove();
    this.shown.clear();
  }

  /**
   * Choose the labels that have room. `lit(num)` is whether a point is in focus, null for all; `group` is the group in focus or null;
   * `first` are points whose titles come before all others.
   */
  place(camera, points, lit, group, first) {
    const boxes = underTools(camera, this.tools);
    const next = new Map();
    this.#addTitles(camera, points, first, MARK_ASIDE, boxes, next);
    if (camera.zoom < GROUPS_UP_TO) this.#placeGroups(camera, points, group, boxes, next);
    this.#placeTitles(camera, points, lit, boxes, next);
    for (const [key, { element }] of this.shown) if (!next.has(key)) element.remove();
    for (const [key, label] of next) label.element = this.shown.get(key)?.element || this.#make(label);
    this.shown = next;
    this.#lay(camera);
  }

  #placeGroups(camera, points, group, boxes, next) {
    let n = 0;
    for (const center of points.centers()) {
      if (n === MOST_GROUPS) break;
      if (group !== null && center.group !== group) continue;
      const [left, top] = camera.toScreen(center.x, center.y);
      const width = this.#width(center.name, true);
      if (!room(boxes, camera, left - width / 2, top - LINE / 2, width)) continue;
      next.set(`group ${center.group}`, { x: center.x, y: center.y, text: center.name, kind: "group", dx: 0 });
      n += 1;
    }
  }

  #placeTitles(camera, points, lit, boxes, next) {
    const [left, high] = camera.toMap(0, 0);
    const [right, low] = camera.toMap(camera.width, camera.height);
    const { x, y, count } = points;
    const near = camera.zoom >= TITLES_FROM;
    const visible = (num) => x[num] > left && x[num] < right && y[num] > low && y[num] < high && (!lit || lit(num));
    const candidates = [];
    for (let num = 0; num < count && candidates.length < MOST_TRIED; num++) if (visible(num)) candidates.push(num);
    if (!near && candidates.length > FEW_IN_SIGHT) return;
    this.#addTitles(camera, points, candidates, diameter(camera, count) / 2 + 5, boxes, next);
  }

  #addTitles(camera, points, nums, aside, boxes, next) {
    let n = 0;
    for (const num of nums) {
      if (n === MOST_TITLES) break;
      if (next.has(`title ${num}`)) continue;
      const text = points.name(num);
      const [left, top] = camera.toScreen(points.x[num], points.y[num]);
      if (!room(boxes, camera, left + aside, top - LINE / 2, this.#width(text, false))) continue;
      next.set(`title ${num}`, { x: points.x[num], y: points.y[num], text, kind: "title", dx: aside });
      n += 1;
    }
  }

  #width(text, group) {
    const key = (group ? "g" : "t") + text;
    let width = this.widths.get(key);
    if (width === undefined) {
      this.pen.font = group ? "600 13px system-ui, sans-serif" : "12px system-ui, sans-serif";
      width = Math.min(group ? GROUP_WIDTH : TITLE_WIDTH, this.pen.measureText(text.slice(0, 80)).width + 4);
      if (this.widths.size > 5000) this.widths.clear();
      this.widths.set(key, width);
    }
    return width;
  }

  #make({ text, kind }) {
    const element = document.createElement("span");
    element.className = `map-label ${kind}`;
    element.textContent = text;
    element.dir = "auto";
    this.layer.append(element);
    return element;
  }

  /** Let the labels follow the camera: as one layer while it only pans. */
  move(camera) {
    const { from } = this;
    if (from && from.zoom === camera.zoom && from.width === camera.width && from.height === camera.height) {
      const [left, top] = [(from.x - camera.x) * camera.scale, (camera.y - from.y) * camera.scale];
      this.layer.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
    } else this.#lay(camera);
  }

  #lay(camera) {
    this.from = { x: camera.x, y: camera.y, zoom: camera.zoom, width: camera.width, height: camera.height };
    this.layer.style.transform = "";
    for (const { element, x, y, dx, kind } of this.shown.values()) {
      const [left, top] = camera.toScreen(x, y);
      const back = kind === "group" ? "-50%" : "0";
      element.style.transform = `translate(${Math.round(left + dx)}px, ${Math.round(top)}px) translate(${back}, -50%)`;
    }
  }
}

/** Return the room of the buttons at the upper right. */
function underTools({ width }, tools) {
  return Array.from({ length: Math.ceil(tools[1] / LINE) }, (_, n) => [width - tools[0], n * LINE, tools[0]]);
}

/** Take the room for a label if it is free and in sight. */
function room(boxes, camera, left, top, width) {
  if (left < 2 || top < 2 || left + width > camera.width - 2 || top + LINE > camera.height - 2) return false;
  const hit = (box) => left < box[0] + box[2] + GAP && left + width + GAP > box[0] && top < box[1] + LINE + GAP && top + LINE + GAP > box[1];
  if (boxes.some(hit)) return false;
  boxes.push([left, top, width]);
  return true;
}
