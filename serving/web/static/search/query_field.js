/** The field of a search: results follow while it is written; Enter makes an entry in the history of the browser. */
import { html, useEffect, useState } from "../vendor/preact.js";
import { useDebounced } from "../core/hooks.js";

const TYPING_MS = 250;
const LONGEST = 1000;

export function QueryField({ q, onQuery }) {
  const [text, setText] = useState(q);
  const late = useDebounced(text, TYPING_MS);
  useEffect(() => setText(q), [q]);
  useEffect(() => {
    if (late.trim() !== q && late === text) onQuery(late.trim(), {});
  }, [late]);
  const submit = (event) => {
    event.preventDefault();
    onQuery(text.trim(), { push: true });
  };
  return html`<form role="search" class="grow" onSubmit=${submit}>
    <input type="search" data-search="" aria-label="Search the items" placeholder="a title, words or a description" maxlength=${LONGEST} autocomplete="off" spellcheck="false"
      value=${text} onInput=${(event) => setText(event.target.value)} />
  </form>`;
}
