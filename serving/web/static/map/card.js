/** Cards of items on the map: one that follows the pointer, and one that stays open. */
import { html, useEffect, useRef } from "../vendor/preact.js";
import { withId } from "../core/api.js";
import { plural, value } from "../core/format.js";
import { useAnswer, useDebounced } from "../core/hooks.js";
import { itemHref, nameOf } from "../parts/items.js";
import { Dot } from "./legend.js";

const MOST_ATTRIBUTES = 6;
const HOVER_MS = 120;

/** Return the answer of GET /items/<id> once the pointer rests; null until then. */
export function useItem(id, ms = 0) {
  const late = useDebounced(id, ms);
  const answer = useAnswer(late && late === id ? { path: withId("/items", id) } : null);
  return answer.data?.item_id === id ? { ...answer, loading: false } : { ...answer, data: null };
}

function Record({ record, group, color }) {
  const attributes = Object.entries(record?.attributes || {}).slice(0, MOST_ATTRIBUTES);
  return html`
    ${group ? html`<p class="map-group">${color ? html`<${Dot} color=${color} />` : null}${group}</p>` : null}
    ${attributes.length ? html`<dl>${attributes.map(([name, x]) => html`<dt key=${name}>${name}</dt><dd key=${`${name}=`}
      dir="auto">${value(x)}</dd>`)}</dl>` : null}
    ${record?.n_users !== undefined ? html`<p class="quiet">${plural(record.n_users, "user")}</p>` : null}`;
}

/** The card of the point under the pointer. `item` is {item_id, title, group, color}. */
export function HoverCard({ item, box }) {
  const { data } = useItem(item.item_id, HOVER_MS);
  return html`<div class="map-card" ref=${box} aria-hidden="true"><p class="title" dir="auto">${nameOf(item)}</p><${Record} record=${data}
    group=${item.group} color=${item.color} /></div>`;
}

/** The card that stays open; `answer` is that of useItem, `placed` whether the map has a place of the item. */
export function ItemCard({ item, answer, placed, box, close, focused }) {
  const button = useRef(null);
  const { data, error, loading } = answer;
  useEffect(() => {
    if (focused) button.current.focus();
  }, [item.item_id]);
  const title = nameOf({ ...item, title: item.title || data?.title });
  const escape = (event) => {
    if (event.key === "Escape") close();
  };
  return html`<div class="map-card open" role="dialog" aria-label=${title} ref=${box} onKeyDown=${escape}>
    <div class="row head-row"><a class="title grow" dir="auto" href=${itemHref(item.item_id)} title=${title}>${title}</a><button type="button" class="icon"
      aria-label="Close the card" ref=${button} onClick=${close}>×</button></div>
    ${title === item.item_id ? null : html`<p class="quiet"><code>${item.item_id}</code></p>`}
    <${Record} record=${data} group=${item.group || data?.cluster?.name} color=${item.color} />
    ${loading ? html`<p class="quiet">Loading…</p>` : null}
    ${error && !data ? html`<p class="quiet">${error.status === 404 ? "The model does not have this item." : error.message}</p>` : null}
    ${data && !placed ? html`<p class="quiet">This item has no place on the map: the model has no data of it.</p>` : null}
    <p><a href=${itemHref(item.item_id)}>All about this item</a></p>
  </div>`;
}
