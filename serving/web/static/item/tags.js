/** Suggested values of attributes, with their confidence. */
import { html } from "../vendor/preact.js";
import { withId } from "../core/api.js";
import { percent, plural } from "../core/format.js";
import { useAnswer } from "../core/hooks.js";
import { mayHave, useServedModel } from "../core/model.js";
import { Optional } from "../parts/optional.js";
import { Empty } from "../parts/states.js";
import { nameOf } from "../parts/items.js";

export function Tags({ id }) {
  const { model, settled } = useServedModel();
  const lacks = !mayHave(model, "tagging");
  const answer = useAnswer(settled && !lacks ? { path: withId("/tags", id) } : null);
  if (lacks) return html`<section class="panel" aria-label="Suggested tags"><h2>Suggested tags</h2><p class="quiet">This model suggests none: the items have no attribute whose values repeat often enough.</p></section>`;
  return html`<section class="panel" aria-label="Suggested tags"><h2>Suggested tags</h2>
    <${Optional} answer=${answer} rows=${2}>${({ attributes }) => (attributes.length
      ? html`<div class="tag-groups">${attributes.map((one) => html`<${Attribute} key=${one.attribute} of=${one} />`)}</div>`
      : html`<${Empty} title="No attribute to suggest for">No attribute has values that repeat often enough.<//>`)}<//>
  </section>`;
}

function Attribute({ of }) {
  const { attribute, known, voters, threshold, measured, tags } = of;
  const missing = known.filter((value) => !tags.some((tag) => tag.value === value));
  return html`<div>
    <h3>${attribute}</h3>
    <p class="quiet">by the votes of ${plural(voters, "near item")}; suggested from ${percent(threshold)} on${measured ? `; on held-out items ${percent(measured.precision)} of the suggestions were right` : ""}</p>
    ${tags.length ? html`<table class="tags"><caption class="visually-hidden">Values of ${attribute}</caption>
      <thead class="visually-hidden"><tr><th scope="col">Value</th><th scope="col">Confidence</th><th scope="col">Share</th><th scope="col">Catalog</th></tr></thead>
      <tbody>${tags.map((tag) => html`<${Tag} key=${tag.value} tag=${tag} has=${known.includes(tag.value)} />`)}</tbody></table>` : html`<p class="quiet">No near item has a value.</p>`}
    ${missing.length ? html`<p class="quiet">In the catalog without a vote: ${missing.join(", ")}</p>` : null}
  </div>`;
}

function Tag({ tag, has }) {
  const voters = tag.neighbours.map(nameOf).join(", ");
  const word = has ? "has it" : tag.suggested ? "suggested" : "";
  return html`<tr title=${`${plural(tag.votes, "vote")}: ${voters}`}><th scope="row" dir="auto">${tag.value}</th>
    <td class="bar-cell"><span class="track"><span class=${tag.suggested ? "part behavior" : "part weak"} style=${{ width: percent(tag.confidence, 1) }}></span></span></td>
    <td class="n">${percent(tag.confidence)}</td>
    <td>${word ? html`<span class=${has ? "badge good" : "badge"}>${word}</span>` : null}</td></tr>`;
}

