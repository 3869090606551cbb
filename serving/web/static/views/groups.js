/** Groups of items, segments of users and directions of the vectors, with what their members have in common. */
import { html, useState } from "../vendor/preact.js";
import { url } from "../core/api.js";
import { percent, plural, score, whole } from "../core/format.js";
import { useAnswer } from "../core/hooks.js";
import { useUrlState } from "../core/url_state.js";
import { SmallCard, itemHref, userHref } from "../parts/items.js";
import { Answered, Empty, Failed, NeedsKey } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { Tabs } from "../parts/tabs.js";

const TABS = [
  ["clusters", "Groups of items"],
  ["segments", "Segments of users"],
  ["directions", "Directions"],
];
const PAGE = 24;
const NEXT_PAGE = 96;
const MOST_COMMON = 4;

export default function GroupsView() {
  const [state, change] = useUrlState({ tab: "clusters", group: -1 });
  const answer = useAnswer({ path: `/${state.tab}` });
  const show = (tab) => change({ tab, group: -1 }, { push: true });
  return html`<div class="head"><h1>Groups</h1></div>
    <${Tabs} label="Groups" tabs=${TABS} current=${state.tab} onChange=${show}>
    ${answer.error?.status === 409
      ? html`<${Empty} title="This model has none">${answer.error.message}<//>`
      : html`<${Answered} answer=${answer} rows=${8}>${(data) => {
          if (!data[state.tab]) return null; // the answer of the tab before
          return state.tab === "directions"
            ? html`<div class="directions">${data.directions.map((one) => html`<${Direction} key=${one.space + one.number} direction=${one} />`)}</div>`
            : html`<${Groups} key=${state.tab} kind=${state.tab} data=${data} chosen=${state.group} choose=${(group) => change({ group }, { push: true })} />`;
        }}<//>`}<//>`;
}

function Groups({ kind, data, chosen, choose }) {
  const id = kind === "clusters" ? "cluster_id" : "segment_id";
  const groups = data[kind];
  const current = groups.find((group) => group[id] === chosen) || groups[0];
  const columns = [
    { name: "name", title: "Group", of: (group) => group.name, show: (group) => html`<button type="button" class="link" onClick=${() => choose(group[id])}>${group.name}</button>` },
    { name: "size", title: kind === "clusters" ? "Items" : "Users", number: true, of: (group) => group.size, show: (group) => whole(group.size) },
    { name: "share", title: "Share", number: true, of: (group) => group.share, show: (group) => percent(group.share, 1) },
    { name: "values", title: "In common", of: (group) => common(group) },
    { name: "cohesion", title: "Cohesion", number: true, of: (group) => group.cohesion, show: (group) => score(group.cohesion) },
  ];
  return html`<div class="pair">
    <section><${Table} caption=${kind === "clusters" ? "Groups of items" : "Segments of users"} columns=${columns} rows=${groups} keyOf=${(group) => group[id]} onRow=${(group) => choose(group[id])} current=${current[id]} />
      ${data.ungrouped ? html`<p class="quiet">${plural(data.ungrouped, kind === "clusters" ? "item" : "user")} without data are in no group.</p>` : null}</section>
    <section class="panel"><${Group} key=${current[id]} kind=${kind} id=${current[id]} group=${current} /></section>
  </div>`;
}

/** The most distinctive values and words of a group, as text. */
const common = (group) => [...group.attributes.map((one) => one.value), ...group.words.map((one) => one.word)].slice(0, MOST_COMMON).join(", ");

function Group({ kind, id, group }) {
  return html`<div class="row"><h2 class="grow">${group.name}</h2>${kind === "clusters" ? html`<a class="button" href=${url(`/ui/map?focus=${id}`)}>On the map</a>` : null}</div>
    <p class="quiet">${plural(group.size, kind === "clusters" ? "item" : "user")}, cohesion ${score(group.cohesion)} (mean cosine with the center)</p>
    <${Meaning} meaning=${group} />
    ${group.clusters?.length ? html`<h3>Groups of items that they use more than others</h3><table class="values-table"><tbody>${group.clusters.map((one) => html`<tr key=${one.cluster_id}><th scope="row"><a href=${url(`/ui/groups?group=${one.cluster_id}`)}>${one.name}</a></th><td><${Against} share=${one.share} overall=${one.overall} /></td></tr>`)}</tbody></table>` : null}
    <h3>Members, most typical first</h3>
    <${Members} kind=${kind} id=${id} />`;
}

/** A share as a bar with a mark at the share of all. */
const Against = ({ share, overall }) => html`<span class="against" title=${`${percent(share)} here, ${percent(overall)} of all`}><span class="bar-track"><span class="bar-fill" style=${{ width: percent(share) }}></span><span class="bar-mark" style=${{ left: percent(overall) }}></span></span><span class="note">${percent(share)} <span class="quiet">of all ${percent(overall)}</span></span></span>`;

/** What is common here and rare elsewhere. */
function Meaning({ meaning }) {
  return html`
    ${meaning.words.length ? html`<ul class="chips" aria-label="Words">${meaning.words.map((one) => html`<li key=${one.word}>${one.word}</li>`)}</ul>` : null}
    ${meaning.attributes.length ? html`<table class="values-table"><tbody>${meaning.attributes.map((one) => html`<tr key=${one.attribute + one.value}><th scope="row"><span class="quiet">${one.attribute}</span> ${one.value}</th><td><${Against} share=${one.share} overall=${one.overall} /></td></tr>`)}</tbody></table>` : null}
    ${meaning.numbers.length ? html`<table class="values-table"><tbody>${meaning.numbers.map((one) => html`<tr key=${one.attribute}><th scope="row">${one.attribute}</th><td>${one.low} to ${one.high}, median ${one.median} <span class="quiet">of all ${one.overall}</span></td></tr>`)}</tbody></table>` : null}`;
}

/** The members, a page after the other. */
function Members({ kind, id }) {
  const [offsets, setOffsets] = useState([0]);
  const more = (offset) => setOffsets((old) => [...old, offset]);
  return offsets.map((offset, n) => html`<${MemberPage} key=${offset} kind=${kind} id=${id} offset=${offset} more=${n === offsets.length - 1 ? more : null} />`);
}

/** A page of the members; `more(offset)` asks for the next one, null if it is there already. */
function MemberPage({ kind, id, offset, more }) {
  const answer = useAnswer({ path: `/${kind}/${id}`, params: { k: offset ? NEXT_PAGE : PAGE, offset: offset || null } });
  if (answer.error?.status === 403) return html`<${NeedsKey} title="Users are named to admins only">The members of a segment are users. Use a key of scope admin to see them.<//>`;
  if (answer.error && !answer.data) return html`<${Failed} error=${answer.error} reload=${answer.reload} />`;
  return html`<${Answered} answer=${answer} rows=${6}>${(data) => html`
    <ol class="small-cards two" start=${offset + 1}>${data.members.map((one) => (one.item_id === undefined ? html`<${SmallCard} key=${one.user_id} item=${{ item_id: one.user_id, title: one.user_id }} href=${userHref(one.user_id)} note=${score(one.closeness)} />` : html`<${SmallCard} key=${one.item_id} item=${one} href=${itemHref(one.item_id)} note=${score(one.closeness)} />`))}</ol>
    ${data.next_offset === null || !more ? null : html`<button type="button" onClick=${() => more(data.next_offset)}>More <span class="quiet">${whole(data.next_offset)} of ${whole(data.size)}</span></button>`}`}<//>`;
}

function Direction({ direction }) {
  const end = (title, meaning) => html`<div><h3>${title}</h3><ul class="small-cards">${meaning.items.map((item) => html`<${SmallCard} key=${item.item_id} item=${item} />`)}</ul><${Meaning} meaning=${meaning} /></div>`;
  return html`<section class="panel"><div class="row"><h2 class="grow">${direction.space === "collaborative" ? "Behavior" : "Text"} ${direction.number}</h2><span class="note">${percent(direction.share, 1)} of the variance</span></div>
    ${direction.correlations.length ? html`<ul class="chips" aria-label="Correlations">${direction.correlations.map((one) => html`<li key=${one.attribute}>${one.attribute} ${one.correlation > 0 ? "+" : "−"}${Math.abs(one.correlation).toFixed(2)}</li>`)}</ul>` : null}
    <div class="ends">${end("One end", direction.low)}${end("The other end", direction.high)}</div></section>`;
}
