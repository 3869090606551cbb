/** Why a list of a user has an item, or why it does not: the answer of GET /why in sentences. */
import { html } from "../vendor/preact.js";
import { asParams } from "../core/filters.js";
import { ago, moment, plural, value, whole } from "../core/format.js";
import { useAnswer, useDebounced } from "../core/hooks.js";
import { longest } from "../core/lists.js";
import { UserField } from "../parts/combobox.js";
import { Facets, LeftOut, Slider, Switch } from "../parts/controls.js";
import { Arithmetic, Because, Legend, ScoreBar, itemHref, userHref, nameOf } from "../parts/items.js";
import { Answered, Notices } from "../parts/states.js";
import { WithoutChips, toggledWithout } from "../parts/without.js";

const OPTIONS = { k: 10, diversity: 0, popularity_penalty: 0, content_weight: 1, include_seen: false, filter: [], exclude: [], without: [] };
export const LIST_STATE = { user: "", ...OPTIONS };
const TYPING_MS = 60;
const MOST_EVENTS = 3;

/** Return the options of a list that differ from their defaults, as parameters. */
function asked({ filter, exclude, without, ...state }) {
  const numbers = Object.keys(OPTIONS).filter((name) => !Array.isArray(OPTIONS[name]) && state[name] !== OPTIONS[name]);
  return { ...Object.fromEntries(numbers.map((name) => [name, state[name]])), filter: asParams(filter), exclude: exclude.join(","), without: without.join(",") };
}

export function Why({ item, state, change, turn }) {
  const { user } = state;
  const late = useDebounced(state, TYPING_MS);
  return html`<section class="panel why" aria-label="Why, or why not">
    <h2>Why, or why not?</h2>
    <p class="quiet">Whether the list of a user has this item, and what keeps it out.</p>
    <${UserField} label="User" hideLabel=${true} onTake=${({ id }) => change({ user: id, without: [] }, { push: true })} />
    ${user ? html`<${Placement} key=${`${turn} ${user}`} item=${item} state=${late.user === user ? late : state} change=${change} />` : null}
  </section>`;
}

function Placement({ item, state, change }) {
  const { user } = state;
  const answer = useAnswer({ path: "/why", params: { user_id: user, item_id: item.item_id, ...asked(state) } });
  return html`
    <p class="who">User <a href=${listHref(state)}><code>${user}</code></a> <button type="button" class="link" onClick=${() => change({ user: "", without: [] }, { push: true })}>clear</button></p>
    <${LeftOut} filters=${state.filter} />
    <${WithoutChips} without=${state.without} change=${change} />
    <${Answered} answer=${answer} rows=${3}>${(data) => html`
      <${Notices} answer=${data} subject=${`user ${user}`} />
      <p class=${data.listed ? "verdict in" : "verdict"}>${verdict(data)}</p>
      ${told(data).length ? html`<ul class="reasons">${told(data).map((reason, n) => html`<li key=${n}><${Reason} reason=${reason} item=${item} user=${user} alone=${data.rank !== null || data.reasons.length === 1} /></li>`)}</ul>` : null}
      ${data.rank === null && data.rank_without && !data.reasons.some(({ kind }) => kind === "rank") ? html`<p class="quiet">Otherwise it would have rank ${whole(data.rank_without)}.</p>` : null}
      <${Comparison} data=${data} />
      <details><summary>The arithmetic of the score</summary><${Arithmetic} reason=${data.parts} total=${data.score} takeOut=${(id) => change({ without: toggledWithout(state.without, id) }, { push: true })} /></details>
      <p><a href=${listHref(state)}>The list of ${user}</a></p>`}<//>
    <details class="options" open=${JSON.stringify(asked(state)) !== JSON.stringify(asked(OPTIONS))}><summary>Options of the list</summary><${Options} state=${state} change=${change} /></details>`;
}

/** Return the address of the list of a user with the same options. */
function listHref(state) {
  const query = new URLSearchParams();
  for (const name of Object.keys(OPTIONS)) {
    if (JSON.stringify(state[name]) === JSON.stringify(OPTIONS[name])) continue;
    for (const one of [state[name]].flat()) query.append(name, one);
  }
  return userHref(state.user) + (query.size ? `?${query}` : "");
}

/** Return the reasons that the verdict does not give already. */
const told = ({ reasons, rank }) => (reasons.length === 1 && rank !== null ? reasons.filter(({ kind }) => kind !== "rank") : reasons);

/** Return the answer in one sentence. */
function verdict({ listed, rank, reasons }) {
  if (listed) return `The list has it at rank ${whole(rank)}.`;
  const kept = reasons.filter(({ kind }) => ["seen", "hidden", "unavailable", "excluded", "filtered"].includes(kind));
  if (kept.length) return "The list does not have it.";
  const { k } = reasons.find(({ kind }) => kind === "rank");
  return rank ? `It has rank ${whole(rank)}; the list has ${plural(k, "item")}.` : "The list ends long before it.";
}

const times = ({ events }) => events.slice(0, MOST_EVENTS).map((event) => `${event.event}${event.value === null ? "" : ` ${event.value}`}${event.timestamp === null ? "" : ` (${moment(event.timestamp)})`}`).join(", ");

/** One reason against an item as a sentence. */
function Reason({ reason, item, user, alone }) {
  const by = reason.by;
  switch (reason.kind) {
    case "seen":
      return html`<b>Seen.</b> ${user} ${reason.liked ? "likes it" : "has it, but does not like it"}${reason.at === null ? "" : `, last ${ago(reason.at)}`}. ${reason.weight === null ? "It happened after the training." : `Its weight in the training data is ${reason.weight}.`} ${reason.events.length ? `Events: ${times(reason)}${reason.events.length > MOST_EVENTS ? " and more" : ""}.` : ""}`;
    case "hidden":
      return html`<b>Hidden.</b> It is hidden from the lists of all users.`;
    case "unavailable":
      return html`<b>Not available.</b> No list has it now.`;
    case "excluded":
      return html`<b>Left out.</b> The request leaves it out.`;
    case "filtered":
      return html`<b>Filtered out</b> by <code>${by}</code>: ${filteredBy(by, reason.value)}`;
    case "diversity":
      return html`<b>Diversity.</b> Without it, the item would have rank ${reason.rank}: items before it are too much like it.`;
    case "popularity_penalty":
      return html`<b>Popularity penalty.</b> Without it, the item would have rank ${reason.rank}.`;
    case "rank":
      return html`<b>Score.</b> ${reason.rank === null ? "At least 10,000 items rank before it" : `${alone ? "It has" : "Without the reasons above, it would have"} rank ${whole(reason.rank)}`}; the list has ${plural(reason.k, "item")}.`;
    default:
      return html`<b>${reason.kind}</b> ${item.title}`;
  }
}

function filteredBy(by, found) {
  const name = by.startsWith("cluster=") ? "group" : by.split(/!?[:<>=]/)[0];
  return found === null ? `the item has no ${name}.` : `the item has ${name} ${value(found)}.`;
}

/** The score of the item beside that of the last listed one. */
function Comparison({ data }) {
  const { last } = data;
  const rows = [{ item_id: data.item_id, title: data.title, reason: data.parts, score: data.score, name: "this item" }];
  if (last && last.item_id !== data.item_id) rows.push({ ...last, name: `rank ${last.rank}, the last of the list` });
  const most = longest(rows);
  return html`<div class="comparison">${rows.map((row) => html`<div key=${row.item_id}>
      <p>${row.item_id === data.item_id ? html`<b>${nameOf(row)}</b>` : html`<a href=${itemHref(row.item_id)}>${nameOf(row)}</a>`} <span class="quiet">${row.name}</span></p>
      <${ScoreBar} reason=${row.reason} most=${most} total=${row.score} /></div>`)}
    <${Legend} reasons=${rows.map((row) => row.reason)} /><${Because} reason=${data.parts} /></div>`;
}

function Options({ state, change }) {
  const turn = (name) => (next) => change({ [name]: next });
  return html`
    <${Slider} label="Items" name="k" min=${5} max=${50} step=${5} value=${state.k} onChange=${turn("k")} />
    <${Slider} label="Weight of content" name="content_weight" min=${0} max=${4} step=${0.1} value=${state.content_weight} onChange=${turn("content_weight")} format=${(x) => `×${x}`} />
    <${Slider} label="Diversity" name="diversity" value=${state.diversity} onChange=${turn("diversity")} />
    <${Slider} label="Popularity penalty" name="popularity_penalty" value=${state.popularity_penalty} onChange=${turn("popularity_penalty")} />
    <${Switch} label="Include seen items" name="include_seen" value=${state.include_seen} onChange=${turn("include_seen")} />
    <${Facets} filters=${state.filter} onChange=${(filter) => change({ filter }, { push: true })} />`;
}
