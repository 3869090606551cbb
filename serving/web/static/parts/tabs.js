/** Tabs of a view as links of its address. */
import { html } from "../vendor/preact.js";

/** `tabs` is [[name, title]]; `onChange(name)` shows another one. */
export function Tabs({ label, tabs, current, onChange }) {
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const place = tabs.findIndex(([name]) => name === current);
    const [name] = tabs[(place + step + tabs.length) % tabs.length];
    onChange(name);
    event.currentTarget.querySelector(`[data-tab="${name}"]`).focus();
  };
  return html`<div class="tabs" role="tablist" aria-label=${label} onKeyDown=${move}>${tabs.map(([name, title]) => html`<button key=${name} type="button" role="tab" data-tab=${name} aria-selected=${name === current} tabindex=${name === current ? 0 : -1} onClick=${() => onChange(name)}>${title}</button>`)}</div>`;
}
