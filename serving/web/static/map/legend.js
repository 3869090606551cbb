/** The legend: what the colors mean; an entry can be put in focus, which dims all other points. */
import { html } from "../vendor/preact.js";
import { whole } from "../core/format.js";

const GROUP = "";

/** `attributes` are those of GET /attributes; `change({color, focus})` takes another color or focus. */
export function ColorSection({ attributes, color, focus, coloring, loading, error, change }) {
  const known = attributes.some(({ attribute }) => attribute === color);
  return html`<section aria-labelledby="map-color">
    <label id="map-color" class="map-select"><h2>Color</h2>
      <select value=${color} onChange=${(event) => change({ color: event.target.value, focus: "" })}>
        <option value=${GROUP}>Group</option>
        ${color && !known ? html`<option value=${color}>${color}</option>` : null}
        ${attributes.map(({ attribute }) => html`<option key=${attribute} value=${attribute}>${attribute}</option>`)}
      </select></label>
    ${error ? html`<p class="notice warn">${error}</p>` : null}
    ${loading ? html`<p class="quiet" role="status">Reading the values of ${color}…</p>` : null}
    ${coloring?.ramp ? html`<${Ramp} ramp=${coloring.ramp} />` : null}
    ${coloring ? html`<${Entries} entries=${coloring.entries} focus=${focus} change=${change} />` : null}
  </section>`;
}

function Ramp({ ramp: { low, high, below, above, image } }) {
  return html`<div class="map-ramp"><div style=${{ backgroundImage: image }} role="img" aria-label=${`from ${low} to ${high}`}></div>
    <div class="row" aria-hidden="true"><span class="note grow">${below ? "≤ " : ""}${low}</span><span
      class="note">${above ? "≥ " : ""}${high}</span></div></div>`;
}

function Entries({ entries, focus, change }) {
  return html`<ul class="plain map-legend">${entries.map(({ key, label, color, n }) => html`<li key=${key ?? "rest"}>
      ${key === null
        ? html`<span class="entry"><${Dot} color=${color} /><span class="grow" dir="auto">${label}</span></span>`
        : html`<button type="button" class="entry" aria-pressed=${focus === key} title=${label} onClick=${() => change({ focus: focus === key ? "" : key })}>
            <${Dot} color=${color} /><span class="grow clip" dir="auto">${label}</span>${n === null ? null : html`<span
              class="note">${whole(n)}</span>`}</button>`}</li>`)}</ul>
    ${focus ? html`<button type="button" class="link" onClick=${() => change({ focus: "" })}>Show all again</button>` : null}`;
}

/** The color of a point. */
export const Dot = ({ color }) => html`<i class="dot" style=${{ backgroundColor: color }}></i>`;
