/** Placeholder. */
import { html } from "../vendor/preact.js";
export default () => html`<h1>map</h1>`;
