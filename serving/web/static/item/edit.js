/** The form that changes the record of an item, and the dialog that deletes it. */
import { html, useState } from "../vendor/preact.js";
import { send, withId } from "../core/api.js";
import { Dialog } from "../parts/dialog.js";
import { nameOf } from "../parts/items.js";
import { toast } from "../parts/layout.js";
import { RecordForm } from "../parts/record_form.js";

const NOTE = "An empty field removes the value; a list has one value a line. What is searched by meaning follows with the next training.";

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
    ${open === "form" ? html`<${RecordForm} label="Edit the record" note=${NOTE} values=${{ title: item.title, ...item.attributes }} onCancel=${close} onSave=${(body) => change({ method: "PATCH", body }, "Changed on every worker within a second, and in later trainings")} />` : null}
    <${Deletion} item=${item} open=${open === "delete"} onNo=${close} onYes=${() => change({ method: "DELETE" }, `${nameOf(item)} is deleted`)} />`;
}

const Deletion = ({ item, open, onYes, onNo }) => html`<${Dialog} open=${open} title="delete-title" onClose=${onNo}>
  <h2 id="delete-title">Delete ${nameOf(item)}?</h2>
  <p>It is in no list from now on and in no later model, until its record is set again. To leave it out for the moment, hide it.</p>
  <div class="row end"><button type="button" onClick=${onNo}>Cancel</button><button type="button" class="danger" onClick=${onYes}>Delete</button></div>
<//>`;
