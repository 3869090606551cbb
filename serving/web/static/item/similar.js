/** Similar items by behavior, by text and blended beside each other. */
import { html, useState } from "../vendor/preact.js";
import { withId } from "../core/api.js";
import { percent, score } from "../core/format.js";
import { useAnswer } from "../core/hooks.js";
import { Attributes, Cover, Title } from "../parts/items.js";
import { Optional } from "../parts/optional.js";
import { Empty } from "../parts/states.js";

const K = 10;
const COLUMNS = [
  ["blended", "Blended", "behavior and text together"],
  ["behavior", "By behavior", "users with both items"],
  ["content", "By text", "similar texts"],
];

export function Similar({ id, query }) {
  const [lit, setLit] = useState(null);
  const answers = COLUMNS.map(([by]) => useAnswer({ path: withId("/similar", id), params: { by, k: K, attributes: true } }));
  const ranks = answers.map(({ data }) => new Map((data && !data.fallback ? data.items : []).map((item) => [item.item_id, item.rank])));
  const others = (item, own) => COLUMNS.flatMap(([by], n) => (n !== own && ranks[n].has(item.item_id) ? [`${by === "content" ? "text" : by} ${ranks[n].get(item.item_id)}`] : []));
  return html`<section aria-label="Similar items" class="similar">
    <h2>Similar items</h2>
    <div class="columns" onMouseLeave=${() => setLit(null)}>
      ${COLUMNS.map(([by, title, text], n) => html`<div key=${by} class="panel column">
        <h3>${title}</h3><p class="quiet">${text}</p>
        <${Optional} answer=${answers[n]} rows=${K / 2}>${({ items, fallback }) => (items.length && !fallback
          ? html`<ol class="plain">${items.map((item) => html`<${Row} key=${item.item_id} item=${item} by=${by} most=${items[0].score} also=${others(item, n)} lit=${lit} setLit=${setLit} query=${query} />`)}</ol>`
          : html`<${Empty} title="None">The model has no such data on this item.<//>`)}<//>
      </div>`)}
    </div>
  </section>`;
}

function Row({ item, by, most, also, lit, setLit, query }) {
  const shared = also.length > 0;
  const marked = shared && lit === item.item_id;
  const take = () => setLit(shared ? item.item_id : null);
  return html`<li class=${`near-item${shared ? " shared" : ""}${marked ? " lit" : ""}`} data-item=${item.item_id} onMouseEnter=${take} onFocusCapture=${take}>
    <${Cover} title=${item.title} id=${item.item_id} attributes=${item.attributes} />
    <div class="grow">
      <${Title} item=${item} query=${query} />
      <${Attributes} attributes=${item.attributes} />
      <div class="score" title=${`score ${score(item.score)}`}><span class="track"><span class=${`part ${by}`} style=${{ width: percent(Math.max(0, item.score / (most || 1)), 1) }}></span></span><span class="number">${score(item.score)}</span></div>
      ${shared ? html`<p class="also">also ${also.join(", ")}</p>` : null}
    </div>
  </li>`;
}
