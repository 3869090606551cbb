/** The service: whether all is well, its load, latency, errors, events and the freshness of its model. */
import { html, useEffect, useMemo, useState } from "../vendor/preact.js";
import { ago, moment, percent, plural, score, whole } from "../core/format.js";
import { useAnswer } from "../core/hooks.js";
import { useUrlState } from "../core/url_state.js";
import { Switch } from "../parts/controls.js";
import { itemHref, userHref } from "../parts/items.js";
import { Failed, Skeleton } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { Chart } from "../service/chart.js";
import { byRoute, figures, verdict } from "../service/figures.js";
import { useWatch } from "../service/watch.js";

const MINUTE = 60;
const EVENTS_MS = 5000;
const COLORS = ["--behavior", "--neighbors", "--content", "--popularity"];

const milliseconds = (seconds) => (seconds === null ? "–" : seconds < 0.01 ? `${(1000 * seconds).toFixed(1)} ms` : `${Math.round(1000 * seconds)} ms`);
const rate = (x) => (x >= 100 ? whole(Math.round(x)) : x.toFixed(1));

export default function ServiceView() {
  const [state, change] = useUrlState({ own: false });
  const { readings, ready, error } = useWatch();
  useStyle();
  if (error && !readings.length && error.needsKey) return html`<${Head} /><${Failed} error=${error} />`;
  const last = readings.at(-1);
  const first = last && (readings.findLast((one) => last.at - one.at >= MINUTE) || readings[0]);
  const now = last && first !== last ? figures(first, last, state.own) : null;
  const models = last ? last.all("recsys_model_info").map(({ labels, value }) => ({ version: labels.model_version, workers: value })) : [];
  const loaded = last ? Math.max(0, ...last.all("recsys_model_loaded_timestamp_seconds").map(({ value }) => value)) : 0;
  const found = verdict(ready, error, now, models.map(({ version }) => version));
  return html`<${Head}><${Switch} label="Count the page's own requests" name="own" value=${state.own} onChange=${(own) => change({ own })} /><//>
    <section class=${`health ${found.level}`} role="status"><span class="lamp" aria-hidden="true"></span><div><h2>${found.title}</h2><p>${found.text}</p></div></section>
    ${!last ? html`<${Skeleton} rows=${4} />` : html`
      <${Tiles} now=${now} models=${models} loaded=${loaded} ready=${ready} last=${last} />
      <${Charts} readings=${readings} own=${state.own} />
      <div class="pair">
        <section><h2>Routes <span class="quiet">${now ? `last ${plural(Math.round(now.seconds), "second")}` : ""}</span></h2>${now ? html`<${Routes} rows=${byRoute(first, last, state.own)} />` : html`<p class="quiet">Figures need two readings.</p>`}</section>
        <section><h2>Latest events</h2><${LatestEvents} /></section>
      </div>`}`;
}

const Head = ({ children }) => html`<div class="head"><h1>Service</h1>${children}</div>`;

/** Load the style of the charts, which no other view needs. */
function useStyle() {
  useEffect(() => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL("../vendor/uplot.css", import.meta.url).href });
    document.head.append(link);
    return () => link.remove();
  }, []);
}

const Tile = ({ title, figure, text = "" }) => html`<div class="gauge"><dt>${title}</dt><dd>${figure}</dd><dd class="quiet">${text}</dd></div>`;

function Tiles({ now, models, loaded, ready, last }) {
  const version = ready?.model_version || models[0]?.version || "none";
  const created = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(version);
  const trained = created ? Date.UTC(created[1], created[2] - 1, created[3], created[4], created[5], created[6]) / 1000 : 0;
  const workers = models.reduce((sum, one) => sum + one.workers, 0);
  const strategies = now ? [...now.strategies].sort((a, b) => b.value - a.value).map(({ labels, value }) => `${labels.strategy} ${whole(value)}`) : [];
  return html`<dl class="gauges">
    <${Tile} title="Requests a second" figure=${now ? rate(now.rate) : "–"} text=${`${whole(last.find("recsys_requests_in_flight", {})?.value ?? 0)} in flight`} />
    <${Tile} title="Latency, p95" figure=${now ? milliseconds(now.p95) : "–"} text=${now ? `p50 ${milliseconds(now.p50)}` : ""} />
    <${Tile} title="Errors" figure=${now ? whole(now.serverErrors) : "–"} text=${now ? `5xx; ${plural(now.clientErrors, "answer")} of 4xx, ${now.sheds} refused` : ""} />
    <${Tile} title="Fallbacks" figure=${now ? (now.answers ? percent(now.fallbacks / now.answers, 1) : "0%") : "–"} text=${now ? `of ${plural(now.answers, "list")}${strategies.length ? `: ${strategies.slice(0, 3).join(", ")}` : ""}` : ""} />
    <${Tile} title="Events" figure=${now ? whole(now.events) : "–"} text=${now ? `in the last minute; ${plural(now.duplicates, "duplicate")}` : ""} />
    <${Tile} title="Model trained" figure=${trained ? ago(trained) : "–"} text=${html`<code>${version}</code>${loaded ? html`, loaded ${ago(loaded)}` : ""}, ${plural(workers, "worker")}`} />
  </dl>`;
}

/** Return the most frequent strategies of some minutes, in the order of their names. */
function frequentWays(steps) {
  const counts = new Map();
  for (const { labels, value } of steps.flatMap(({ strategies }) => strategies)) counts.set(labels.strategy, (counts.get(labels.strategy) || 0) + value);
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, COLORS.length).map(([name]) => name).sort();
}

function Charts({ readings, own }) {
  const steps = useMemo(() => readings.slice(1).map((after, n) => ({ at: after.at, ...figures(readings[n], after, own) })), [readings, own]);
  const times = steps.map(({ at }) => at);
  const data = (of) => steps.map(of);
  const number = (x) => (x === null ? "" : score(x).replace(/\.?0+$/, ""));
  const ways = frequentWays(steps);
  const listed = (step, name) => step.strategies.filter(({ labels }) => labels.strategy === name).reduce((sum, { value }) => sum + value, 0) / step.seconds;
  return html`<div class="charts">
    <${Chart} title="Requests a second" series=${[{ label: "all", color: "--behavior" }, { label: "errors", color: "--bad" }]} data=${[times, data((x) => x.rate), data((x) => (x.clientErrors + x.serverErrors) / x.seconds)]} format=${number} />
    <${Chart} title="Latency" series=${[{ label: "p50", color: "--neighbors" }, { label: "p95", color: "--content" }]} data=${[times, data((x) => x.p50), data((x) => x.p95)]} format=${milliseconds} />
    <${Chart} title="Events a second" series=${[{ label: "accepted", color: "--popularity" }]} data=${[times, data((x) => x.events / x.seconds)]} format=${number} />
    <${Chart} key=${ways.join()} title="Lists a second, by strategy" series=${[...ways.map((name, n) => ({ label: name.replaceAll("_", " "), color: COLORS[n] })), { label: "fallbacks", color: "--bad" }]} data=${[times, ...ways.map((name) => data((x) => listed(x, name))), data((x) => x.fallbacks / x.seconds)]} format=${number} />
  </div>`;
}

const ROUTES = [
  { name: "route", title: "Route", of: (row) => row.route, show: (row) => html`<code>${row.route}</code>` },
  { name: "rate", title: "Requests/s", number: true, of: (row) => row.rate, show: (row) => rate(row.rate) },
  { name: "p50", title: "p50", number: true, of: (row) => row.p50, show: (row) => milliseconds(row.p50) },
  { name: "p95", title: "p95", number: true, of: (row) => row.p95, show: (row) => milliseconds(row.p95) },
  { name: "client", title: "4xx", number: true, of: (row) => row.client, show: (row) => whole(row.client) },
  { name: "server", title: "5xx", number: true, of: (row) => row.server, show: (row) => (row.server ? html`<b class="down">${whole(row.server)}</b>` : "0") },
];

function Routes({ rows }) {
  if (!rows.length) return html`<p class="quiet">No request in the last minute.</p>`;
  return html`<${Table} caption="Routes of the last minute" columns=${ROUTES} rows=${rows} keyOf=${(row) => row.route} />`;
}

function LatestEvents() {
  const { data, error } = useAnswer({ path: "/events", params: { k: 15 } }, { every: EVENTS_MS });
  if (error && !data) return html`<p class="quiet">${error.status === 403 ? "A key of scope admin sees who did what." : error.message}</p>`;
  if (!data) return html`<${Skeleton} rows=${3} />`;
  if (!data.events.length) return html`<p class="quiet">No event has been received yet. Like something in the view of a user, and it appears here.</p>`;
  return html`<ol class="plain events">${data.events.map((event, n) => html`<li key=${event.user_id + event.item_id + event.timestamp + n}>
    <a href=${userHref(event.user_id)}>${event.user_id}</a> <span class="chip">${event.event || (event.value === null ? "event" : `value ${event.value}`)}</span> <a href=${itemHref(event.item_id)}>${event.title || event.item_id}</a>
    <span class="note" title=${moment(event.timestamp)}>${ago(event.timestamp)}</span></li>`)}</ol>`;
}
