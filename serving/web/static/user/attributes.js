/** The attributes of a user, and the form that changes them (scope write). */
import { html, useState } from "../vendor/preact.js";
import { send, withId } from "../core/api.js";
import { value } from "../core/format.js";
import { toast } from "../parts/layout.js";
import { RecordForm } from "../parts/record_form.js";

const NOTE = "An empty field removes the value; a list has one value a line.";

/** Nothing where the service keeps no attributes of users; `changed` is called after a change. */
export function UserAttributes({ user, attributes, changed }) {
  const [open, setOpen] = useState(false);
  if (!attributes) return null;
  const entries = Object.entries(attributes);
  const save = async (changes) => {
    try {
      await send({ method: "PATCH", path: withId("/users", user), body: { attributes: changes } });
      setOpen(false);
      toast("Stored: it counts from the next list on");
      changed();
    } catch (error) {
      toast(`Not changed: ${error.message}`);
    }
  };
  return html`<section class="user-attributes" aria-label="Attributes of the user">
    <div class="row"><h3 class="grow">Attributes</h3>${open ? null : html`<button type="button" class="link" onClick=${() => setOpen(true)}>${entries.length ? "Edit" : "Add"}</button>`}</div>
    ${open ? html`<${RecordForm} label="Edit the attributes" note=${NOTE} values=${attributes} onSave=${save} onCancel=${() => setOpen(false)} />`
      : entries.length ? html`<dl class="facts">${entries.map(([name, x]) => html`<div key=${name}><dt>${name}</dt><dd dir="auto">${value(x)}</dd></div>`)}</dl>`
      : html`<p class="quiet">None are known.</p>`}
  </section>`;
}
