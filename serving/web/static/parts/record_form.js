/** A form of values by name, such as those of an item or a user: texts, numbers, and lists of one value a line. */
import { html, useState } from "../vendor/preact.js";

const ROW = 80; // characters
const MOST_ROWS = 6;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?$/;

/** The text of a field: a list has one value a line. */
const written = (x) => (Array.isArray(x) ? x.join("\n") : x === undefined ? "" : String(x));

/** The value of a field, in the kind that it had before; null for none. */
function read(text, before) {
  const plain = text.trim();
  if (!plain) return null;
  if (Array.isArray(before) || (before === undefined && plain.includes("\n"))) return plain.split("\n").map((line) => line.trim()).filter(Boolean);
  return typeof before !== "string" && NUMBER.test(plain) ? Number(plain) : plain;
}

/** Return the values whose field is not as it was. */
function changesOf(fields, before) {
  const changed = fields.filter(({ name, text }) => name.trim() && text !== written(before[name.trim()]));
  return Object.fromEntries(changed.map(({ name, text }) => [name.trim(), read(text, before[name.trim()])]));
}

const rowsOf = ({ text }) => Math.min(MOST_ROWS, Math.max(text.split("\n").length, Math.ceil(text.length / ROW)));

/**
 * `values` are those before; `names` are empty fields of any kind beside them. `onSave` gets what changed. The children are above the fields;
 * `ready` is false while what they ask for is missing.
 */
export function RecordForm({ label, note, values, names = [], ready = true, onSave, onCancel, children }) {
  const before = { ...values, ...Object.fromEntries(names.map((name) => [name, undefined])) };
  const [fields, setFields] = useState(() => Object.entries(before).map(([name, x]) => ({ name, text: written(x), known: true })));
  const set = (place, part) => setFields(fields.map((field, at) => (at === place ? { ...field, ...part } : field)));
  const changes = changesOf(fields, before);
  const save = (event) => {
    event.preventDefault();
    onSave(changes);
  };
  return html`<form class="edit" aria-label=${label} onSubmit=${save}>
    <p class="quiet">${note}</p>
    ${children}
    ${fields.map((field, place) => html`<div class="field" key=${place}>
      ${field.known ? html`<label for=${`edit-${place}`}>${field.name}</label>` : html`<input aria-label="Name of the value" placeholder="name" value=${field.name} onInput=${(event) => set(place, { name: event.target.value })} />`}
      <textarea id=${`edit-${place}`} dir="auto" rows=${rowsOf(field)} aria-label=${field.known ? null : "Value"} value=${field.text} onInput=${(event) => set(place, { text: event.target.value })}></textarea>
    </div>`)}
    <div class="row">
      <button type="button" class="link" onClick=${() => setFields([...fields, { name: "", text: "", known: false }])}>Add a value</button>
      <span class="grow"></span>
      <button type="button" onClick=${onCancel}>Cancel</button><button type="submit" class="primary" disabled=${!ready || !Object.keys(changes).length}>Save</button>
    </div>
  </form>`;
}
