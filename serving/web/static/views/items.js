/** An item: its record, similar items, suggested tags, anomalies, and why a list has it or not. */
import { html, useState } from "../vendor/preact.js";
import { send, url, withId } from "../core/api.js";
import { whole } from "../core/format.js";
import { useAnswer } from "../core/hooks.js";
import { useUrlState } from "../core/url_state.js";
import { Anomalies } from "../item/anomalies.js";
import { Edit } from "../item/edit.js";
import { NewItem } from "../item/new.js";
import { Place } from "../item/place.js";
import { Record, UnknownItem } from "../item/record.js";
import { Similar } from "../item/similar.js";
import { Tags } from "../item/tags.js";
import { LIST_STATE, Why } from "../item/why.js";
import { ItemField } from "../parts/combobox.js";
import { Attributes, Cover, Title, itemHref, nameOf } from "../parts/items.js";
import { toast } from "../parts/layout.js";
import { Answered, Empty } from "../parts/states.js";

const SHOWN_POPULAR = 24;

export default function ItemView({ thing }) {
  const [state, change] = useUrlState(LIST_STATE);
  const [adding, setAdding] = useState(false);
  const query = state.user ? `?user=${encodeURIComponent(state.user)}` : "";
  return html`
    <div class="head">
      <h1>${thing ? "Item" : "Items"}</h1>
      <div class="row finders"><${ItemField} label="Find an item" hideLabel=${true} onTake=${({ id }) => location.assign(itemHref(id, query))} />
        ${thing ? null : html`<button type="button" aria-expanded=${adding} onClick=${() => setAdding(!adding)} title="stores an item that the model does not have (scope admin)">New item</button>`}</div>
    </div>
    ${adding ? html`<${NewItem} onCancel=${() => setAdding(false)} />` : null}
    ${thing ? html`<${Item} id=${thing} state=${state} change=${change} query=${query} />` : html`<${Popular} query=${query} />`}`;
}

/** The popular items, for a start. */
function Popular({ query }) {
  const answer = useAnswer({ path: "/popular", params: { k: SHOWN_POPULAR, attributes: true } });
  return html`<h2>Popular items</h2>
    <${Answered} answer=${answer} rows=${6}>${({ items }) => (items.length
      ? html`<ul class="plain tiles">${items.map((item) => html`<${Tile} key=${item.item_id} item=${item} query=${query} />`)}</ul>`
      : html`<${Empty} title="No items">All items are hidden, or the model has none.<//>`)}<//>`;
}

function Tile({ item, query }) {
  return html`<li class="tile"><${Cover} title=${item.title} id=${item.item_id} attributes=${item.attributes} />
    <div class="body"><${Title} item=${item} query=${query} /><${Attributes} attributes=${item.attributes} /><p class="quiet">popularity ${whole(item.score)}</p></div></li>`;
}

function Item({ id, state, change, query }) {
  const record = useAnswer({ path: withId("/items", id) });
  const [changes, setChanges] = useState(0); // of what is hidden: asks why anew
  const changed = () => {
    setChanges((n) => n + 1);
    record.reload();
  };
  if (record.error?.status === 404) return html`<${UnknownItem} id=${id} error=${record.error} query=${query} />`;
  return html`<${Answered} answer=${record} rows=${4}>${(item) => html`
    <div class="item-page">
      <${Record} item=${item} actions=${html`<${Visibility} item=${item} changed=${changed} /><${Edit} key=${changes} item=${item} changed=${changed} />`} />
      <div class="item-side">
        <${Why} item=${item} state=${state} change=${change} turn=${changes} />
        <${Place} item=${item} />
        <${Tags} id=${id} />
        <${Anomalies} id=${id} />
      </div>
      <${Similar} id=${id} query=${query} />
    </div>`}<//>`;
}

/** Buttons that hide an item from the lists of all users or show it again (scope admin); both where the service cannot say which. */
function Visibility({ item, changed }) {
  const name = nameOf(item);
  const path = `${withId("/items", item.item_id)}/hidden`;
  const set = async (method, undo = true) => {
    const hide = method === "PUT";
    try {
      await send({ method, path });
      changed();
      toast(hide ? `${name} is hidden from all lists` : `${name} can be listed again`, undo ? () => set(hide ? "DELETE" : "PUT", false) : null);
    } catch (error) {
      toast(`Not changed: ${error.message}`);
    }
  };
  return html`<a class="button" href=${url(`/ui/map?item=${encodeURIComponent(item.item_id)}`)}>On the map</a>
    ${item.hidden ? html`<span class="chip bad">hidden from all lists</span>` : html`<button type="button" onClick=${() => set("PUT")} title="from the lists of all users (scope admin)">Hide from all lists</button>`}
    ${item.hidden === false ? null : html`<button type="button" onClick=${() => set("DELETE")} title="takes back the hiding (scope admin)">Show again</button>`}`;
}
