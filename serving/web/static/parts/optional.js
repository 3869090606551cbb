/** Parts that a model or a key may lack: what is missing stands in their place, and the rest of the view goes on. */
import { html } from "../vendor/preact.js";
import { Answered, Empty } from "./states.js";

const MISSING = { 403: "Needs another key", 409: "Not part of this model" };

/** As Answered, but 403 and 409 are states of the part and no failures. */
export function Optional({ answer, rows = 3, missing = MISSING[409], children }) {
  const { error, data } = answer;
  if (error && !data && MISSING[error.status]) return html`<${Empty} title=${error.status === 409 ? missing : MISSING[403]}>${error.message}<//>`;
  return html`<${Answered} answer=${answer} rows=${rows}>${children}<//>`;
}
