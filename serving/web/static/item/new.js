/** The form of a new item: its id and its record, which is stored at once. */
import { html, useState } from "../vendor/preact.js";
import { fitsPath, send, withId } from "../core/api.js";
import { itemHref } from "../parts/items.js";
import { toast } from "../parts/layout.js";
import { RecordForm } from "../parts/record_form.js";

const TEXTS = { title: "", description: "" };
const NAMES = ["genres"];
const NOTE = "A list has one value a line. The item is stored on every worker within a second, and later trainings learn from it.";

/** Return whether there is an item; throws ApiError when the service cannot say so. */
async function isKnown(path) {
  try {
    await send({ path });
    return true;
  } catch (error) {
    if (error.status === 404) return false;
    throw error;
  }
}

/** The form, or what became of the item; `onCancel` closes it. */
export function NewItem({ onCancel }) {
  const [id, setId] = useState("");
  const [stored, setStored] = useState(null);
  const [taken, setTaken] = useState("");
  const save = async (values) => {
    const path = withId("/items", id);
    try {
      if (await isKnown(path)) return setTaken(id);
      const body = Object.fromEntries(Object.entries(values).filter(([, x]) => x !== null));
      const answer = await send({ method: "PUT", path, body });
      if (answer.searchable) return location.assign(itemHref(id));
      return setStored({ item_id: id, title: values.title });
    } catch (error) {
      return toast(`Not stored: ${error.message}`);
    }
  };
  if (stored) return html`<${Stored} item=${stored} />`;
  return html`<section class="panel new-item" aria-label="New item"><h2>New item</h2>
    <${RecordForm} label="Record of the new item" note=${NOTE} values=${TEXTS} names=${NAMES} ready=${id && fitsPath(id)} onSave=${save} onCancel=${onCancel}>
      <div class="field"><label for="new-id">id</label><div><input id="new-id" required autocomplete="off" spellcheck="false" value=${id} aria-describedby=${taken && taken === id ? "taken" : null} onInput=${(event) => setId(event.target.value)} />
        ${taken && taken === id ? html`<p id="taken" class="notice warn" role="alert">There is an item with this id. <a href=${itemHref(id)}>Edit its record</a></p>` : null}</div></div>
    <//></section>`;
}

const Stored = ({ item }) => html`<p class="notice warn" role="status"><b dir="auto">${item.title || item.item_id}</b> is stored. It is in lists and found by meaning once its text is encoded and it is available. <a href=${itemHref(item.item_id)}>Open the item</a></p>`;
