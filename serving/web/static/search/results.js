/** The results of a search for a text. */
import { html } from "../vendor/preact.js";
import { asParams } from "../core/filters.js";
import { percent, plural, score, whole } from "../core/format.js";
import { useAnswer } from "../core/hooks.js";
import { LeftOut } from "../parts/controls.js";
import { Attributes, Cover, Title } from "../parts/items.js";
import { Optional } from "../parts/optional.js";
import { Empty, Notices } from "../parts/states.js";

const MORE = 20;
const MOST = 200;
const SHOWN_GROUPS = 8;
const SAID = { hybrid: "meaning and words", semantic: "meaning", keyword: "words", picture: "pictures" };

/** Return the parameters that every search has. */
export const common = ({ user, filter, k }) => ({ user_id: user, filter: asParams(filter), k });

export function TextResults({ state, change }) {
  const { q, mode } = state;
  const answer = useAnswer(q ? { path: "/search", params: { q, mode: mode === "hybrid" ? null : mode, attributes: true, ...common(state) } } : null);
  if (!q) return html`<${Start} change=${change} />`;
  return html`<${LeftOut} filters=${state.filter} from="a search" /><${Optional} answer=${answer} rows=${6} missing=${`No search by ${SAID[mode]}`}>${(data) => html`<${Results} data=${data} ms=${answer.ms} state=${state} change=${change}>
    ${data.mode === mode ? null : html`<p class="notice">This is a search by ${SAID[data.mode]}${data.degraded ? "" : ": this model has no other"}.</p>`}<//>`}<//>`;
}

/** Before the first search: groups of the items as a start. */
function Start({ change }) {
  const { data } = useAnswer({ path: "/clusters", params: {} });
  const groups = (data?.clusters || []).slice(0, SHOWN_GROUPS);
  return html`<div class="state"><h3>Search by meaning</h3><p>Describe what you look for, or drop a picture here. Results follow as you type.</p>
    ${groups.length ? html`<ul class="chips starts" aria-label="Groups of items as a start">${groups.map(({ cluster_id: id, name }) => html`<li key=${id}><button type="button" class="link" onClick=${() => change({ q: name }, { push: true })}>${name}</button></li>`)}</ul>` : null}</div>`;
}

/** A list of results, and the way to more of them. */
export function Results({ data, ms, state, change, children }) {
  const { items } = data;
  const query = state.user ? `?user=${encodeURIComponent(state.user)}` : "";
  if (!items.length) return html`${children}<${Empty} title="No result">No item matches. Try other words, search by meaning, or remove filters.<//>`;
  return html`
    <${Notices} answer=${data} />${children}
    <p class="quiet">${plural(items.length, "result")}${data.next_offset === null ? "" : ", best first"} · ${whole(Math.round(ms))} ms</p>
    <ol class="cards">${items.map((item) => html`<${Result} key=${item.item_id} item=${item} most=${Math.max(items[0].score, 0)} query=${query} />`)}</ol>
    ${data.next_offset !== null && state.k < MOST ? html`<p class="more"><button type="button" onClick=${() => change({ k: state.k + MORE })}>${MORE} more</button></p>` : null}`;
}

function Result({ item, most, query }) {
  return html`<li class="card" data-item=${item.item_id}>
    <div class="place"><span class="rank">${item.rank}</span></div>
    <${Cover} title=${item.title} id=${item.item_id} attributes=${item.attributes} />
    <div class="body"><${Title} item=${item} query=${query} /><${Attributes} attributes=${item.attributes} />
      <div class="score"><span class="track"><span class="part blended" style=${{ width: percent(Math.min(1, Math.max(0, item.score / (most || 1))), 1) }}></span></span><span class="number">${score(item.score)}</span></div></div>
  </li>`;
}
