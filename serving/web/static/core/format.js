/** Numbers, times and attribute values as text. */

const WHOLE = new Intl.NumberFormat("en-US");
const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const STEPS = [
  ["year", 31536000],
  ["month", 2592000],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

export const whole = (n) => WHOLE.format(n);
export const compact = (n) => COMPACT.format(n);
export const score = (x) => x.toFixed(3);
export const percent = (x, digits = 0) => `${(100 * x).toFixed(digits)}%`;
export const signed = (n) => (n > 0 ? `+${n}` : `−${Math.abs(n)}`);
export const plural = (n, one, many = `${one}s`) => `${whole(n)} ${n === 1 ? one : many}`;

/** Return the time of `seconds` since 1970 relative to now, such as "3 days ago". */
export function ago(seconds, now = Date.now() / 1000) {
  const past = seconds - now;
  const [unit, size] = STEPS.find(([, step]) => Math.abs(past) >= step) || STEPS.at(-1);
  return RELATIVE.format(Math.round(past / size), unit);
}

/** Return the date and time of `seconds` since 1970, UTC. */
export const moment = (seconds) => new Date(1000 * seconds).toISOString().replace("T", " ").slice(0, 16) + " UTC";

/** Return the value of an attribute as text; values of a list are joined. */
export const value = (x) => (Array.isArray(x) ? x.join(", ") : String(x));

/** Return the first letters of at most two words of a title, which stand for a picture. */
export function initials(title) {
  const words = title.match(/[\p{L}\p{N}]+/gu) || ["?"];
  return [...words].slice(0, 2).map((word) => [...word][0].toUpperCase()).join("");
}

/** Return a hue (0 to 359) that depends on the text alone. */
export function hue(text) {
  let hash = 7;
  for (const char of text) hash = (hash * 31 + char.codePointAt(0)) >>> 0;
  return hash % 360;
}
