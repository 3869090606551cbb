/** The form that changes the record of an item, and the dialog that deletes it. */
import { html, useState } from "../vendor/preact.js";
import { send, withId } from "../core/api.js";
import { Dialog } from "../parts/dialog.js";
import { nameOf } from "../parts/items.js";
import { toast } from "../parts/layout.js";

const TITLE = "title";
const ROW = 80; // characters
const MOST_ROWS = 6;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?$/;

/** The text of a field: a list has one value a line. */
const written = (x) => (Array.isArray(x) ? x.join("\n") : x === undefined ? "" : String(x));

/** The value of a field, in the kind that the attribute had; null for none. */
function read(text, before) {
  const plain = text.trim();
  if (!plain) return null;
  if (Array.isArray(before) || (before === undefined && plain.includes("\n"))) return plain.split("\n").map((line) => line.trim()).filter(Boolean);
  return typeof before !== "string" && NUMBER.test(plain) ? Number(plain) : plain;
}

/** Return what is to be changed: the values whose field is not as it was. */
function changesOf(fields, item) {
  const before = { ...item.attributes, [TITLE]: item.title };
  const changed = fields.filter(({ name, text }) => name.trim() && text !== written(before[name.trim()]));
  return Object.fromEntries(changed.map(({ name, text }) => [name.trim(), read(text, before[name.trim()])]));
}

/** Buttons that open the form and the dialog; `changed` is called after a change. */
export function Edit({ item, changed }) {
  const [open, setOpen] = useState("");
  const close = () => setOpen("");
  const change = async (request, done) => {
    try {
      await send({ path: withId("/items", item.item_id), ...request });
      close();
      toast(done);
      changed();
    } catch (error) {
      toast(`Not changed: ${error.message}`);
    }
  };
  return html`
    <button type="button" aria-expanded=${open === "form"} onClick=${() => setOpen(open === "form" ? "" : "form")}>Edit</button>
    <button type="button" onClick=${() => setOpen("delete")}>Delete</button>
    ${open === "form" ? html`<${Form} item=${item} onCancel=${close} onSave=${(body) => change({ method: "PATCH", body }, "Changed on every worker within a second, and in later trainings")} />` : null}
    <${Deletion} item=${item} open=${open === "delete"} onNo=${close} onYes=${() => change({ method: "DELETE" }, `${nameOf(item)} is deleted`)} />`;
}

function Form({ item, onSave, onCancel }) {
  const [fields, setFields] = useState(() => [[TITLE, item.title], ...Object.entries(item.attributes)].map(([name, x]) => ({ name, text: written(x), known: true })));
  const set = (place, part) => setFields(fields.map((field, at) => (at === place ? { ...field, ...part } : field)));
  const body = changesOf(fields, item);
  const save = (event) => {
    event.preventDefault();
    onSave(body);
  };
  return html`<form class="edit" aria-label="Edit the record" onSubmit=${save}>
    <p class="quiet">An empty field removes the value; a list has one value a line. What is searched by meaning follows with the next training.</p>
    ${fields.map((field, place) => html`<div class="field" key=${place}>
      ${field.known ? html`<label for=${`edit-${place}`}>${field.name}</label>` : html`<input aria-label="Name of the value" placeholder="name" value=${field.name} onInput=${(event) => set(place, { name: event.target.value })} />`}
      <textarea id=${`edit-${place}`} dir="auto" rows=${Math.min(MOST_ROWS, Math.max(field.text.split("\n").length, Math.ceil(field.text.length / ROW)))} aria-label=${field.known ? null : "Value"} value=${field.text} onInput=${(event) => set(place, { text: event.target.value })}></textarea>
    </div>`)}
    <div class="row">
      <button type="button" class="link" onClick=${() => setFields([...fields, { name: "", text: "", known: false }])}>Add a value</button>
      <span class="grow"></span>
      <button type="button" onClick=${onCancel}>Cancel</button><button type="submit" class="primary" disabled=${!Object.keys(body).length}>Save</button>
    </div>
  </form>`;
}

const Deletion = ({ item, open, onYes, onNo }) => html`<${Dialog} open=${open} title="delete-title" onClose=${onNo}>
  <h2 id="delete-title">Delete ${nameOf(item)}?</h2>
  <p>It is in no list from now on and in no later model, until its record is set again. To leave it out for the moment, hide it.</p>
  <div class="row end"><button type="button" onClick=${onNo}>Cancel</button><button type="button" class="danger" onClick=${onYes}>Delete</button></div>
<//>`;
