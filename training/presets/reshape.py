"""Rows of exports whose tables are not rows of interactions and items, as such."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recsys.config import DataConfig
from training.read import Accounting, Chunk, Source, read_table
from training.read.chunk import from_texts
from training.read.opening import plain_name
from training.read.values import LIST_JOINT, coded, text

if TYPE_CHECKING:
    from training.presets.preset import Reshape

MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
RECOMBEE_FILES = {  # parts of the names of files, in lower case without other characters than letters
    "portion": "view portion",
    "view": "detail view",
    "purchase": "purchase",
    "cart": "cart addition",
    "bookmark": "bookmark",
    "rating": "rating",
}
PLAIN_PROPERTIES = ("categoryid", "available")
Rows = Iterator[tuple[Chunk, int, dict[str, str]]]  # of a chunk and a line


def rows_of(chunks: Iterator[Chunk]) -> Rows:
    """Yield each row with its chunk and its line."""
    for chunk in chunks:
        columns = [chunk.texts(name) for name in chunk.columns]
        for line, values in zip(chunk.lines, zip(*columns, strict=True), strict=True):
            yield chunk, line, dict(zip(chunk.columns, values, strict=True))


class Records:
    """One record for each id, from several rows; a later value replaces an earlier one, and an empty one nothing."""

    def __init__(self, accounting: Accounting, reason: str) -> None:
        self.accounting, self.reason = accounting, reason
        self.lines: dict[str, int] = {}
        self.values: dict[str, dict[str, str]] = {}
        self.source = ""

    def add(self, chunk: Chunk, line: int, item: str, values: Mapping[str, str]) -> None:
        if item in self.lines:
            self.accounting.left_out["items", self.reason] += 1
        self.lines.setdefault(item, line)
        self.values.setdefault(item, {}).update((name, value) for name, value in values.items() if value)
        self.source = self.source or chunk.source

    def chunk(self, id_column: str) -> Iterator[Chunk]:
        """Yield the records, if there are any."""
        names = dict.fromkeys(name for record in self.values.values() for name in record)
        columns = {name: [record.get(name, "") for record in self.values.values()] for name in names}
        if self.lines:
            yield from_texts(self.source, [*self.lines.values()], columns | {id_column: [*self.lines]})


def last_of_each(*id_columns: str) -> Reshape:
    """Return the reshaping of rows with attributes of items to one row for each item."""

    def reshaped(chunks: Iterator[Chunk], _: DataConfig, accounting: Accounting) -> Iterator[Chunk]:
        records = Records(accounting, "another row of the same item")
        for chunk, line, row in rows_of(chunks):
            if item := next((row[name] for name in id_columns if row.get(name)), ""):
                records.add(chunk, line, item, {name: row[name] for name in row if name not in id_columns})
            else:
                accounting.left_out["items", "without an item"] += 1
        yield from records.chunk(id_columns[0])

    return reshaped


def metarank_interactions(chunks: Iterator[Chunk], _: DataConfig, accounting: Accounting) -> Iterator[Chunk]:
    """Yield the events of interactions alone."""
    for chunk in chunks:
        codes, kinds = coded(chunk.columns["event"])
        for kind, n in zip(kinds, np.bincount(codes, minlength=len(kinds)).tolist(), strict=True):
            if kind != "interaction":
                accounting.left_out["interactions", f"events of kind {kind!r}"] += n
        yield chunk.take(np.flatnonzero(np.array([kind == "interaction" for kind in kinds], bool)[codes]))


def metarank_items(chunks: Iterator[Chunk], _: DataConfig, accounting: Accounting) -> Iterator[Chunk]:
    """Yield an item for all events that have its fields."""
    records = Records(accounting, "another event of the same item")
    for chunk, line, row in rows_of(chunks):
        if row["event"] != "item":
            accounting.left_out["items", f"events of kind {row['event']!r}"] += 1
            continue
        fields = [json.loads(written) for written in row.get("fields", "").split(LIST_JOINT) if written]
        records.add(chunk, line, row["item"], {field["name"]: text(field.get("value")) for field in fields})
    yield from records.chunk("item")


def recombee_interactions(chunks: Iterator[Chunk], _: DataConfig, accounting: Accounting) -> Iterator[Chunk]:
    """Yield rows with the type of event that the name of their file says; ratings below 0 are left out."""
    import pyarrow as pa

    for chunk in chunks:
        letters = re.sub("[^a-z]", "", plain_name(Path(chunk.source)).lower())
        event = next((event for part, event in RECOMBEE_FILES.items() if part in letters), "")
        columns = dict(chunk.columns) | {"event": pa.array([event] * len(chunk), pa.string())}
        named = Chunk(chunk.source, chunk.lines, columns, chunk.names, chunk.raw)
        if "rating" in columns:
            is_low = np.array([value.startswith("-") for value in chunk.texts("rating")], bool)
            accounting.left_out["interactions", "ratings below 0"] += int(is_low.sum())
            named = named.take(np.flatnonzero(~is_low))
        yield named


def retailrocket_properties(chunks: Iterator[Chunk], _: DataConfig, accounting: Accounting) -> Iterator[Chunk]:
    """Yield an item for all values of its properties with a plain name; the latest value holds."""
    records = Records(accounting, "another property or an older value of the same item")
    latest: dict[tuple[str, str], int] = {}
    for chunk in chunks:
        codes, names = coded(chunk.columns["property"])
        is_plain = np.array([name in PLAIN_PROPERTIES for name in names], bool)[codes]
        accounting.left_out["items", "properties whose names are hashes"] += int((~is_plain).sum())
        for part, line, row in rows_of(iter([chunk.take(np.flatnonzero(is_plain))])):
            key, time = (row["itemid"], row["property"]), int(row["timestamp"] or 0)
            is_latest = time >= latest.get(key, 0)
            latest[key] = max(time, latest.get(key, 0))
            records.add(part, line, row["itemid"], {row["property"]: row["value"]} if is_latest else {})
    yield from records.chunk("itemid")


def shopify_products(chunks: Iterator[Chunk], _: DataConfig, accounting: Accounting) -> Iterator[Chunk]:
    """Yield a product for its row and those of its other variants and pictures, with plain text and lists."""
    records = Records(accounting, "another variant or picture of the same product")
    for chunk, line, row in rows_of(chunks):
        handle, known = row["Handle"], records.values.get(row["Handle"], {})
        values = {name: value for name, value in row.items() if name != "Handle" and name not in known}
        values["Body (HTML)"] = _plain(values.get("Body (HTML)", ""))
        values["Tags"] = LIST_JOINT.join(filter(None, map(str.strip, values.get("Tags", "").split(","))))
        values["Variant SKU"] = LIST_JOINT.join(
            filter(None, (known.get("Variant SKU", ""), row.get("Variant SKU", "")))
        )
        records.add(chunk, line, handle, values)
    yield from records.chunk("Handle")


def shopify_orders(chunks: Iterator[Chunk], data: DataConfig, accounting: Accounting) -> Iterator[Chunk]:
    """Yield the lines of orders with the buyer and the time of their order, and the handle of their product."""
    handles = _handles(data)
    order = ("", "", "")  # name, buyer, time
    for chunk in chunks:
        columns = {name: chunk.texts(name) for name in chunk.columns}
        size = len(chunk)
        skus, products = (columns.get(name, [""] * size) for name in ("Lineitem sku", "Lineitem name"))
        for row in range(size):
            name, buyer, time = (columns[key][row] for key in ("Name", "Email", "Created at"))
            order = (name, buyer or order[1], time or order[2]) if name == order[0] else (name, buyer, time)
            columns["Email"][row], columns["Created at"][row] = order[1:]
            product = products[row]
            names = skus[row], product, product.rpartition(" - ")[0]
            skus[row] = next((handles[name] for name in names if name in handles), skus[row] or product)
        has_buyer = np.array(columns["Email"]) != ""
        accounting.left_out["interactions", "lines of orders without an email"] += int((~has_buyer).sum())
        yield from_texts(chunk.source, chunk.lines, columns | {"Lineitem sku": skus}).take(np.flatnonzero(has_buyer))


def _handles(data: DataConfig) -> dict[str, str]:
    """Return the handle of each product by the codes of its variants, and by its title."""
    if not data.items:
        return {}
    handles: dict[str, str] = {}
    wanted = ("Title", "Variant SKU")
    source = Source.of(data, "items", ("Handle",), Accounting(), wanted=wanted)
    for _, _, row in rows_of(read_table(data.items, "data.items", source)):
        handles.update((row[name], row["Handle"]) for name in wanted if row.get(name) and row[name] not in handles)
    return handles


def _plain(markup: str) -> str:
    """Return the text of HTML."""
    return " ".join(html.unescape(MARKUP.sub(" ", markup)).split())
