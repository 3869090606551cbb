/** The record of an item: title, attributes, group, and its long texts folded. */
import { html } from "../vendor/preact.js";
import { url } from "../core/api.js";
import { percent, value, whole } from "../core/format.js";
import { useAnswer } from "../core/hooks.js";
import { Cover, itemHref, nameOf } from "../parts/items.js";
import { Empty } from "../parts/states.js";

const LONG = 160;
const EXCERPT = 240;
const NEAREST = 8;

/** Return whether a value is a long text. */
const isLong = (x) => typeof x === "string" && x.length > LONG;

export function Record({ item, actions }) {
  const entries = Object.entries(item.attributes);
  const long = entries.filter(([, x]) => isLong(x));
  return html`<section class="panel record" aria-label="Record">
    <${Cover} title=${item.title} id=${item.item_id} attributes=${item.attributes} />
    <div class="body">
      <h2 class="name" dir="auto">${nameOf(item)}</h2>
      <p class="quiet"><code>${item.item_id}</code> ${item.changed ? html`<span class="chip changed" title="the record is new or was changed; vectors are those of the training">changed since the training</span> ` : null}<span title="number of users, those of long ago weighted less">· popularity ${whole(item.popularity)}</span></p>
      <dl class="facts">
        ${entries.filter(([, x]) => !isLong(x)).map(([name, x]) => html`<div key=${name}><dt>${name}</dt><dd>${Array.isArray(x) ? html`<${Values} name=${name} values=${x} />` : value(x)}</dd></div>`)}
        <div><dt>group</dt><dd><${Group} cluster=${item.cluster} /></dd></div>
      </dl>
      ${long.map(([name, x]) => html`<${LongText} key=${name} name=${name} text=${x} />`)}
      <div class="row actions">${actions}</div>
    </div>
  </section>`;
}

const Values = ({ values }) => html`<ul class="chips">${values.map((one) => html`<li key=${one} dir="auto">${one}</li>`)}</ul>`;

function Group({ cluster }) {
  if (!cluster) return html`<span class="quiet">none: the model has no data on this item</span>`;
  return html`<a href=${url(`/ui/groups?group=${cluster.cluster_id}`)}>${cluster.name}</a> <span class="quiet">closeness ${percent(cluster.closeness)}</span>`;
}

function LongText({ name, text }) {
  if (text.length <= EXCERPT) return html`<p class="long"><span class="quiet">${name}</span> <span dir="auto">${text}</span></p>`;
  return html`<details class="long"><summary>${name} <span class="quiet clip" dir="auto">${text.slice(0, EXCERPT)}</span></summary><p dir="auto">${text}</p></details>`;
}

/** The line of a 404, and items with a near id or title. */
export function UnknownItem({ id, error, query }) {
  const found = useAnswer({ path: "/items", params: { q: id, k: NEAREST } });
  const named = [...error.message.matchAll(/'([^']+)'/g)].map(([, one]) => one);
  const meant = error.message.includes("did you mean") ? named.slice(1).filter((one) => one !== id) : [];
  const near = (found.data?.items || []).filter((item) => !meant.includes(item.item_id));
  const links = [...meant.map((one) => ({ item_id: one, title: one })), ...near];
  return html`<${Empty} title="This item is not in the model">${error.message}<//>
    ${links.length ? html`<h2 class="gap">Did you mean</h2><ul class="plain near">${links.map((item) => html`<li key=${item.item_id}><a href=${itemHref(item.item_id, query)}>${nameOf(item)}</a></li>`)}</ul>` : null}`;
}
