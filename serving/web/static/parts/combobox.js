/** A text field with suggestions (the combobox pattern of ARIA): arrows choose, Enter takes, Escape closes. */
import { html, useRef, useState } from "../vendor/preact.js";
import { useAnswer, useDebounced } from "../core/hooks.js";

const TYPING_MS = 100;
let fields = 0;

/**
 * `request(text)` returns the request of the suggestions, null for none; `options(data)` their [{id, text, note}].
 * `onTake(option)` gets the taken one; Enter without suggestions gives {id: text}, unless `known` is true.
 */
export function Combobox({ label, placeholder = "", request, options, onTake, known = false, hideLabel = false, autofocus = false }) {
  const id = useRef(null);
  id.current ||= `field-${++fields}`;
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const late = useDebounced(text, TYPING_MS);
  const { data, error, loading } = useAnswer(open ? request(late) : null);
  const found = data ? options(data) : [];
  const fresh = late === text && !loading; // otherwise the options are those of an older text, and no key takes one
  const take = (option) => {
    setText("");
    setOpen(false);
    setActive(-1);
    onTake(option);
  };
  const key = (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      if (!fresh) return;
      const step = event.key === "ArrowDown" ? 1 : -1;
      setActive(found.length ? (active + step + found.length) % found.length : -1);
    } else if (event.key === "Escape") {
      setOpen(false);
      setActive(-1);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (fresh && found[active]) take(found[active]);
      else if (fresh && text && found.length && known) take(found[0]);
      else if (text && !known) take(found.find((one) => one.id === text) || { id: text, text });
    }
  };
  const list = `${id.current}-list`;
  const shown = open && (found.length > 0 || (late && !loading));
  return html`<div class="combobox">
    <label for=${id.current} class=${hideLabel ? "visually-hidden" : ""}>${label}</label>
    <input id=${id.current} type="text" role="combobox" autocomplete="off" spellcheck=${false} placeholder=${placeholder} autofocus=${autofocus}
      aria-expanded=${shown} aria-controls=${list} aria-autocomplete="list" aria-activedescendant=${active >= 0 ? `${list}-${active}` : undefined}
      value=${text} onInput=${(event) => { setText(event.target.value); setOpen(true); setActive(-1); }}
      onFocus=${() => setOpen(true)} onBlur=${() => setOpen(false)} onKeyDown=${key} />
    <ul id=${list} role="listbox" aria-label=${label} hidden=${!shown}>
      ${found.map((option, n) => html`<li key=${option.id} id=${`${list}-${n}`} role="option" aria-selected=${n === active} onMouseDown=${(event) => { event.preventDefault(); take(option); }}>
        <span class="grow" dir="auto">${option.text || option.id}</span>${option.note ? html`<span class="note">${option.note}</span>` : null}</li>`)}
      ${!found.length && late && !loading ? html`<li class="quiet" role="option" aria-disabled="true" aria-selected="false">${!error ? "no match" : error.status === 403 && !known ? "no suggestions with this key; Enter takes the id" : error.message}</li>` : null}
    </ul>
  </div>`;
}

/** A field that finds items by title or id. */
export function ItemField({ label = "Find an item", onTake, ...rest }) {
  return html`<${Combobox} label=${label} placeholder="title or id" known=${true} onTake=${onTake} ...${rest}
    request=${(text) => ({ path: "/items", params: { q: text, k: 8 } })}
    options=${(data) => data.items.map(({ item_id: id, title }) => ({ id, text: title.trim() ? title : id, note: title.trim() ? id : "" }))} />`;
}

/** A field that finds users by the beginning of their id; Enter takes any id, as not every key may list users. */
export function UserField({ label = "Find a user", onTake, ...rest }) {
  return html`<${Combobox} label=${label} placeholder="user id" onTake=${onTake} ...${rest}
    request=${(text) => ({ path: "/users", params: { q: text, k: 8 } })}
    options=${(data) => data.users.map(({ user_id: id, n_liked: n }) => ({ id, text: id, note: `${n} liked` }))} />`;
}
