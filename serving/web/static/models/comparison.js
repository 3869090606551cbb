/** Two models side by side: their figures with intervals, the parameters that differ, and their lists for the same users. */
import { html, useState } from "../vendor/preact.js";
import { withId } from "../core/api.js";
import { percent, score } from "../core/format.js";
import { useAnswer } from "../core/hooks.js";
import { moved } from "../core/lists.js";
import { UserField } from "../parts/combobox.js";
import { Switch } from "../parts/controls.js";
import { Move, SmallCard, userHref } from "../parts/items.js";
import { Answered, Empty, Notices } from "../parts/states.js";

const LIST = 10;

export function Comparison({ a, b, state, change }) {
  const left = useAnswer({ path: withId("/models", a) });
  const right = useAnswer({ path: withId("/models", b) });
  if (state.tab === "lists") return html`<${Lists} a=${a} b=${b} state=${state} change=${change} />`;
  return html`<${Answered} answer=${left}>${(one) => html`<${Answered} answer=${right}>${(other) => (state.tab === "parameters" ? html`<${Parameters} one=${one} other=${other} />` : html`<${Figures} one=${one} other=${other} />`)}<//>`}<//>`;
}

/** The rows of the model itself, which is measured first, by metric. */
function ownFigures(model) {
  const own = model.figures.filter((row) => row.model === model.figures[0].model);
  return new Map(own.map((row) => [row.metric, row]));
}

function Figures({ one, other }) {
  const left = ownFigures(one);
  const right = ownFigures(other);
  const metrics = [...new Set([...left.keys(), ...right.keys()])];
  if (!metrics.length) return html`<${Empty} title="Not measured">The training of these models did not measure them: <code>evaluate.gate</code> was off, or the data were too small to hold out a part.<//>`;
  const rows = metrics.map((metric) => ({ metric, a: left.get(metric), b: right.get(metric) }));
  if (one.model_version === other.model_version) return html`
    <p class="quiet">Means over the test users with 95% intervals. One version is chosen; a second one stands beside it.</p>
    <div class="scroll" tabindex="0" role="region" aria-label="Figures"><table><thead><tr><th scope="col">Metric</th><th scope="col"><code>${other.model_version}</code></th></tr></thead>
      <tbody>${rows.map((row) => html`<tr key=${row.metric}><th scope="row">${row.metric}</th><td>${cell(row.b)}</td></tr>`)}</tbody></table></div>
    <h3>Against the other ways to recommend</h3><${Rivals} model=${other} />`;
  return html`
    <p class="quiet">Means over the test users with 95% intervals. A difference is marked only if the intervals do not overlap. Models of other data, or of another split, do not compare.</p>
    <div class="scroll" tabindex="0" role="region" aria-label="Figures"><table><thead><tr><th scope="col">Metric</th><th scope="col">A <code>${one.model_version}</code></th><th scope="col">B <code>${other.model_version}</code></th><th scope="col">Intervals</th></tr></thead>
      <tbody>${rows.map((row) => html`<tr key=${row.metric}><th scope="row">${row.metric}</th><td>${cell(row.a)}</td><td>${cell(row.b)} <${Better} row=${row} /></td><td><${Intervals} row=${row} /></td></tr>`)}</tbody></table></div>
    <h3>Against the other ways to recommend, model B</h3><${Rivals} model=${other} />`;
}

const cell = (row) => (row ? html`${score(row.value)} <span class="quiet">${score(row.low)} to ${score(row.high)}</span>` : "–");

function Better({ row: { a, b } }) {
  if (!a || !b || (a.low <= b.high && b.low <= a.high)) return null;
  return b.low > a.high ? html`<span class="up">▲ ${percent(b.value / a.value - 1, 1)}</span>` : html`<span class="down">▼ ${percent(1 - b.value / a.value, 1)}</span>`;
}

/** Both intervals on one scale. */
function Intervals({ row: { a, b } }) {
  const both = [a, b].filter(Boolean);
  const low = Math.min(...both.map((row) => row.low));
  const width = Math.max(...both.map((row) => row.high)) - low || 1;
  const at = (x) => `${(100 * (x - low)) / width}%`;
  return html`<span class="intervals" aria-hidden="true">${both.map((row, n) => html`<span key=${n} class=${row === a ? "interval a" : "interval b"}><span class="span" style=${{ left: at(row.low), width: `${(100 * (row.high - row.low)) / width}%` }}></span><span class="dot" style=${{ left: at(row.value) }}></span></span>`)}</span>`;
}

function Rivals({ model }) {
  const names = [...new Set(model.figures.map((row) => row.model))];
  const metrics = [...new Set(model.figures.map((row) => row.metric))];
  const of = (name, metric) => model.figures.find((row) => row.model === name && row.metric === metric);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Other ways to recommend"><table><thead><tr><th scope="col">Way</th>${metrics.map((metric) => html`<th key=${metric} scope="col" class="n">${metric}</th>`)}</tr></thead>
    <tbody>${names.map((name) => html`<tr key=${name}><th scope="row">${name}</th>${metrics.map((metric) => html`<td key=${metric} class="n">${of(name, metric) ? score(of(name, metric).value) : "–"}</td>`)}</tr>`)}</tbody></table></div>`;
}

/** Return [name, value] of all parameters, nested names joined by dots. */
function flat(parameters, start = "") {
  return Object.entries(parameters).flatMap(([name, value]) => (value && typeof value === "object" && !Array.isArray(value) ? flat(value, `${start}${name}.`) : [[start + name, JSON.stringify(value)]]));
}

function Parameters({ one, other }) {
  const [all, setAll] = useState(false);
  const left = new Map(flat({ ...one.parameters, shape: one.shape }));
  const right = new Map(flat({ ...other.parameters, shape: other.shape }));
  if (one.model_version === other.model_version) return html`<${OneColumn} values=${right} />`;
  const names = [...new Set([...left.keys(), ...right.keys()])].filter((name) => all || left.get(name) !== right.get(name));
  return html`<${Switch} label="Also those that are equal" name="all" value=${all} onChange=${setAll} />
    ${names.length
      ? html`<div class="scroll" tabindex="0" role="region" aria-label="Parameters"><table><thead><tr><th scope="col">Parameter</th><th scope="col">A</th><th scope="col">B</th></tr></thead><tbody>${names.map((name) => html`<tr key=${name}><th scope="row"><code>${name}</code></th><td>${left.get(name) ?? "–"}</td><td>${left.get(name) === right.get(name) ? right.get(name) : html`<b>${right.get(name) ?? "–"}</b>`}</td></tr>`)}</tbody></table></div>`
      : html`<${Empty} title="No parameter differs">Both models were trained with the same parameters.<//>`}`;
}

/** The parameters of the only version that is chosen. */
const OneColumn = ({ values }) => html`<p class="quiet">One version is chosen; a second one shows the parameters that differ.</p>
  <div class="scroll" tabindex="0" role="region" aria-label="Parameters"><table><thead><tr><th scope="col">Parameter</th><th scope="col">Value</th></tr></thead><tbody>${[...values].map(([name, value]) => html`<tr key=${name}><th scope="row"><code>${name}</code></th><td>${value}</td></tr>`)}</tbody></table></div>`;

function Lists({ a, b, state, change }) {
  const some = useAnswer(state.user ? null : { path: "/users", params: { k: 1 } });
  const user = state.user || some.data?.users[0]?.user_id || "";
  const left = useAnswer(user ? { path: withId(`/models/${encodeURIComponent(a)}/recommend`, user), params: { k: LIST } } : null);
  const right = useAnswer(user ? { path: withId(`/models/${encodeURIComponent(b)}/recommend`, user), params: { k: LIST } } : null);
  return html`<div class="row finders"><${UserField} label="User of both lists" onTake=${({ id }) => change({ user: id }, { push: true })} /></div>
    ${user ? html`<p class="quiet">Lists of <a href=${userHref(user)}>${user}</a>, with the events that each model does not know yet.</p>` : html`<${Empty} title="Whose lists?">Enter a user id.<//>`}
    ${user ? html`<div class="lists-beside">
      ${a === b ? null : html`<section class="panel"><h2>A <code>${a}</code></h2><${Answered} answer=${left}>${(data) => html`<${List} data=${data} />`}<//></section>`}
      <section class="panel"><h2>${a === b ? "" : "B "}<code>${b}</code></h2><${Answered} answer=${right}>${(data) => html`<${List} data=${data} before=${a === b ? null : left.data} />`}<//></section>
    </div>` : null}`;
}

function List({ data, before = null }) {
  const changes = before && moved(before.items, data.items);
  return html`<${Notices} answer=${data} /><ol class="small-cards">${data.items.map((item) => html`<${SmallCard} key=${item.item_id} item=${{ ...item, title: item.title }} note=${html`<${Move} rank=${item.rank} was=${changes ? changes.was[item.item_id] : null} /> ${item.rank}`} />`)}</ol>
    ${changes?.gone.length ? html`<h3>Only in A</h3><ul class="small-cards gone">${changes.gone.map((item) => html`<${SmallCard} key=${item.item_id} item=${item} note=${`was ${item.rank}`} />`)}</ul>` : null}`;
}
