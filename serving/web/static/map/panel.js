/** The panel beside the map: results of a search, the outlined items, a user's items, and the items near the center. */
import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { plural, score, whole } from "../core/format.js";
import { Cover, itemHref, nameOf, userHref } from "../parts/items.js";
import { toast } from "../parts/layout.js";
import { Empty, Failed, Notices, Skeleton } from "../parts/states.js";

const FIRST_ITEMS = 100;
const MOST_ITEMS = 1000;

/** A list of items that fly the map to their places. `note(item)` stands at the right; `show(item)` is called for the pressed one. */
export function PointList({ items, show, note = null, chosen = "", most = FIRST_ITEMS, ordered = false, of = "items" }) {
  const [all, setAll] = useState(false);
  const shown = all ? items : items.slice(0, most);
  const rows = shown.map((item) => html`<li key=${item.item_id} class="small-card" data-item=${item.item_id}>
    ${ordered ? html`<span class="rank">${item.rank}</span>` : html`<${Cover} title=${item.title} id=${item.item_id} />`}
    <button type="button" class="link grow clip" dir="auto" aria-current=${item.item_id === chosen ? "true" : undefined}
      title=${`${nameOf(item)}: show on the map`} onClick=${() => show(item)}>${nameOf(item)}</button>
    ${note ? html`<span class="note">${note(item)}</span>` : null}
    <a class="to" href=${itemHref(item.item_id)} aria-label=${`All about ${nameOf(item)}`} title="All about this item">›</a></li>`);
  return html`${ordered ? html`<ol class="small-cards map-list">${rows}</ol>` : html`<ul class="small-cards map-list">${rows}</ul>`}
    ${items.length > most && !all ? html`<${Rest} n=${items.length} most=${most} of=${of} showAll=${() => setAll(true)} />` : null}`;
}

/** What a list leaves out: a button that shows it, or a sentence where that would be too much. */
function Rest({ n, most, of, showAll }) {
  if (n > MOST_ITEMS) return html`<p class="quiet">${whole(n - most)} more ${of} are not listed</p>`;
  return html`<button type="button" class="link" onClick=${showAll}>all ${whole(n)}</button>`;
}

/** The field of a search by meaning and words, and its results. */
export function SearchSection({ q, answer, search, show, chosen, drawn }) {
  const field = useRef(null);
  const submit = (event) => {
    event.preventDefault();
    search(field.current.value.trim());
  };
  useEffect(() => {
    field.current.value = q;
  }, [q]);
  const { data, error, reload, slow } = answer;
  return html`<form class="row nowrap" role="search" onSubmit=${submit}><label class="grow"><span class="visually-hidden">Search by meaning</span><input
    type="search" ref=${field} placeholder="search by meaning" /></label><button>Search</button></form>
    ${!q ? null : error && !data ? html`<${Failed} error=${error} reload=${reload} />` : !data ? html`<${Skeleton} rows=${3} slow=${slow} />` : html`
      <div class="row list-head"><h2 class="grow">${plural(data.items.length, "result")}</h2><button type="button" class="link"
        onClick=${() => search("")}>Clear</button></div>
      <${Notices} answer=${data} subject="this text" />
      ${data.items.length ? html`<${PointList} items=${data.items} show=${show} chosen=${chosen} most=${8} ordered=${true}
        note=${(item) => (drawn(item) ? "" : "not drawn")} />` : html`<p class="quiet">No item matches.</p>`}`}`;
}

/** The outlined items: their number, a filter, their ids, most popular first. */
export function SelectionSection({ items, show, chosen, clear }) {
  const [text, setText] = useState("");
  const sought = text.trim().toLowerCase();
  const found = sought ? items.filter((item) => `${item.title}\n${item.item_id}`.toLowerCase().includes(sought)) : items;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(found.map((item) => item.item_id).join("\n"));
      toast(`Copied ${plural(found.length, "id")}`);
    } catch {
      toast("The browser does not allow copying");
    }
  };
  return html`<section aria-label="Outlined items" class="map-selection">
    <div class="row list-head"><h2 class="grow">${plural(items.length, "outlined item")}</h2><button type="button" class="link"
      onClick=${clear}>Clear</button></div>
    ${items.length ? html`
      <div class="row nowrap"><input type="search" class="grow" aria-label="Filter the outlined items" placeholder="filter by title or id" value=${text}
        onInput=${(event) => setText(event.target.value)} /><button type="button" class="whole" onClick=${copy}>Copy ids</button></div>
      ${sought ? html`<p class="quiet" role="status">${plural(found.length, "item")} with this text</p>` : null}
      <${PointList} items=${found} show=${show} chosen=${chosen} />` : html`<p class="quiet">No point lies within this outline.</p>`}
  </section>`;
}

/** A user's recommendations and history over the map. */
export function UserSection({ user, profile, list, show, chosen, drawn, remove }) {
  const missing = (item) => (drawn(item) ? null : "not drawn");
  return html`<section aria-label="User">
    <div class="row list-head"><h2 class="grow clip">User <a href=${userHref(user)}>${user}</a></h2><button type="button" class="link"
      onClick=${remove}>Remove</button></div>
    ${list.error && !list.data ? html`<${Failed} error=${list.error}
      reload=${list.reload} />` : !list.data ? html`<${Skeleton} rows=${3} slow=${list.slow} />` : html`
      <${Notices} answer=${list.data} />
      <h3><i class="star" aria-hidden="true">★</i> ${plural(list.data.items.length, "recommendation")}</h3>
      <${PointList} items=${list.data.items} show=${show} chosen=${chosen} ordered=${true} note=${(item) => missing(item) || score(item.score)} />`}
    ${profile.error?.status === 404 ? html`<p class="quiet">${profile.error.message}</p>` : profile.error && !profile.data ? html`<p
      class="quiet">No history: ${profile.error.message}</p>` : !profile.data ? null : html`
      <h3><i class="ring" aria-hidden="true"></i> History: ${plural(profile.data.n_liked, "liked item")}</h3>
      <${PointList} items=${profile.data.history} show=${show} chosen=${chosen} most=${8} note=${(item) => missing(item) || `weight ${item.weight}`} />`}
  </section>`;
}

/** The items near the center of the map: what the pointer finds, for the keyboard. */
export function NearSection({ items, show, chosen, select }) {
  if (!items.length) return html`<section><h2>Near the center</h2><${Empty} title="No item in sight">Zoom out or press 0 to see the whole map.<//></section>`;
  return html`<section aria-label="Items near the center">
    <div class="row list-head"><h2 class="grow">Near the center</h2><button type="button" class="link" onClick=${select}>List all in sight</button></div>
    <${PointList} items=${items} show=${show} chosen=${chosen} /></section>`;
}
