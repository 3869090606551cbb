/** Models: the versions with their figures, two of them side by side, the report of the training, and rolling back. */
import { html, useState } from "../vendor/preact.js";
import { send, withId } from "../core/api.js";
import { ago, compact, plural, score, whole } from "../core/format.js";
import { useAnswer } from "../core/hooks.js";
import { useUrlState } from "../core/url_state.js";
import { Comparison } from "../models/comparison.js";
import { Report } from "../models/report.js";
import { Rollback } from "../models/rollback.js";
import { toast } from "../parts/layout.js";
import { Answered, Empty } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { Tabs } from "../parts/tabs.js";

const FOLLOW_MS = 3000;
const MAIN_METRICS = ["ndcg@10", "recall@10", "hit_rate@10"];

export default function ModelsView() {
  const [state, change] = useUrlState({ a: "", b: "", tab: "figures", user: "" });
  const answer = useAnswer({ path: "/models" }, { every: FOLLOW_MS });
  return html`<div class="head"><h1>Models</h1></div>
    <${Answered} answer=${answer} rows=${5}>${(data) => (data.models.length ? html`<${Versions} data=${data} state=${state} change=${change} reload=${answer.reload} />` : html`<${Empty} title="The store is empty"><code>recsys train</code> publishes the first model.<//>`)}<//>`;
}

/** The metrics that the table has: the usual ones if the models have them, otherwise the first ones. */
function metricsOf(models) {
  const names = [...new Set(models.flatMap((model) => Object.keys(model.metrics || {})))];
  const usual = MAIN_METRICS.filter((name) => names.includes(name));
  return usual.length ? usual : names.filter((name) => name.includes("@")).slice(0, 3);
}

function Versions({ data, state, change, reload }) {
  const [asked, setAsked] = useState("");
  const { models } = data;
  const b = models.find((one) => one.model_version === state.b) || models[0];
  const a = models.find((one) => one.model_version === state.a) || models.find((one) => one !== b) || b;
  const roll = async (version) => {
    setAsked("");
    try {
      await send({ method: "POST", path: `${withId("/models", version)}/rollback` });
      toast(`The store points to ${version}; the workers follow`);
    } catch (error) {
      toast(`Not rolled back: ${error.message}`);
    }
    reload();
  };
  const choose = (name) => (model) => html`<input type="radio" name=${name} aria-label=${`${model.model_version} as ${name.toUpperCase()}`} checked=${(name === "a" ? a : b) === model} onChange=${() => change({ [name]: model.model_version }, { push: true })} />`;
  const columns = [
    { name: "a", title: "A", of: (model) => Number(model === a), show: choose("a") },
    { name: "b", title: "B", of: (model) => Number(model === b), show: choose("b") },
    { name: "version", title: "Version", of: (model) => model.model_version, show: (model) => html`<code>${model.model_version}</code> ${model.current ? html`<span class="chip">current</span>` : null} ${model.model_version === data.model_version ? html`<span class="chip good">serving</span>` : null} ${model.problem ? html`<span class="chip bad" title=${model.problem}>damaged</span>` : null}` },
    { name: "created", title: "Trained", of: (model) => model.created_at || "", show: (model) => (model.created_at ? ago(Date.parse(model.created_at) / 1000) : "–") },
    { name: "users", title: "Users", number: true, of: (model) => model.counts?.users ?? null, show: (model) => (model.counts ? whole(model.counts.users) : "–") },
    { name: "items", title: "Items", number: true, of: (model) => model.counts?.items ?? null, show: (model) => (model.counts ? whole(model.counts.items) : "–") },
    { name: "interactions", title: "Interactions", number: true, of: (model) => model.counts?.interactions ?? null, show: (model) => (model.counts ? compact(model.counts.interactions) : "–") },
    ...metricsOf(models).map((metric) => ({ name: metric, title: metric, number: true, of: (model) => model.metrics?.[metric] ?? null, show: (model) => (model.metrics?.[metric] === undefined ? "–" : score(model.metrics[metric])) })),
    { name: "roll", title: "", of: () => 0, show: (model) => (model.current || model.problem ? null : html`<button type="button" onClick=${() => setAsked(model.model_version)}>Roll back</button>`) },
  ];
  const moving = data.current && data.model_version !== data.current;
  return html`
    <p class="quiet">${plural(models.length, "version")}. ${moving ? html`<b>The workers load ${data.current}.</b>` : null}</p>
    <${Table} caption="Models of the store" columns=${columns} rows=${models} keyOf=${(model) => model.model_version} />
    <${Rollback} version=${asked} from=${data.current} onYes=${() => roll(asked)} onNo=${() => setAsked("")} />
    <div class="tabs-gap"></div>
    <${Tabs} label="Comparison" tabs=${[["figures", "Figures"], ["lists", "Lists"], ["parameters", "Parameters"], ["report", "Report"]]} current=${state.tab} onChange=${(tab) => change({ tab }, { push: true })}>
    ${state.tab === "report" ? html`<${Report} key=${b.model_version} model=${b} />` : html`<${Comparison} a=${a.model_version} b=${b.model_version} state=${state} change=${change} />`}<//>`;
}
