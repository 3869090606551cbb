/** Unusual items and users, with the evidence. */
import { html } from "../vendor/preact.js";
import { score, whole } from "../core/format.js";
import { useAnswer } from "../core/hooks.js";
import { useUrlState } from "../core/url_state.js";
import { Slider } from "../parts/controls.js";
import { itemHref, nameOf as nameOfItem, userHref } from "../parts/items.js";
import { Answered, Empty, NeedsKey } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { Tabs } from "../parts/tabs.js";

const TABS = [
  ["items", "Items"],
  ["users", "Users"],
];
const KINDS = {
  choice: "choice of items", volume: "number of items", pace: "pace", push: "pushed", nuke: "attacked", together: "coordinated", burst: "burst",
  disagreement: "content and behavior disagree", duplicate: "duplicate",
};
const MOST = 100;

export default function AnomaliesView() {
  const [state, change] = useUrlState({ kind: "items", min_score: 0, one: "" });
  const answer = useAnswer({ path: "/anomalies", params: { kind: state.kind, k: MOST, min_score: state.min_score || null } });
  const failed = answer.error && !answer.error.passing ? answer.error : null;
  return html`<div class="head"><h1>Anomalies</h1></div>
    <${Tabs} label="Anomalies" tabs=${TABS} current=${state.kind} onChange=${(kind) => change({ kind, one: "" }, { push: true })}>
    ${failed?.status === 403
      ? html`<${NeedsKey} title="For admins only">${state.kind === "users" ? "This list names users." : "The evidence names users."} Use a key of scope admin to see it.<//>`
      : failed?.status === 409
        ? html`<${Empty} title="This model was not searched for anomalies">${failed.message}<//>`
        : html`<${Answered} answer=${answer} rows=${8}>${(data) => (data.kind === state.kind ? html`<${Found} data=${data} state=${state} change=${change} />` : null)}<//>`}<//>`;
}

const idOf = (one) => one.item_id ?? one.user_id;
const nameOf = (one) => nameOfItem({ item_id: idOf(one), title: one.title });
const strongest = (one) => one.evidence[0];

const COLUMNS = [
  { name: "name", title: "Name", of: nameOf, show: (one) => html`<a href=${one.item_id === undefined ? userHref(one.user_id) : itemHref(one.item_id)}>${nameOf(one)}</a>${one.suspect ? html` <span class="chip bad">suspect</span>` : null}` },
  { name: "score", title: "Score", number: true, of: (one) => one.score, show: (one) => score(one.score) },
  { name: "kind", title: "Strongest evidence", of: (one) => (strongest(one) ? KINDS[strongest(one).kind] || strongest(one).kind : "") },
  { name: "n", title: "Pieces", number: true, of: (one) => one.evidence.length },
];

function Found({ data, state, change }) {
  const knob = html`<div class="panel knob-row"><${Slider} label="Least score" name="min_score" value=${state.min_score} onChange=${(min_score) => change({ min_score })} format=${(x) => x.toFixed(2)} /></div>`;
  if (!data.anomalies.length) return html`${state.min_score ? knob : null}<${Empty} title="Nothing stands out">${state.min_score ? "No score reaches the threshold." : `The ${state.kind} of this model look usual.`}<//>`;
  const chosen = data.anomalies.find((one) => idOf(one) === state.one) || data.anomalies[0];
  return html`<div class="pair">
    <section>
      ${knob}
      <p class="quiet">${whole(data.total)} found${data.total > data.anomalies.length ? `, the first ${data.anomalies.length} shown` : ""}. ${data.kind === "users" ? html`Users above ${data.suspect_above} are suspects; <code>recsys train --exclude-users</code> leaves users out.` : ""}</p>
      <${Table} caption=${`Unusual ${data.kind}`} columns=${COLUMNS} rows=${data.anomalies} keyOf=${idOf} onRow=${(one) => change({ one: idOf(one) }, { push: true })} current=${idOf(chosen)} />
    </section>
    <section class="panel" aria-live="polite"><div class="row"><h2 class="grow">${nameOf(chosen)}</h2><span class="note">score ${score(chosen.score)}</span></div>
      ${chosen.evidence.map((piece) => html`<${Evidence} key=${piece.kind + piece.sentence} piece=${piece} />`)}
    </section>
  </div>`;
}

/** A piece of evidence: its strength, the sentence of the API, and the numbers in it. */
export function Evidence({ piece }) {
  return html`<article class="evidence"><div class="row"><h3 class="grow">${KINDS[piece.kind] || piece.kind}</h3><span class="weight" style=${{ "--share": piece.strength }} role="img" aria-label=${`strength ${score(piece.strength)}`}></span></div>
    <p>${piece.sentence}${piece.item_id ? html` <a href=${itemHref(piece.item_id)}>${piece.item_id}</a>` : null}</p>
    <details><summary>Numbers</summary><table><tbody>${Object.entries(piece.numbers).map(([name, x]) => html`<tr key=${name}><th scope="row">${name.replaceAll("_", " ")}</th><td class="n">${Number.isInteger(x) ? whole(x) : x.toPrecision(4)}</td></tr>`)}</tbody></table></details></article>`;
}
