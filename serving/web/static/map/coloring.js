/** What the colors of the points mean: groups, the values of an attribute, or its numbers. */
import { N_HUES, css, gray, hueOf, rampImage, rampOf } from "./colors.js";

export const NO_GROUP = "none";
const FENCE = 1.5; // quartile distances beyond which numbers have the color of the end

/**
 * Return {paint, lit, entries, ramp}: `paint(num)` is the color of a point, `lit(num)` whether it has the entry in focus (null: no focus),
 * `entries` the legend [{key, label, color, n}], where key null cannot be focused, `ramp` {low, high, below, above, image} for numbers.
 */
export function coloringOf({ points, attribute, sizes, focus, theme }) {
  if (!attribute) return byGroup(points, sizes, focus, theme);
  return attribute.kind === "number" ? byNumber(points, attribute, focus, theme) : byValue(points, attribute, focus, theme);
}

function byGroup(points, sizes, focus, theme) {
  const numbers = Object.keys(points.groups).map(Number);
  const colors = new Map(numbers.map((number) => [number, hueOf(number, theme)]));
  const none = gray(theme);
  const entry = (number) => ({ key: String(number), label: points.groups[number], color: css(colors.get(number)), n: sizes?.get(number) ?? null });
  const entries = numbers.map(entry);
  if (points.group.subarray(0, points.count).includes(-1)) entries.push({ key: NO_GROUP, label: "no group", color: css(none), n: null });
  const sought = focus === NO_GROUP ? -1 : Number(focus);
  const known = entries.some(({ key }) => key === focus);
  return { entries, ramp: null, paint: (num) => colors.get(points.group[num]) || none, lit: known ? (num) => points.group[num] === sought : null };
}

const valuesOf = (value) => (value === undefined || value === null ? [] : Array.isArray(value) ? value.map(String) : [String(value)]);

function byValue(points, attribute, focus, theme) {
  const frequent = [...attribute.values].sort((a, b) => b.n_items - a.n_items).slice(0, N_HUES);
  const colors = new Map(frequent.map(({ value }, n) => [String(value), hueOf(n, theme)]));
  const none = gray(theme);
  const entries = frequent.map(({ value, n_items: n }) => ({ key: String(value), label: String(value), color: css(colors.get(String(value))), n }));
  entries.push({ key: null, label: attribute.n_values > frequent.length ? "other values, or none" : "no value", color: css(none), n: null });
  const first = (num) => colors.get(valuesOf(points.values[num]).find((value) => colors.has(value))) || none;
  const has = (num) => valuesOf(points.values[num]).includes(focus);
  if (!colors.has(focus)) return { entries, ramp: null, paint: first, lit: null };
  return { entries, ramp: null, paint: (num) => (has(num) ? colors.get(focus) : first(num)), lit: has };
}

function byNumber(points, attribute, focus, theme) {
  const { low, high, quartiles = [] } = attribute;
  const [lower, , upper] = quartiles.length > 3 ? quartiles.slice(1) : quartiles;
  const fence = FENCE * (upper - lower);
  const [from, to] = fence > 0 ? [Math.max(low, lower - fence), Math.min(high, upper + fence)] : [low, high];
  const colors = rampOf(theme);
  const none = gray(theme);
  const value = (num) => (Array.isArray(points.values[num]) ? points.values[num][0] : points.values[num]);
  const color = (x) => colors[Math.max(0, Math.min(255, Math.round((255 * (x - from)) / (to - from || 1))))];
  const paint = (num) => (Number.isFinite(value(num)) ? color(value(num)) : none);
  const bounds = quartileBounds(low, high, quartiles);
  const entries = bounds.map(([start, end], n) => ({ key: String(n), label: `${start} to ${end}`, color: css(color((start + end) / 2)), n: null }));
  entries.push({ key: null, label: "no value", color: css(none), n: null });
  const ramp = { low: from, high: to, below: from > low, above: to < high, image: rampImage(theme) };
  const bound = focus === "" ? undefined : bounds[Number(focus)];
  return { entries, ramp, paint, lit: bound ? (num) => value(num) >= bound[0] && value(num) <= bound[1] : null };
}

/** Return the four ranges with a quarter of the items each; equal ones are left out. */
function quartileBounds(low, high, quartiles) {
  const ends = [...new Set([low, ...quartiles, high])];
  return ends.slice(1).map((end, n) => [ends[n], end]);
}
