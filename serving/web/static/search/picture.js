/** Search by a picture: a file that is chosen or dropped, its caption, and the items with such pictures. */
import { html, useEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { send } from "../core/api.js";
import { percent, value } from "../core/format.js";
import { Optional } from "../parts/optional.js";
import { Results, common } from "./results.js";

const TAGS = 3;
const ACCEPT = "image/png,image/jpeg";

/** A button that chooses a file. */
export function PictureButton({ onTake }) {
  const field = useRef(null);
  const taken = (event) => {
    if (event.target.files[0]) onTake(event.target.files[0]);
    event.target.value = "";
  };
  return html`<button type="button" class="picture-button" onClick=${() => field.current.click()}>By picture</button>
    <input ref=${field} type="file" accept=${ACCEPT} hidden aria-label="Picture to search by" onChange=${taken} />`;
}

/** A place that takes a dropped file. */
export function PictureDrop({ onTake, children }) {
  const [over, setOver] = useState(false);
  const drag = (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    setOver(true);
  };
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file) onTake(file);
  };
  const leave = (event) => {
    if (!event.currentTarget.contains(event.relatedTarget)) setOver(false);
  };
  return html`<div class=${over ? "drop over" : "drop"} onDragOver=${drag} onDragLeave=${leave} onDrop=${drop}>${children}</div>`;
}

/** Return the answer of a request with the file as its body, in the form of useAnswer. */
function useUpload(file, path, params) {
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState({ data: null, error: null, loading: true, slow: false, ms: 0 });
  const key = JSON.stringify(params);
  useEffect(() => {
    const stop = new AbortController();
    const started = performance.now();
    setState((old) => ({ ...old, loading: true }));
    send({ method: "POST", path, params, body: file }, stop.signal).then(
      (data) => setState({ data, error: null, loading: false, slow: false, ms: performance.now() - started }),
      (error) => error.name !== "AbortError" && setState({ data: null, error, loading: false, slow: false, ms: 0 }),
    );
    return () => stop.abort();
  }, [file, path, key, turn]);
  return { ...state, reload: () => setTurn((n) => n + 1) };
}

export function PictureResults({ file, state, change, onRemove }) {
  const source = useMemo(() => URL.createObjectURL(file), [file]);
  useEffect(() => () => URL.revokeObjectURL(source), [source]);
  const found = useUpload(file, "/search", common(state));
  const caption = useUpload(file, "/caption", { k: TAGS });
  return html`
    <div class="panel picture"><img src=${source} alt="The picture of this search" /><div class="grow"><h3>${file.name}</h3><${Caption} answer=${caption} />
      <button type="button" onClick=${onRemove}>Remove the picture</button></div></div>
    <${Optional} answer=${found} rows=${6} missing="No search by pictures">${(data) => html`<${Results} data=${data} ms=${found.ms} state=${state} change=${change} />`}<//>`;
}

function Caption({ answer: { data, error } }) {
  if (error) return html`<p class="quiet">${error.status === 409 ? "No caption: " : ""}${error.message}</p>`;
  if (!data) return html`<p class="quiet">Reading the picture…</p>`;
  return html`<p>${data.caption || "No value fits"}</p><ul class="chips">${data.tags.map((tag) => html`<li key=${tag.attribute + tag.value} title=${tag.attribute}>${value(tag.value)} ${percent(tag.share)}</li>`)}</ul>`;
}
