/** A modal dialog, open while `open` is true; `onClose` is called when it is closed by a key. */
import { html, useEffect, useRef } from "../vendor/preact.js";

export function Dialog({ open, title, onClose, children }) {
  const dialog = useRef(null);
  useEffect(() => {
    if (open && !dialog.current.open) dialog.current.showModal();
    if (!open && dialog.current.open) dialog.current.close();
  }, [open]);
  return html`<dialog ref=${dialog} aria-labelledby=${title} onClose=${() => open && onClose()}>${children}</dialog>`;
}
