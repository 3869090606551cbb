/** Keys of the whole page. */

const EDITABLE = "input, textarea, select, [contenteditable], dialog";

/** Let `key` move the focus to the first visible element of `selector`, unless a text is being written. */
export function focusByKey(key, selector) {
  addEventListener("keydown", (event) => {
    if (event.key !== key || event.ctrlKey || event.metaKey || event.altKey || event.target.closest(EDITABLE)) return;
    const field = [...document.querySelectorAll(selector)].find((one) => one.checkVisibility());
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.select?.();
  });
}
