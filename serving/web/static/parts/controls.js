/** Knobs of a list: sliders, switches, facets, and the request as code. */
import { html, useState } from "../vendor/preact.js";
import { asCurl, asPython } from "../core/as_code.js";
import { asParams, bounded, isPlain, nameable, parse, toggled } from "../core/filters.js";
import { whole } from "../core/format.js";
import { useAnswer } from "../core/hooks.js";
import { toast } from "./layout.js";

const FIRST_VALUES = 8;
const FEW_VALUES = 40; // an attribute with more is folded at first

/** A slider with its value; `text` says what the value means. */
export function Slider({ label, name, value, min = 0, max = 1, step = 0.05, onChange, text = "", format = String }) {
  return html`<div class="slider">
    <span class="row"><label class="grow" for=${`knob-${name}`}>${label}</label><output for=${`knob-${name}`}>${format(value)}</output></span>
    <input id=${`knob-${name}`} type="range" name=${name} min=${min} max=${max} step=${step} value=${value} aria-describedby=${text ? `about-${name}` : undefined} onInput=${(event) => onChange(Number(event.target.value))} />
    ${text ? html`<span id=${`about-${name}`} class="quiet">${text}</span>` : null}
  </div>`;
}

/** A checkbox with its label. */
export const Switch = ({ label, name, value, onChange }) => html`<label class="switch"><input type="checkbox" name=${name} checked=${value} onChange=${(event) => onChange(event.target.checked)} /> ${label}</label>`;

/** Filters that a request by GET cannot have, with the reason; nothing if there is none. */
export function LeftOut({ filters, from = "this request" }) {
  const lost = filters.filter((filter) => !isPlain(filter)).map(parse);
  if (!lost.length) return null;
  return html`<p class="notice warn">${`Values with a comma cannot filter ${from}; left out: ${lost.map(({ attribute, value }) => `${attribute} ${value || "(empty)"}`).join("; ")}`}</p>`;
}

/**
 * The attributes of the items as filters, with the number of items of each value. `commas`: whether the filtered requests have a body,
 * in which a value may have commas.
 */
export function Facets({ filters, onChange, exclude = [], commas = false }) {
  const answer = useAnswer({ path: "/attributes", params: { filter: asParams(filters) } });
  if (answer.error && !answer.data) return html`<p class="quiet">Filters are not available: ${answer.error.message}</p><button type="button" class="link" onClick=${answer.reload}>Try again</button>`;
  const useful = (answer.data?.attributes || []).filter((facet) => !exclude.includes(facet.attribute) && (divides(facet) || named(filters, facet.attribute)));
  const attributes = useful.filter((facet) => nameable(facet.attribute));
  const others = useful.filter((facet) => !nameable(facet.attribute));
  if (answer.data && !useful.length && !filters.length) return html`<p class="quiet">The items have no attributes to filter by.</p>`;
  return html`<div class="facets">
    ${filters.length ? html`<button type="button" class="link" onClick=${() => onChange([])}>Remove all filters</button>` : null}
    ${attributes.map((facet) => (facet.kind === "number" ? html`<${NumberFacet} key=${facet.attribute} facet=${facet} filters=${filters} onChange=${onChange} />` : html`<${ValueFacet} key=${facet.attribute} facet=${facet} filters=${filters} onChange=${onChange} commas=${commas} />`))}
    ${commas && filters.some((filter) => !isPlain(filter)) ? html`<p class="quiet">The numbers do not count the filters whose value has a comma.</p>` : null}
    ${others.length ? html`<p class="quiet">${`No filters: ${others.map((facet) => facet.attribute).join(", ")}. A name with : < or > cannot be part of one.`}</p>` : null}
  </div>`;
}

/** Whether filters on the attribute make sense: not if each item has another value, as with descriptions. */
const divides = (facet) => facet.kind === "number" || facet.values.some((one) => one.n_items > 1);

const named = (filters, attribute) => filters.map(parse).some((one) => one.attribute === attribute);

const COMMA = "a value with a comma cannot filter here";

function ValueFacet({ facet, filters, onChange, commas }) {
  const [all, setAll] = useState(false);
  const [sought, setSought] = useState("");
  const own = filters.map(parse).filter((one) => one.attribute === facet.attribute && one.operator === ":").map((one) => one.value);
  const chosen = own.map((value) => facet.values.find((one) => one.value === value) || { value, n_items: null });
  const rest = facet.values.filter((one) => !own.includes(one.value) && one.value.toLowerCase().includes(sought.toLowerCase()));
  const shown = [...chosen, ...(all ? rest : rest.slice(0, Math.max(0, FIRST_VALUES - chosen.length)))];
  const usable = (value) => own.includes(value) || commas || isPlain(`${facet.attribute}:${value}`);
  return html`<details open=${own.length > 0 || (facet.n_values !== null && facet.n_values <= FEW_VALUES)}><summary>${facet.attribute} <span class="quiet">${facet.n_values === null ? "many" : whole(facet.n_values)}</span></summary>
    ${all ? html`<input type="search" aria-label=${`Find a value of ${facet.attribute}`} placeholder="find a value" value=${sought} onInput=${(event) => setSought(event.target.value)} />` : null}
    <ul class="values">${shown.map(({ value, n_items: n }) => html`<li key=${value}><label title=${usable(value) ? undefined : COMMA}><input type="checkbox" disabled=${!usable(value)} checked=${own.includes(value)} onChange=${() => onChange(toggled(filters, `${facet.attribute}:${value}`))} /> <span class="grow">${value}</span><span class="note">${n === null ? "" : whole(n)}</span></label></li>`)}</ul>
    ${shown.every(({ value }) => usable(value)) ? null : html`<p class="quiet">Values with a comma cannot filter here.</p>`}
    ${rest.length + chosen.length > FIRST_VALUES ? html`<button type="button" class="link" onClick=${() => setAll(!all)}>${all ? "fewer" : `all ${whole(facet.values.length)}`}</button>` : null}
  </details>`;
}

function NumberFacet({ facet, filters, onChange }) {
  const bound = (operator) => filters.map(parse).find((one) => one.attribute === facet.attribute && one.operator === operator)?.value ?? "";
  const field = (operator, title, fallback) => html`<label>${title} <input type="number" step="any" placeholder=${fallback} value=${bound(operator)} onChange=${(event) => onChange(bounded(filters, facet.attribute, operator, event.target.value))} /></label>`;
  return html`<details open><summary>${facet.attribute} <span class="quiet">${facet.low} to ${facet.high}</span></summary>
    <div class="row bounds">${field(">=", "from", facet.low)} ${field("<=", "to", facet.high)}</div></details>`;
}

/** Buttons that copy a request as a command or a program. */
export function CopyAs({ request }) {
  const copy = async (text, what) => {
    try {
      await navigator.clipboard.writeText(text);
      toast(`Copied as ${what}`);
    } catch {
      toast("The browser does not allow copying; select the text instead");
    }
  };
  return html`<details class="as-code"><summary>This request as code</summary>
    <div class="row"><button type="button" onClick=${() => copy(asCurl(request), "curl")}>Copy as curl</button><button type="button" onClick=${() => copy(asPython(request), "Python")}>Copy as Python</button></div>
    <pre tabindex="0">${asCurl(request)}</pre></details>`;
}
