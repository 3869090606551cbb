/** A table that sorts by any of its columns. */
import { html, useState } from "../vendor/preact.js";

/**
 * `columns` is [{name, title, of, show?, number?}]: `of(row)` is the value to sort by, `show(row)` what the cell has (default: the
 * value). `keyOf(row)` names a row. The order of `rows` holds until a header is pressed.
 */
export function Table({ columns, rows, keyOf, caption, onRow = null, current = null }) {
  const [order, setOrder] = useState(null);
  const sorted = order ? [...rows].sort((a, b) => order.sign * compare(order.column.of(a), order.column.of(b))) : rows;
  const press = (column) => setOrder(order?.column.name === column.name ? { column, sign: -order.sign } : { column, sign: column.number ? -1 : 1 });
  const state = (column) => (order?.column.name !== column.name ? "none" : order.sign > 0 ? "ascending" : "descending");
  return html`<div class="scroll" role="region" aria-label=${caption} tabindex="0"><table class="sortable">
    <caption class="visually-hidden">${caption}</caption>
    <thead><tr>${columns.map((column) => html`<th key=${column.name} scope="col" class=${column.number ? "n" : ""} aria-sort=${column.title ? state(column) : undefined}>${column.title ? html`<button type="button" class="link" onClick=${() => press(column)}>${column.title}</button>` : html`<span class="visually-hidden">Actions</span>`}</th>`)}</tr></thead>
    <tbody>${sorted.map((row) => html`<tr key=${keyOf(row)} aria-current=${current === keyOf(row) ? "true" : undefined} class=${onRow ? "pressable" : ""} onClick=${onRow ? () => onRow(row) : undefined}>
      ${columns.map((column) => html`<td key=${column.name} class=${column.number ? "n" : ""}>${(column.show || column.of)(row)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

function compare(a, b) {
  if (a === null || a === undefined) return b === null || b === undefined ? 0 : -1;
  if (b === null || b === undefined) return 1;
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
}
