/** What a list would be without an item of the history: the button at the item, and the chips that take it back. */
import { html } from "../vendor/preact.js";
import { withId } from "../core/api.js";
import { useAnswer } from "../core/hooks.js";
import { nameOf } from "./items.js";

/** Return `without` with the id added, or without it if it is there. */
export const toggledWithout = (without, id) => (without.includes(id) ? without.filter((one) => one !== id) : [...without, id]);

/** A button that takes an item of the history out of what a list is made from, or back. The focus stays in the card if the button goes. */
export function WithoutButton({ item, out = false, toggle }) {
  const press = (event) => {
    event.currentTarget.closest(".card")?.querySelector(".why-button")?.focus({ preventScroll: true });
    toggle(item.item_id);
  };
  const name = nameOf(item);
  return html`<button type="button" class="link without-it" aria-label=${out ? `Take ${name} back` : `Without ${name}`} title=${out ? "counts again" : "the list as if the history did not have it"} onClick=${press}>${out ? "take back" : "without it"}</button>`;
}

/** A chip for each item that is taken out. `titles` are titles by id, as far as they are known. */
export function WithoutChips({ without, titles, change }) {
  if (!without.length) return null;
  const set = (next) => change({ without: next }, { push: true });
  return html`<ul class="chips without-chips" aria-label="Items of the history that do not count">
    ${without.map((id) => html`<${Chip} key=${id} id=${id} known=${titles?.get(id)} remove=${() => set(toggledWithout(without, id))} />`)}
    ${without.length > 1 ? html`<li class="plain-chip"><button type="button" class="link" onClick=${() => set([])}>Take all back</button></li>` : null}</ul>`;
}

function Chip({ id, known, remove }) {
  const { data } = useAnswer(known === undefined ? { path: withId("/items", id) } : null);
  const name = nameOf({ item_id: id, title: known ?? data?.title });
  return html`<li><span class="clip-1" title=${name}>Without: <b dir="auto">${name}</b></span><button type="button" class="take-back" aria-label=${`Take ${name} back`} onClick=${remove}>×</button></li>`;
}
