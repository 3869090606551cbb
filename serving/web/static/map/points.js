/** The items of the map in columns: places, groups, popularity and titles; what is near a place, and what is in an outline. */
import KDBush from "../vendor/kdbush.js";

export const MOST_POINTS = 200000;
const MEDIAN_SAMPLE = 2000;

/** Columns of items, most popular first; a page at a time is added, and the number of an item is its rank by popularity. */
export class Points {
  constructor() {
    this.count = 0;
    this.more = false; // whether the model has items that are left out
    this.total = 0; // the items of the map, also those that are left out
    this.version = "";
    this.x = new Float32Array(MOST_POINTS);
    this.y = new Float32Array(MOST_POINTS);
    this.size = new Uint8Array(MOST_POINTS); // popularity relative to the most popular item, 0 to 255
    this.group = new Int32Array(MOST_POINTS).fill(-1);
    this.ids = [];
    this.titles = [];
    this.values = []; // of the attribute that colors the map
    this.groups = {}; // names by number
    this.numbers = new Map(); // of items by id
    this.indexes = []; // one KD-tree a page
  }

  /** Add a page of GET /map. */
  append(page) {
    const start = this.count;
    const n = Math.min(page.item_id.length, MOST_POINTS - start);
    this.most ??= page.popularity[0] || 1;
    this.groups = page.clusters;
    for (let i = 0; i < n; i++) this.#add(page, i, start + i);
    const index = new KDBush(n, 64, Float32Array);
    for (let i = 0; i < n; i++) index.add(this.x[start + i], this.y[start + i]);
    this.indexes.push({ start, index: index.finish() });
    this.count += n;
    this.medians = null;
  }

  #add(page, i, num) {
    this.x[num] = page.x[i];
    this.y[num] = page.y[i];
    this.size[num] = 255 * Math.sqrt(Math.max(0, page.popularity[i]) / this.most);
    this.group[num] = page.cluster[i] ?? -1;
    this.ids.push(page.item_id[i]);
    this.titles.push(page.title[i].trim() ? page.title[i] : "");
    this.values.push(page.attribute ? page.attribute[i] : undefined);
    this.numbers.set(page.item_id[i], num);
  }

  /** Set the values of an attribute from a page that has it; items that are not drawn are ignored. */
  setValues(page) {
    page.item_id.forEach((id, i) => {
      const num = this.numbers.get(id);
      if (num !== undefined) this.values[num] = page.attribute[i];
    });
  }

  /** Return the title of an item, its id if it has none. */
  name(num) {
    return this.titles[num] || this.ids[num];
  }

  /** Return an item as lists have it. */
  item(num) {
    return { item_id: this.ids[num], title: this.titles[num] };
  }

  /** Return the item nearest to a place within a radius, -1 if there is none. */
  nearest(x, y, radius) {
    let best = -1;
    let least = Infinity;
    for (const { start, index } of this.indexes) {
      for (const i of index.within(x, y, radius)) {
        const distance = (this.x[start + i] - x) ** 2 + (this.y[start + i] - y) ** 2;
        if (distance < least) [best, least] = [start + i, distance];
      }
    }
    return best;
  }

  /** Return the `most` items nearest to a place within a box around it, nearest first. */
  around(x, y, width, height, most) {
    const distance = (num) => (this.x[num] - x) ** 2 + (this.y[num] - y) ** 2;
    let part = 0.1;
    let found = [];
    while (part <= 1 && found.length < most) {
      found = this.#box(x - part * width, y - part * height, x + part * width, y + part * height);
      part += 0.3;
    }
    return found.map((num) => [distance(num), num]).sort((a, b) => a[0] - b[0]).slice(0, most).map(([, num]) => num);
  }

  /** Return the items within an outline ([[x, y]]), most popular first. */
  inside(outline) {
    const xs = outline.map(([x]) => x);
    const ys = outline.map(([, y]) => y);
    const box = this.#box(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys));
    return box.filter((num) => within(outline, this.x[num], this.y[num])).sort((a, b) => a - b);
  }

  /** Return the items within a box. */
  #box(left, low, right, high) {
    const found = [];
    for (const { start, index } of this.indexes) for (const i of index.range(left, low, right, high)) found.push(start + i);
    return found;
  }

  /** Return the median place of each group, largest group first: [{group, name, x, y, n}]. */
  centers() {
    this.medians ??= centersOf(this);
    return this.medians;
  }
}

function centersOf({ count, group, groups, x, y }) {
  const members = new Map();
  for (let i = 0; i < count; i++) {
    if (group[i] < 0) continue;
    const own = members.get(group[i]) || { n: 0, sample: [] };
    own.n += 1;
    if (own.sample.length < MEDIAN_SAMPLE) own.sample.push(i);
    members.set(group[i], own);
  }
  const median = (sample, column) => Float32Array.from(sample, (i) => column[i]).sort()[sample.length >> 1];
  const centers = [...members].map(([num, { n, sample }]) => ({ group: num, name: groups[num], x: median(sample, x), y: median(sample, y), n }));
  return centers.sort((a, b) => b.n - a.n);
}

/** Return whether a place is within an outline, by the even-odd rule. */
export function within(outline, x, y) {
  let inside = false;
  for (let i = 0, j = outline.length - 1; i < outline.length; j = i++) {
    const [ax, ay] = outline[i];
    const [bx, by] = outline[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}
