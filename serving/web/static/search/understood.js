/** What a conversation was understood to say, as chips that can be taken back. */
import { html } from "../vendor/preact.js";
import { value } from "../core/format.js";

const LONGEST_RANGE = 5; // words
const MOST_TEXTS = 60;
const SIDES = [
  ["likes", "likes"],
  ["dislikes", "dislikes"],
  ["seen", "seen"],
];

/** Return the chips of what was understood: [{key, side, label, title, texts}]; `texts` are what to ignore without it. */
export function chipsOf(understood, messages) {
  const mentions = SIDES.flatMap(([side]) => understood[side].map((one) => ({ key: `${side} ${one.said} ${one.turn}`, side, label: nameOf(one), title: `“${one.said}”`, texts: [one.said], of: one })));
  const filters = ranges(understood.filters.filter((filter) => !isMention(filter, mentions))).map((filter) => ({
    key: JSON.stringify(filter), side: "filter", label: wordsOf(filter), title: "all items meet it", texts: filter.said ? [filter.said] : textsOf(filter, messages),
  }));
  return [...mentions, ...filters];
}

/** Return the filters with both bounds of an attribute as one. */
function ranges(filters) {
  const joined = [];
  for (const filter of filters) {
    const found = joined.find((one) => one.attribute === filter.attribute && one.said === filter.said && ("min" in filter ? !("min" in one) && "max" in one : "max" in filter && "min" in one && !("max" in one)));
    if (found) Object.assign(found, filter);
    else joined.push({ ...filter });
  }
  return joined;
}

const nameOf = ({ title, item_id: id, value: x, said, less }) => (less ? "less " : "") + (title || id || x || `“${said}”`);

/** Return whether a filter only repeats values that were mentioned. */
function isMention({ attribute, any, none }, mentions) {
  return (any || none || [null]).every((x) => mentions.some(({ of }) => of.attribute === attribute && of.value === x));
}

function wordsOf({ attribute, any, none, min, max }) {
  if (any) return `${attribute}: ${value(any)}`;
  if (none) return `${attribute}: not ${value(none)}`;
  return `${attribute}${min === undefined ? "" : ` from ${min}`}${max === undefined ? "" : ` up to ${max}`}`;
}

/** Return the parts of the person's words that can have meant a range, as the answer does not quote it. */
function textsOf({ min, max }, messages) {
  const number = String(min ?? max);
  const lines = messages.filter(({ role }) => role === "user").map(({ content }) => content.split(/\s+/).map((word) => word.replace(/^["“(]+|["”),.;:!?]+$/gu, "")));
  const near = (word) => word.includes(number);
  const has = lines.some((words) => words.some(near)) ? near : (word) => /\d/.test(word);
  const texts = new Set();
  for (const words of lines) {
    for (let size = 1; size <= LONGEST_RANGE; size++) {
      for (let start = 0; start + size <= words.length; start++) {
        const part = words.slice(start, start + size);
        if (part.some(has)) texts.add(part.join(" "));
      }
    }
  }
  return [...texts].slice(0, MOST_TEXTS);
}

export function Understood({ understood, messages, ignored, onIgnore, onRestore }) {
  const chips = chipsOf(understood, messages);
  if (!chips.length && !ignored.length) return null;
  return html`<div class="understood"><h3>Understood</h3><ul class="chips">
    ${chips.map((chip) => html`<li key=${chip.key} class=${`side-of ${chip.side}`} title=${chip.title}><span dir="auto">${chip.side === "likes" || chip.side === "filter" ? "" : html`<i>${chip.side === "dislikes" ? "not" : "seen"}</i> `}${chip.label}</span>
      ${chip.texts.length ? html`<button type="button" class="take-back" aria-label=${`Take back: ${chip.label}`} onClick=${() => onIgnore({ label: chip.label, texts: chip.texts })}>×</button>` : null}</li>`)}
    ${ignored.map((one, n) => html`<li key=${`ignored ${n}`} class="side-of ignored"><s dir="auto">${one.label}</s><button type="button" class="take-back" aria-label=${`Count again: ${one.label}`} title="count it again" onClick=${() => onRestore(n)}>↺</button></li>`)}
  </ul></div>`;
}
