/** A user or a guest: the history, the list with its reasons, and the knobs of the list. */
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { send, url, withId } from "../core/api.js";
import { allPlain, asObjects, asParams } from "../core/filters.js";
import { ago, moment, percent, plural, score, signed } from "../core/format.js";
import { announce, useAnswer, useDebounced, useMedia } from "../core/hooks.js";
import { longest, moved } from "../core/lists.js";
import { useServedModel } from "../core/model.js";
import { useUrlState } from "../core/url_state.js";
import { ItemField, UserField } from "../parts/combobox.js";
import { CopyAs, Facets, LeftOut, Slider, Switch } from "../parts/controls.js";
import { Arithmetic, Card, Legend, SmallCard, itemHref, nameOf, userHref } from "../parts/items.js";
import { toast } from "../parts/layout.js";
import { Answered, Empty, Failed, NeedsKey, Notices, Skeleton } from "../parts/states.js";
import { UserAttributes } from "../user/attributes.js";
import { WithoutButton, WithoutChips, toggledWithout } from "../parts/without.js";

const KNOBS = { k: 10, diversity: 0, popularity_penalty: 0, content_weight: 1, include_seen: false, filter: [], exclude: [], without: [] };
const STATE = { ...KNOBS, guest: false, likes: [] };
const DRAG_MS = 60;
const SHOWN_HISTORY = 12;
const DOUBLE_CLICK_MS = 800;
const TRIED_CAUSES = 2;
const PHONE = "(max-width: 720px)";

export default function UserView({ thing }) {
  const [state, change] = useUrlState(STATE);
  const landing = !thing && !state.guest;
  const first = useAnswer(landing ? { path: "/users", params: { k: 8 } } : null);
  const user = thing || (landing ? first.data?.users[0]?.user_id : "");
  const open = ({ id }) => location.assign(userHref(id));
  return html`
    <div class="head">
      <h1>${state.guest && !thing ? "A guest" : user ? html`User <code>${user}</code>` : "Recommendations for a user"}</h1>
      <div class="row finders">
        <${UserField} label="Find a user" hideLabel=${true} onTake=${open} />
        ${state.guest && !thing ? null : html`<a class="button" href=${url("/ui/users?guest=true")}>Be a guest</a>`}
      </div>
    </div>
    ${landing && !user ? html`<${Landing} first=${first} />` : html`<${Workbench} key=${user} user=${state.guest && !thing ? null : user} state=${state} change=${change} others=${landing ? first.data?.users : null} />`}`;
}

function Landing({ first }) {
  if (first.error?.status === 403) {
    return html`<${NeedsKey} title="Whose list do you want to see?">Enter the id of a user above, or be a guest who picks items by title. (Users can be listed with a key of scope admin only.)<//>`;
  }
  if (first.error) return html`<${Failed} error=${first.error} reload=${first.reload} />`;
  if (first.data && !first.data.users.length) return html`<${Empty} title="This model has no users">Be a guest who picks items by title.<//>`;
  return html`<${Skeleton} rows=${8} slow=${first.slow} />`;
}

/** Return the request of the list: a GET where a query string can say it, otherwise a POST. */
function listRequest(user, state) {
  const { k, diversity, content_weight, include_seen, filter, exclude, likes } = state;
  const without = user ? state.without : []; // a guest takes the like itself away
  const { popularity_penalty } = state;
  const knobs = { k, explain: true, attributes: true };
  if (diversity) knobs.diversity = diversity;
  if (popularity_penalty) knobs.popularity_penalty = popularity_penalty;
  if (content_weight !== 1) knobs.content_weight = content_weight;
  if (include_seen) knobs.include_seen = true;
  if (user && allPlain(filter) && ![...exclude, ...without].some((id) => id.includes(","))) {
    return { path: withId("/recommend", user), params: { ...knobs, filter: asParams(filter), exclude: exclude.join(","), without: without.join(",") } };
  }
  const subject = user ? { user_id: user } : { history: likes };
  const body = { ...subject, ...knobs };
  if (filter.length) body.filters = asObjects(filter);
  if (exclude.length) body.exclude = exclude;
  if (without.length) body.without = without;
  return { method: "POST", path: "/recommend", body };
}

function Workbench({ user, state, change, others }) {
  const request = listRequest(user, useDebounced(state, DRAG_MS));
  const list = useAnswer(request);
  const profile = useAnswer(user ? { path: withId("/users", user) } : null);
  const events = useServedModel().model?.events || null;
  const after = () => {
    list.reload();
    profile.reload();
  };
  const likeGuest = (item) => change({ likes: [...state.likes.filter((id) => id !== item.item_id), item.item_id] }, { push: true });
  const like = user ? (item) => sendLike(user, item, events, list.data?.recommendation_id, after) : likeGuest;
  const leaveOut = (item) => {
    change({ exclude: [...state.exclude, item.item_id] }, { push: true });
    toast(`${nameOf(item)} is left out of this list`, () => change({ exclude: state.exclude }));
  };
  const lasting = Boolean(user && unliked(events));
  const dislike = lasting ? (item) => sendDislike(user, item, events, list.data?.recommendation_id, after) : leaveOut;
  const actions = { like, dislike, hide: (item) => hideItem(item, after), lasting };
  const takeOut = user ? (id) => change({ without: toggledWithout(state.without, id) }, { push: true }) : null;
  const titles = useMemo(() => new Map((profile.data?.history || []).map((item) => [item.item_id, item.title])), [profile.data]);
  return html`<div class="workbench">
    <aside class="history" aria-label="History">${user ? html`<${History} answer=${profile} without=${state.without} takeOut=${takeOut} changed=${after} />` : html`<${GuestHistory} state=${state} change=${change} />`}
      ${others ? html`<h2>Other users</h2><ul class="plain">${others.slice(1).map(({ user_id: id, n_liked: n }) => html`<li key=${id}><a href=${userHref(id)}>${id}</a> <span class="quiet">${plural(n, "item")}</span></li>`)}</ul>` : null}
    </aside>
    <section class="list" aria-label="Recommendations">
      ${!user && !state.likes.length ? html`<${Empty} title="Pick an item that you like">The list follows at once. Without a history it has the popular items.<//>` : null}
      ${user ? html`<${WithoutChips} without=${state.without} titles=${titles} change=${change} />` : null}
      <${Answered} answer=${list} rows=${8}>${(data) => html`<${List} data=${data} user=${user} state=${state} actions=${actions} takeOut=${takeOut} change=${change} />`}<//>
    </section>
    <aside class="knobs" aria-label="Knobs"><${Fold}><${Knobs} state=${state} change=${change} request=${request} /><//></aside>
  </div>`;
}

/** The knobs; on a phone they wait at the foot of the screen until they are opened, with the list above them. */
function Fold({ children }) {
  const phone = useMedia(PHONE);
  return phone ? html`<details class="sheet"><summary>Knobs and filters</summary>${children}</details>` : children;
}

function History({ answer, without, takeOut, changed }) {
  const [all, setAll] = useState(false);
  if (answer.error?.status === 404) {
    return html`<h2>History</h2><${Empty} title="Nothing is known of this user">${answer.error.message}<//>`;
  }
  if (answer.error?.status === 403) return html`<h2>History</h2><${NeedsKey} title="Needs another key">${answer.error.message}<//>`;
  return html`<h2>History</h2><${Answered} answer=${answer} rows=${6}>${(data) => {
    const times = new Map(data.events.map((event) => [event.item_id, event.timestamp]));
    const fresh = new Set(data.events.filter((event) => event.since_training).map((event) => event.item_id));
    const history = [...data.history].sort((a, b) => (times.get(b.item_id) || 0) - (times.get(a.item_id) || 0)); // the received events first
    const shown = all ? history : history.slice(0, SHOWN_HISTORY);
    const heaviest = Math.max(...data.history.map((item) => item.weight), 1e-9);
    return html`
      <p class="quiet">${plural(data.n_liked, "liked item")}${data.n_disliked ? `, ${data.n_disliked} not liked` : ""}${data.segment ? html` · <a href=${url(`/ui/groups?tab=segments&group=${data.segment.segment_id}`)}>${data.segment.name}</a>` : null}</p>
      ${data.preferences.length ? html`<p class="quiet" id="frequent">Often in the history:</p><ul class="chips" aria-labelledby="frequent">${data.preferences.slice(0, 6).map((one) => html`<li key=${one.attribute + one.value} title=${one.attribute}>${one.value} ${percent(one.share)}</li>`)}</ul>` : null}
      <${UserAttributes} user=${data.user_id} attributes=${data.attributes} changed=${changed} />
      ${fresh.size ? html`<p class="quiet">${plural(fresh.size, "item")} with events since the training, marked by <span class="new-mark">new</span></p>` : null}
      <p class="quiet">The bar is the weight of an item: how much it says about the user. Take one out to see what it changes.</p>
      <ul class="small-cards">${shown.map((item) => html`<${Liked} key=${item.item_id} item=${item} heaviest=${heaviest} at=${times.get(item.item_id)} fresh=${fresh.has(item.item_id)} out=${without.includes(item.item_id)} takeOut=${takeOut} />`)}</ul>
      ${data.history.length > SHOWN_HISTORY ? html`<button type="button" class="link" onClick=${() => setAll(!all)}>${all ? "fewer" : `all ${data.history.length}`}</button>` : null}
      ${data.disliked.length ? html`<h3>Not liked</h3><ul class="small-cards">${data.disliked.slice(0, SHOWN_HISTORY).map((item) => html`<${SmallCard} key=${item.item_id} item=${item} />`)}</ul>` : null}`;
  }}<//>`;
}

/** An item of the history: how much it weighs, and the list without it. */
function Liked({ item, heaviest, at, fresh, out, takeOut }) {
  return html`<${SmallCard} item=${item} out=${out} note=${html`<${Weight} item=${item} heaviest=${heaviest} at=${at} /><${WithoutButton} item=${item} out=${out} toggle=${takeOut} />`}>${at ? html`<span class="fresh">${fresh ? html`<span class="new-mark" title="an event since the training">new</span> ` : null}${ago(at)}</span>` : null}<//>`;
}

function Weight({ item, heaviest, at }) {
  const text = `weight ${item.weight}${at ? `, ${moment(at)}` : ""}`;
  return html`<span title=${text} role="img" aria-label=${text}><span class="weight" style=${{ "--share": item.weight / heaviest }}></span></span>`;
}

function GuestHistory({ state, change }) {
  const titles = useRef(new Map());
  const take = ({ id, text }) => {
    titles.current.set(id, text);
    change({ likes: [...state.likes.filter((one) => one !== id), id] }, { push: true });
  };
  return html`<h2>Likes of the guest</h2>
    <${ItemField} label="Add an item by title" onTake=${take} />
    <ul class="small-cards">${state.likes.map((id) => html`<${GuestItem} key=${id} id=${id} remove=${() => change({ likes: state.likes.filter((one) => one !== id) }, { push: true })} />`)}</ul>
    <p class="quiet">Nothing is stored: the likes are part of the address of this page.</p>`;
}

function GuestItem({ id, remove }) {
  const { data } = useAnswer({ path: withId("/items", id) });
  const item = { item_id: id, title: data?.title || id };
  return html`<${SmallCard} item=${item} note=${html`<button type="button" class="icon" aria-label=${`Remove ${item.title}`} onClick=${remove}>×</button>`} />`;
}

function List({ data, user, state, actions, takeOut, change }) {
  const before = useRef(null); // the list before this one
  const now = useRef(data);
  if (now.current !== data) {
    before.current = now.current;
    now.current = data;
  }
  const changes = useMemo(() => before.current && moved(before.current.items, data.items), [data]);
  const most = longest(data.items);
  const cards = useRef(null);
  useFlip(cards, data);
  useEffect(() => {
    if (changes) announce(summary(changes, data.items));
  }, [changes]);
  if (!data.items.length) return html`<${Empty} title="No item is left">All items are seen, hidden, left out or filtered out.<//><${Excluded} state=${state} change=${change} />`;
  return html`
    <${Notices} answer=${data} subject=${user ? "this user" : "this guest"} />
    <div class="row list-head"><h2 class="grow">${plural(data.items.length, "recommendation")}</h2></div>
    <p class="quiet">Ranked by score. The colors of a bar say where the score comes from; open a card for the sum and what would change it.</p>
    <${Legend} long=${true} reasons=${data.items.map((item) => item.reason)} />
    ${changes ? html`<p class="changes" aria-hidden="true">${summary(changes, data.items)}</p>` : null}
    <ol class="cards" ref=${cards}>${data.items.map((item) => html`<${Card} key=${item.item_id} item=${item} most=${most} was=${changes ? changes.was[item.item_id] : null}
      query=${user ? `?user=${encodeURIComponent(user)}` : ""} actions=${html`<${Actions} item=${item} actions=${actions} />`}
      details=${() => html`<${Details} item=${item} user=${user} state=${state} takeOut=${takeOut} change=${change} />`} />`)}</ol>
    ${changes?.gone.length ? html`<h3>Left the list</h3><ul class="small-cards gone">${changes.gone.map((item) => html`<${SmallCard} key=${item.item_id} item=${item} note=${`was ${item.rank}`} />`)}</ul>` : null}
    <${Excluded} state=${state} change=${change} />`;
}

/** How many items are left out, and the way back. */
const Excluded = ({ state: { exclude }, change }) => (exclude.length ? html`<p class="notice">${plural(exclude.length, "item")} left out of this list. <button type="button" class="link" onClick=${() => change({ exclude: [] }, { push: true })}>Take them back</button></p>` : null);

function summary({ was, gone }, items) {
  const count = (test) => items.filter((item) => test(was[item.item_id], item.rank)).length;
  const parts = [
    [count((old, rank) => old && old > rank), "up"],
    [count((old, rank) => old && old < rank), "down"],
    [count((old) => !old), "new"],
    [gone.length, "gone"],
  ].filter(([n]) => n);
  return parts.length ? `Compared with the list before: ${parts.map(([n, text]) => `${n} ${text}`).join(", ")}` : "The list stays the same";
}

/** Let the cards of a list glide from their old places to their new ones. A card that moves keeps the focus. */
function useFlip(list, data) {
  const places = useRef(new Map());
  const focused = list.current?.contains(document.activeElement) ? document.activeElement : null;
  useLayoutEffect(() => {
    if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const next = new Map();
    for (const card of list.current?.children || []) {
      const top = card.offsetTop;
      next.set(card.dataset.item, top);
      const old = places.current.get(card.dataset.item);
      if (!still && old !== undefined && old !== top) {
        card.animate([{ transform: `translateY(${old - top}px)` }, { transform: "none" }], { duration: 260, easing: "ease-out" });
      } else if (!still && old === undefined && places.current.size) {
        card.animate([{ opacity: 0 }, { opacity: 1 }], { duration: 260 });
      }
    }
    places.current = next;
  }, [data]);
}

function Actions({ item, actions }) {
  const name = nameOf(item);
  return html`
    <button type="button" onClick=${() => actions.like(item)} aria-label=${`Like ${name}`}>♥ Like</button>
    <button type="button" onClick=${() => actions.dislike(item)} aria-label=${`Not for me: ${name}`} title=${actions.lasting ? "sent as an event; it can be undone" : "left out of this list; this model has no event for a dislike"}>Not for me</button>
    <button type="button" class="link" onClick=${() => actions.hide(item)} aria-label=${`Hide ${name} from all lists`} title="hides the item from the lists of all users (scope admin)">Hide</button>`;
}

const recent = new Set(); // events of the last moment: a double click is one event

/** Send an event; a refusal is a message, and the list stays. */
async function sendEvent(event, done, text) {
  const same = JSON.stringify([event.user_id, event.item_id, event.event, event.value]);
  if (recent.has(same)) return;
  recent.add(same);
  try {
    const { event_ids: [id] } = await send({ method: "POST", path: "/events", body: event });
    toast(text, () => undoEvent(id, done));
    done();
  } catch (error) {
    toast(`Not stored: ${error.message}`);
  }
  setTimeout(() => recent.delete(same), DOUBLE_CLICK_MS);
}

/** Take a stored event back; the list is then as if it had never come. */
async function undoEvent(id, done) {
  try {
    await send({ method: "DELETE", path: withId("/events", id) });
    done();
  } catch (error) {
    toast(`Not undone: ${error.message}`);
  }
}

function sendLike(user, item, events, list, done) {
  const strongest = Object.entries(events?.weights || {}).sort(([, a], [, b]) => b - a)[0]?.[0];
  const event = { user_id: user, item_id: item.item_id, ...(strongest ? { event: strongest } : {}), ...(list ? { recommendation_id: list } : {}) };
  sendEvent(event, done, `Stored: ${user} likes ${nameOf(item)}`);
}

/** Return the part of an event that says that an item is not liked: of the least weight below 0, or a rating below the threshold; null without. */
function unliked(events) {
  const [name, weight] = Object.entries(events?.weights || {}).sort(([, a], [, b]) => a - b)[0] || [];
  if (weight < 0) return { event: name };
  return events?.threshold == null ? null : { value: events.threshold - 1 };
}

function sendDislike(user, item, events, list, done) {
  const event = { user_id: user, item_id: item.item_id, ...unliked(events), ...(list ? { recommendation_id: list } : {}) };
  sendEvent(event, done, `Stored: ${nameOf(item)} is not for ${user}`);
}

async function hideItem(item, done) {
  const path = `${withId("/items", item.item_id)}/hidden`;
  const change = async (method) => {
    await send({ method, path });
    done();
  };
  try {
    await change("PUT");
    toast(`${nameOf(item)} is hidden from all lists`, () => change("DELETE").catch((error) => toast(error.message)));
  } catch (error) {
    toast(`Not hidden: ${error.message}`);
  }
}

const WHAT_IFS = [
  ["Behavior alone", { content_weight: 0 }],
  ["Twice the weight of content", { content_weight: 2 }],
  ["Popularity penalty 0.3", { popularity_penalty: 0.3 }],
  ["Diversity 0.5", { diversity: 0.5 }],
];

/** Return [[title, knobs]] of the changes that a card tries: without the items that count most, and one knob turned. */
const triesOf = (item, { without }) => [
  ...item.reason.because.slice(0, TRIED_CAUSES).map((cause) => [`Without ${nameOf(cause)}`, { without: [...without, cause.item_id] }]),
  ...WHAT_IFS,
];

/** The arithmetic of a score, and the rank of the item if one thing were different. */
function Details({ item, user, state, takeOut, change }) {
  return html`<${Arithmetic} reason=${item.reason} total=${item.score} takeOut=${takeOut} />
    <${LeftOut} filters=${user ? state.filter : []} from="these answers" />
    ${user ? html`<h4>What would change it</h4><table class="what-ifs"><thead><tr><th scope="col">One change</th><th scope="col" class="n">rank</th><th scope="col" class="n">moves</th><th scope="col" class="n">score</th></tr></thead><tbody>${triesOf(item, state).map(([title, knobs]) => html`<${WhatIf} key=${title} title=${title} knobs=${knobs} item=${item} user=${user} state=${state} change=${change} />`)}</tbody></table>
    <p class="quiet">Press a change to see the whole list with it.</p>` : html`<p class="quiet">What would change it: add or remove a like of the guest, or turn a knob; the list shows what moved.</p>`}
    <p class="quiet"><a href=${itemHref(item.item_id, user ? `?user=${encodeURIComponent(user)}` : "")}>All about this item</a></p>`;
}

function WhatIf({ title, knobs, item, user, state, change }) {
  const { k, diversity, popularity_penalty, content_weight, include_seen, filter, exclude, without } = { ...state, ...knobs };
  const params = { user_id: user, item_id: item.item_id, k, filter: asParams(filter), exclude: exclude.join(","), without: without.join(","), include_seen: include_seen || null };
  Object.assign(params, { diversity: diversity || null, popularity_penalty: popularity_penalty || null, content_weight: content_weight === 1 ? null : content_weight });
  const { data, error } = useAnswer({ path: "/why", params });
  const rank = data && (data.rank ?? data.rank_without);
  const step = rank ? item.rank - rank : 0;
  return html`<tr><th scope="row"><button type="button" class="link" title="See the list with this change" onClick=${() => change(knobs, { push: true })}>${title}</button></th>${error ? html`<td colspan="3" class="quiet">${error.message}</td>` : html`<td class="n">${!data ? "…" : rank ? `rank ${rank}` : "not ranked"}</td><td class="n">${step ? html`<span class=${step > 0 ? "up" : "down"}>${signed(step)}</span>` : rank ? html`<span class="quiet">stays</span>` : ""}</td><td class="n">${data ? score(data.score) : ""}</td>`}</tr>`;
}

function Knobs({ state, change, request }) {
  const turn = (name) => (value) => change({ [name]: value });
  const turned = Object.keys(KNOBS).some((name) => JSON.stringify(state[name]) !== JSON.stringify(KNOBS[name]));
  return html`
    <div class="row"><h2 class="grow">Knobs</h2>${turned ? html`<button type="button" class="link" onClick=${() => change(KNOBS, { push: true })}>Reset</button>` : null}</div>
    <p class="quiet">Each change draws the list anew and marks what moved.</p>
    <${Slider} label="Items" name="k" min=${5} max=${50} step=${5} value=${state.k} onChange=${turn("k")} />
    <${Slider} label="Weight of content" name="content_weight" min=${0} max=${4} step=${0.1} value=${state.content_weight} onChange=${turn("content_weight")} format=${(x) => `×${x}`} text="0: behavior alone; 1: as trained" />
    <${Slider} label="Diversity" name="diversity" value=${state.diversity} onChange=${turn("diversity")} text="prefers items unlike those before them" />
    <${Slider} label="Popularity penalty" name="popularity_penalty" value=${state.popularity_penalty} onChange=${turn("popularity_penalty")} text="rarer items rise" />
    <${Switch} label="Include seen items" name="include_seen" value=${state.include_seen} onChange=${turn("include_seen")} />
    <h2>Filters</h2>
    <${Facets} filters=${state.filter} commas=${true} onChange=${(filter) => change({ filter }, { push: true })} />
    <${CopyAs} request=${request} />`;
}
