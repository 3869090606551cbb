/** Tabs of a view as links of its address. */
import { html, useRef } from "../vendor/preact.js";

let lists = 0;

/**
 * `tabs` is [[name, title]]; `onChange(name)` shows another one. The children are the panel of the current tab; without children
 * `panels` has the ids of the panels by name, which stand elsewhere.
 */
export function Tabs({ label, tabs, current, onChange, panels = null, children = null }) {
  const id = useRef(null);
  id.current ||= `tabs-${++lists}`;
  const move = (event) => {
    const place = tabs.findIndex(([name]) => name === current);
    const next = { ArrowRight: place + 1, ArrowLeft: place - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const [name] = tabs[next % tabs.length];
    onChange(name);
    event.currentTarget.querySelector(`[data-tab="${name}"]`).focus();
  };
  const panel = `${id.current}-panel`;
  return html`<div class="tabs" role="tablist" aria-label=${label} onKeyDown=${move}>${tabs.map(([name, title]) => html`<button key=${name} type="button" role="tab" id=${`${id.current}-${name}`} data-tab=${name} aria-selected=${name === current} aria-controls=${panels ? panels[name] : panel} tabindex=${name === current ? 0 : -1} onClick=${() => onChange(name)}>${title}</button>`)}</div>
    ${panels ? null : html`<div role="tabpanel" id=${panel} aria-labelledby=${`${id.current}-${current}`}>${children}</div>`}`;
}
