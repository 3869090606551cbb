"""From rows of item files to catalog records."""

from __future__ import annotations

import json
import re
import warnings
from ast import literal_eval
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Literal

from recsys.config import DataConfig
from recsys.data.catalog import Attribute, Item
from recsys.data.item_text import PROSE, joined_text, text_columns
from recsys.errors import ConfigError, did_you_mean
from recsys.events.item_values import TITLE, ItemChange, Value
from training.read import Accounting, Chunk
from training.read.values import LIST_JOINT

TITLES = (
    "name",
    "product_name",
    "prod_name",
    "item_name",
    "product_title",
    "item_title",
)  # other usual columns of titles
ABSENT = frozenset(("nan", "n/a", "#n/a", "null", "none", "\\n"))
LONGEST_LIST = 10_000
CANONICAL = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?", re.ASCII)
FEW_OTHERS = 0.1  # of the values of a column, which may be a mistake


def build_items(
    chunks: Iterable[Chunk],
    data: DataConfig,
    configured: Sequence[str],
    accounting: Accounting,
    changes: Iterable[ItemChange] = (),
) -> list[Item]:
    """Return one item a row, except for rows without an id and later rows of the same id, which are rejected.

    `changes`, which a service received, replace and add rows, or values of them; new items follow those of the files.

    Raises ConfigError when a column of `configured`, the text columns, is in no file.
    """
    rows, names = read_rows(chunks, "item", data.item_column, (*PROSE, data.title_column), accounting)
    names.update(dict.fromkeys(_change_rows(rows, changes, data.title_column)))
    title = _title_column(data.title_column, names, accounting)
    text_names = _text_columns(configured, names, title)
    separators = list_columns(rows.values(), names, data.list_separator)
    numbers = _number_columns(rows.values(), names)
    separators.pop(title, None)
    return [_item(item_id, row, title, text_names, separators, numbers) for item_id, row in rows.items()]


def read_rows(
    chunks: Iterable[Chunk], of: Literal["item", "user"], id_column: str, prose: Container[str], accounting: Accounting
) -> tuple[dict[str, dict[str, str]], dict[str, None]]:
    """Return the rows by id, without the id, and the names of the columns; bad rows and later ones of an id are rejected."""
    rows: dict[str, dict[str, str]] = {}
    names: dict[str, None] = {}
    for chunk in chunks:
        names.update(dict.fromkeys(chunk.columns))
        columns = {name: chunk.texts(name) for name in chunk.columns}
        for number, line in enumerate(chunk.lines):
            row = {name: values[number] for name, values in columns.items()}
            row_id = row.pop(id_column)
            row.update((name, _cell(value)) for name, value in row.items() if name not in prose)
            if row_id and row_id not in rows:
                rows[row_id] = row
                continue
            reason = f"another record of the same {of} id; the first counts" if row_id else f"no {id_column}"
            accounting.reject(f"{of}s", chunk.source, line, reason, [row_id, *row.values()])
    return rows, names


def _change_rows(rows: dict[str, dict[str, str]], changes: Iterable[ItemChange], title: str) -> Iterator[str]:
    """Change rows by id; yield the names of the changed columns."""
    for change in changes:
        if change.is_deleted:
            rows.pop(change.item_id, None)
            continue
        row = rows.setdefault(change.item_id, {})
        if change.kind == "put":
            row.clear()
        for key, value in change.values.items():
            name = (title or TITLE) if key == TITLE else key
            row[name] = written(value)
            yield name


def written(value: Value | None) -> str:
    """Return a value as a file has it."""
    if value is None:
        return ""
    if isinstance(value, list):
        return LIST_JOINT.join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def almost_numbers(items: Sequence[Item]) -> Iterator[tuple[str, str]]:
    """Yield attributes that are texts because of a few values, and the first such value of each."""
    texts: dict[str, list[str]] = defaultdict(list)
    for item in items:
        for name, value in item.attributes.items():
            if isinstance(value, str) and name not in PROSE:
                texts[name].append(value)
    for name, values in texts.items():
        others = [value for value in values if attribute(value) is value]
        if 0 < len(others) <= FEW_OTHERS * len(values):
            yield name, others[0]


def _cell(value: str) -> str:
    """Return the value of a column that is not prose: empty for a word such as "null", joined for a list in brackets."""
    plain = value.strip()
    if plain.casefold() in ABSENT:
        return ""
    if not (plain.startswith("[") and plain.endswith("]")) or len(plain) > LONGEST_LIST:
        return value
    entries = _parse(plain)
    if not isinstance(entries, list) or not all(isinstance(entry, str | int | float | None) for entry in entries):
        return value
    return LIST_JOINT.join(str(entry) for entry in entries if entry is not None)


def _parse(text: str) -> object:
    """Return the value of a JSON or Python literal, None for another text."""
    for parse in (json.loads, literal_eval):
        with (
            suppress(ValueError, SyntaxError, MemoryError, RecursionError),
            warnings.catch_warnings(action="ignore"),  # unknown escape sequences
        ):
            return parse(text)
    return None


def _title_column(configured: str, names: Iterable[str], accounting: Accounting) -> str:
    """Return the column of titles; raises ConfigError when the files lack one that is configured."""
    if configured not in names and names:
        if configured not in ("", TITLE):
            raise ConfigError(
                f"data.title_column = {configured!r}: there is no such column{did_you_mean(configured, names)}"
            )
        usual = next((name for name in names if name.casefold().replace(" ", "_") in TITLES), None)
        if usual is not None and configured:
            accounting.note(
                f"no column of the items is called title; to show {usual}, set data.title_column = {json.dumps(usual)}"
            )
    return configured


def _text_columns(configured: Sequence[str], names: Iterable[str], title: str) -> list[str]:
    for name in configured:
        if name not in names:
            raise ConfigError(f"content.columns: the item files have no column {name!r}{did_you_mean(name, names)}")
    return text_columns(configured, names, title)


def list_columns(rows: Iterable[dict[str, str]], names: Iterable[str], configured: str) -> dict[str, str]:
    """Return the separator of each column that holds a list in at least one record."""
    return {
        name: separator
        for row in rows
        for separator in (configured, LIST_JOINT)  # the last one found wins
        for name in names
        if separator and name not in PROSE and separator in row.get(name, "")
    }


def _number_columns(rows: Iterable[dict[str, str]], names: Iterable[str]) -> set[str]:
    """Return the columns whose values are all the usual spelling of a number."""
    candidates = {name for name in names if name not in PROSE}
    for row in rows:
        candidates = {name for name in candidates if not row.get(name) or attribute(row[name]) is not row[name]}
    return candidates


def _item(
    item_id: str,
    row: dict[str, str],
    title: str,
    columns: Sequence[str],
    lists: dict[str, str],
    numbers: set[str],
) -> Item:
    text = joined_text(split_list(row.get(name, ""), lists.get(name)) for name in columns)
    attributes: dict[str, Attribute] = {
        name: split_list(value, lists[name]) if name in lists else attribute(value) if name in numbers else value
        for name, value in row.items()
        if name != title and value
    }
    return Item(item_id, row.get(title, ""), text, attributes)


def split_list(value: str, separator: str | None) -> list[str]:
    return value.split(separator) if separator else [value]


def attribute(text: str) -> str | int | float:
    """Return a number if the text is the usual spelling of one (not ``007``), else the text."""
    if not CANONICAL.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)
