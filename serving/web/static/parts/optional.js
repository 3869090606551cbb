/** Parts that a model or a key may lack: what is missing stands in their place, and the rest of the view goes on. */
import { html } from "../vendor/preact.js";
import { Answered, Empty } from "./states.js";

/** As Answered, but a 409 is a state of the part and no failure. */
export function Optional({ answer, rows = 3, missing = "Not part of this model", children }) {
  const { error, data } = answer;
  if (error?.status === 409 && !data) return html`<${Empty} title=${missing}>${error.message}<//>`;
  return html`<${Answered} answer=${answer} rows=${rows}>${children}<//>`;
}
