/** The dialog that asks once before the store is switched. */
import { html } from "../vendor/preact.js";
import { Dialog } from "../parts/dialog.js";

/** Open while `version` is not empty. */
export const Rollback = ({ version, from, onYes, onNo }) => html`<${Dialog} open=${Boolean(version)} title="rollback-title" onClose=${onNo}>
  <h2 id="rollback-title">Serve <code>${version}</code>?</h2>
  <p>The store points to <code>${from}</code> now. Its files are checked, then all workers follow within seconds. Nothing is deleted.</p>
  <div class="row end"><button type="button" onClick=${onNo}>Cancel</button><button type="button" class="danger" onClick=${onYes}>Roll back</button></div>
<//>`;
