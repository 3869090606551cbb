/** Metrics in the text format of Prometheus: parsed, and the difference of two readings. */

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES = { "\\n": "\n", '\\"': '"', "\\\\": "\\" };

/** Return [{name, labels, value}] of all samples. */
export function parse(text) {
  const samples = [];
  for (const line of text.split("\n")) {
    const match = !line.startsWith("#") && LINE.exec(line);
    if (!match) continue;
    const labels = {};
    for (const [, name, value] of (match[2] || "").matchAll(LABEL)) labels[name] = value.replace(/\\[n"\\]/g, (sign) => ESCAPES[sign]);
    samples.push({ name: match[1], labels, value: Number(match[3]) });
  }
  return samples;
}

/** Return a reading: `value(name, labels)`, and `all(name)` as [{labels, value}]. */
export function reading(text, at) {
  const byName = new Map();
  for (const sample of parse(text)) {
    if (!byName.has(sample.name)) byName.set(sample.name, new Map());
    byName.get(sample.name).set(JSON.stringify(sample.labels), sample);
  }
  return { at, all: (name) => [...(byName.get(name)?.values() || [])], find: (name, labels) => byName.get(name)?.get(JSON.stringify(labels)) };
}

/** Return what counter `name` counted from one reading to the next, as [{labels, value}]; a restarted server counts from 0. */
export function counted(before, after, name) {
  return after.all(name).map(({ labels, value }) => {
    const old = before.find(name, labels)?.value ?? 0;
    return { labels, value: value < old ? value : value - old };
  });
}

/** Return the sum of counted values whose labels pass a test. */
export const total = (samples, test = () => true) => samples.filter(({ labels }) => test(labels)).reduce((sum, { value }) => sum + value, 0);

/**
 * Return a quantile in seconds of histogram `name` between two readings, over the routes that pass a test; null without requests.
 * Within a bucket it is interpolated, as Prometheus does.
 */
export function quantile(before, after, name, share, test = () => true) {
  const buckets = new Map();
  for (const { labels, value } of counted(before, after, `${name}_bucket`)) {
    if (test(labels)) buckets.set(Number(labels.le === "+Inf" ? Infinity : labels.le), (buckets.get(Number(labels.le === "+Inf" ? Infinity : labels.le)) || 0) + value);
  }
  const bounds = [...buckets.keys()].sort((a, b) => a - b);
  const n = buckets.get(Infinity) || 0;
  if (!n) return null;
  let low = 0;
  let below = 0;
  for (const bound of bounds) {
    const count = buckets.get(bound);
    if (count >= share * n) return bound === Infinity ? low : low + ((bound - low) * (share * n - below)) / (count - below || 1);
    low = bound;
    below = count;
  }
  return low;
}
