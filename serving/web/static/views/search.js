/** Search and ask: results for a text or a picture, and a conversation beside them. */
import { html, useState } from "../vendor/preact.js";
import { url } from "../core/api.js";
import { useUrlState } from "../core/url_state.js";
import { UserField } from "../parts/combobox.js";
import { Facets } from "../parts/controls.js";
import { Tabs } from "../parts/tabs.js";
import { Conversation } from "../search/conversation.js";
import { PictureButton, PictureDrop, PictureResults } from "../search/picture.js";
import { QueryField } from "../search/query_field.js";
import { TextResults } from "../search/results.js";

const STATE = { q: "", mode: "hybrid", user: "", filter: [], k: 20, side: "search" };
const MODES = [
  ["hybrid", "Meaning and words"],
  ["semantic", "Meaning"],
  ["keyword", "Words"],
  ["picture", "Pictures"],
];
const SIDES = [
  ["search", "Search"],
  ["ask", "Ask"],
];

export default function SearchView() {
  const [state, change] = useUrlState(STATE);
  const [file, setFile] = useState(null);
  const [problem, setProblem] = useState("");
  const take = (picked) => {
    const fits = ["image/png", "image/jpeg"].includes(picked.type);
    setFile(fits ? picked : file);
    setProblem(fits ? "" : `${picked.name} is no PNG or JPEG picture`);
  };
  return html`
    <div class="head"><h1>Search and ask</h1></div>
    <div class="sides"><${Tabs} label="Search or ask" tabs=${SIDES} current=${state.side} panels=${{ search: "side-search", ask: "side-ask" }} onChange=${(side) => change({ side })} /></div>
    <div class=${`search-page side-${state.side}`}>
      <${Scope} state=${state} change=${change} />
      <section class="results" id="side-search" aria-label="Search">
        <${PictureDrop} onTake=${take}>
          <div class="row query"><${QueryField} q=${state.q} onQuery=${(q, how) => { setFile(null); change({ q, k: STATE.k }, how); }} /><${PictureButton} onTake=${take} /></div>
          ${problem ? html`<p class="notice warn" role="alert">${problem}</p>` : null}
          ${file
            ? html`<${PictureResults} file=${file} state=${state} change=${change} onRemove=${() => setFile(null)} />`
            : html`<${Tabs} label="Search by" tabs=${MODES} current=${state.mode} onChange=${(mode) => change({ mode, k: STATE.k }, { push: true })}><${TextResults} state=${state} change=${change} /><//>`}
        <//>
      </section>
      <${Conversation} user=${state.user} filters=${state.filter} />
    </div>`;
}

/** What holds for the results and for the conversation: the user and the filters. */
function Scope({ state, change }) {
  const [wide] = useState(() => matchMedia("(min-width: 1101px)").matches);
  return html`<aside class="knobs scope" aria-label="User and filters"><details open=${wide || state.filter.length > 0}><summary>User and filters</summary>
    <${UserField} label="For a user" onTake=${({ id }) => change({ user: id }, { push: true })} />
    ${state.user
      ? html`<p>By the taste of <a href=${url(`/ui/users/${encodeURIComponent(state.user)}`)}><code>${state.user}</code></a> <button type="button" class="link" onClick=${() => change({ user: "" }, { push: true })}>clear</button></p>`
      : html`<p class="quiet">With a user, the results follow the user's taste.</p>`}
    <h2>Filters</h2>
    <${Facets} filters=${state.filter} onChange=${(filter) => change({ filter }, { push: true })} />
  </details></aside>`;
}
