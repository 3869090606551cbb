/** The dialog that asks once before the store is switched. */
import { html, useEffect, useRef } from "../vendor/preact.js";

/** Open while `version` is not empty. */
export function Rollback({ version, from, onYes, onNo }) {
  const dialog = useRef(null);
  useEffect(() => {
    if (version && !dialog.current.open) dialog.current.showModal();
    if (!version && dialog.current.open) dialog.current.close();
  }, [version]);
  return html`<dialog ref=${dialog} aria-labelledby="rollback-title" onClose=${() => version && onNo()}>
    <h2 id="rollback-title">Serve <code>${version}</code>?</h2>
    <p>The store points to <code>${from}</code> now. Its files are checked, then all workers follow within seconds. Nothing is deleted.</p>
    <div class="row end"><button type="button" onClick=${onNo}>Cancel</button><button type="button" class="danger" onClick=${onYes}>Roll back</button></div>
  </dialog>`;
}
