/** Anomalies of an item with their evidence. */
import { html } from "../vendor/preact.js";
import { percent } from "../core/format.js";
import { useAnswer } from "../core/hooks.js";
import { itemHref } from "../parts/items.js";
import { Optional } from "../parts/optional.js";

export function Anomalies({ id }) {
  const answer = useAnswer({ path: "/anomalies", params: { kind: "items", id } });
  return html`<section class="panel" aria-label="Anomalies"><h2>Anomalies</h2>
    <${Optional} answer=${answer} rows=${1}>${({ anomalies }) => {
      const own = anomalies.find((one) => one.item_id === id);
      return own ? html`<${Evidence} anomaly=${own} />` : html`<p class="quiet">Nothing unusual was found at the training.</p>`;
    }}<//>
  </section>`;
}

function Evidence({ anomaly }) {
  return html`<p>Score <b>${percent(anomaly.score)}</b></p>
    <ul class="plain evidence">${anomaly.evidence.map((one, n) => html`<li key=${n}><span class="track"><span class="part behavior" style=${{ width: percent(one.strength, 1) }}></span></span>
      <p>${one.sentence}${one.item_id ? html` <a href=${itemHref(one.item_id)}>Show the other item</a>` : null}</p></li>`)}</ul>`;
}
