/** The frame of every view: theme, API key, messages, and a net for errors of scripts. */
import { Component, html, useEffect, useRef, useState } from "../vendor/preact.js";
import { apiKey, url } from "../core/api.js";
import { ago } from "../core/format.js";
import { useAnswer, useEvent } from "../core/hooks.js";
import { Failed } from "./states.js";

const THEMES = { "": "System theme", light: "Light theme", dark: "Dark theme" };
const SUN = "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10M12 1v3M12 20v3M1 12h3M20 12h3M4.2 4.2l2.1 2.1M17.7 17.7l2.1 2.1M19.8 4.2l-2.1 2.1M6.3 17.7l-2.1 2.1";
const SIGNS = { "": "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18", light: SUN, dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z" };
const KEY_SIGN = "M14 10a4.5 4.5 0 1 0-3.6 4.4L12 16h2v2h2v2h4v-3.5l-6.3-6.3";
const TOAST_MS = 6000;

/** An icon of lines, 24 by 24. */
export const Icon = ({ path }) => html`<svg viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d=${path} /></svg>`;

/** Shows an error of a view in its place. */
export class Boundary extends Component {
  constructor() {
    super();
    this.state = { error: null };
  }
  componentDidCatch(error) {
    console.error(error);
    this.setState({ error });
  }
  render({ children }, { error }) {
    return error ? html`<${Failed} error=${error} reload=${() => location.reload()} />` : children;
  }
}

/** The right end of the bar. */
export function Tools() {
  return html`<${ServedModel} /><${Theme} /><${Key} /><${Toast} />`;
}

/** Which model serves, and since when; nothing where the service does not say. */
function ServedModel() {
  const { data } = useAnswer({ path: "/models" });
  const version = data?.model_version;
  const created = Date.parse(data?.models?.find((one) => one.model_version === version)?.created_at) / 1000;
  if (!created) return null;
  return html`<a class="served quiet" href=${url("/ui/models")} title=${`Model ${version}`}>Model trained ${ago(created)}</a>`;
}

/** A line above the view, once an answer is of another model than those before. */
export function ModelChange() {
  const [version, setVersion] = useState("");
  useEvent("recsys:model", ({ detail }) => setVersion(detail));
  if (!version) return null;
  return html`<p class="notice row" role="status"><span>Another model serves now: <code>${version}</code>. What this view read before is of the old one.</span> <button type="button" class="link" onClick=${() => location.reload()}>Reload the view</button></p>`;
}

function Theme() {
  const [theme, setTheme] = useState(localStorage.getItem("recsys.theme") || "");
  const next = () => {
    const names = Object.keys(THEMES);
    const chosen = names[(names.indexOf(theme) + 1) % names.length];
    localStorage.setItem("recsys.theme", chosen);
    dispatchEvent(new Event("recsys:theme"));
    setTheme(chosen);
  };
  return html`<button type="button" class="icon" title=${THEMES[theme]} aria-label=${`${THEMES[theme]}; change`} onClick=${next}><${Icon} path=${SIGNS[theme]} /></button>`;
}

/** The dialog that asks for an API key, when a request was refused or when the button is pressed. */
function Key() {
  const dialog = useRef(null);
  const field = useRef(null);
  const [refused, setRefused] = useState("");
  const [held, setHeld] = useState(Boolean(apiKey.get()));
  const open = () => {
    if (!dialog.current.open) dialog.current.showModal();
    field.current.focus();
  };
  useEvent("recsys:key", () => setHeld(Boolean(apiKey.get())));
  useEvent("recsys:key-ask", open);
  useEvent("recsys:key-needed", ({ detail }) => {
    setRefused(detail.message);
    if (detail.status === 401) open(); // a missing scope is shown where it is missing: the key is fine for the rest
  });
  const submit = (event) => {
    event.preventDefault();
    const entered = field.current.value.trim();
    if (!/^[\x21-\x7e]*$/.test(entered)) {
      setRefused("This is no key: keys have letters, digits and signs of ASCII, without spaces.");
      return;
    }
    apiKey.set(entered);
    field.current.value = "";
    setRefused("");
    dialog.current.close();
  };
  const forget = () => {
    apiKey.set("");
    dialog.current.close();
  };
  return html`
    <button type="button" class=${held ? "icon held" : "icon"} title=${held ? "An API key is used" : "API key"} aria-label="API key" onClick=${open}><${Icon} path=${KEY_SIGN} /></button>
    <dialog ref=${dialog} aria-labelledby="key-title">
      <form onSubmit=${submit}>
        <h2 id="key-title">API key</h2>
        <p>${refused || "Requests of this page carry this key, if the service requires one."}</p>
        <p class="quiet">It stays in this tab until you close it. Scopes: read for lists, write for events, admin for users by name, models and hiding.</p>
        <label>Key <input ref=${field} type="password" autocomplete="off" spellcheck=${false} /></label>
        <div class="row end">
          ${held ? html`<button type="button" onClick=${forget}>Forget the key</button>` : null}
          <button type="button" onClick=${() => dialog.current.close()}>Cancel</button>
          <button class="primary">Use this key</button>
        </div>
      </form>
    </dialog>`;
}

/** Show a message for some seconds; `undo` is a function that takes the thing back. */
export function toast(text, undo = null) {
  dispatchEvent(new CustomEvent("recsys:toast", { detail: { text, undo } }));
}

function Toast() {
  const [shown, setShown] = useState(null);
  useEvent("recsys:toast", ({ detail }) => setShown(detail));
  useEffect(() => {
    const timer = setTimeout(() => setShown(null), TOAST_MS);
    return () => clearTimeout(timer);
  }, [shown]);
  if (!shown) return null;
  const undo = () => {
    setShown(null);
    shown.undo();
  };
  return html`<div class="toast" role="status">${shown.text} ${shown.undo ? html`<button type="button" onClick=${undo}>Undo</button>` : null}</div>`;
}
