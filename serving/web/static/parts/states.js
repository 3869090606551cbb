/** What a view shows while it has nothing else to show: empty, loading, slow, failed; and notices of an answer. */
import { html } from "../vendor/preact.js";

const DEGRADED = {
  events: "The event store cannot be read at the moment: events since the training are not counted.",
  semantic: "Texts cannot be encoded at the moment: this is a search by words alone.",
  phrasing: "The language model does not answer at the moment: this is the plain reply.",
};

export const Empty = ({ title, children }) => html`<div class="state"><h3>${title}</h3><p>${children}</p></div>`;

export const Skeleton = ({ rows = 6, slow = false }) => html`<div class="skeleton" aria-busy="true">
  ${slow ? html`<p class="quiet" role="status">This takes longer than usual. The answer is still on its way.</p>` : html`<span class="visually-hidden">Loading</span>`}
  ${Array.from({ length: rows }, (_, n) => html`<div key=${n} class="bone"></div>`)}
</div>`;

const askForKey = () => dispatchEvent(new Event("recsys:key-ask"));

/** What another key shows, and the way to enter one. */
export const NeedsKey = ({ title, children }) => html`<div class="state"><h3>${title}</h3><p>${children}</p>
  <button type="button" onClick=${askForKey}>Enter a key</button></div>`;

/** An error in one line, with what the page does about it. */
export function Failed({ error, reload }) {
  if (error.needsKey) return html`<${NeedsKey} title=${error.status === 401 ? "Needs a key" : "Needs another key"}>${error.message}<//>`;
  const passing = error.status !== undefined && error.passing;
  const title = error.status === 0 ? "The service does not answer" : error.title || "Something failed in this page";
  return html`<div class="state failed" role="alert">
    <h3>${title}</h3>
    <p>${error.message}</p>
    ${passing ? html`<p class="quiet">Trying again until it answers.</p>` : null}
    ${error.requestId ? html`<p class="quiet">Request <code>${error.requestId}</code></p>` : null}
    ${reload ? html`<button type="button" onClick=${reload}>Try again</button>` : null}
  </div>`;
}

/**
 * The answer of useAnswer as `children(data)`, or the state in place of it. A failure beside an older answer is a line above it.
 */
export function Answered({ answer, rows = 6, children }) {
  const { data, error, loading, slow, reload } = answer;
  if (error && !data) return html`<${Failed} error=${error} reload=${reload} />`;
  if (!data) return html`<${Skeleton} rows=${rows} slow=${slow} />`;
  return html`
    ${error ? html`<p class="notice warn" role="alert">${error.status === 0 ? "The service does not answer; this is its last answer. Trying again." : error.message}</p>` : null}
    ${slow ? html`<p class="notice" role="status">This takes longer than usual.</p>` : null}
    <div class=${loading ? "answered loading" : "answered"}>${children(data)}</div>`;
}

/** What an answer says of itself: a fallback, and data that it could not count. */
export function Notices({ answer, subject = "this user" }) {
  const lines = (answer.degraded || []).map((name) => DEGRADED[name] || `Without ${name} at the moment.`);
  if (answer.fallback) lines.unshift(`The model knows nothing of ${subject}: these are the popular items.`);
  return lines.map((line) => html`<p key=${line} class="notice warn">${line}</p>`);
}
