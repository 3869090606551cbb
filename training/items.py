"""From rows of item files to catalogue records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from recsys.catalog import Attribute, Item
from recsys.config import DataConfig
from recsys.errors import ConfigError
from recsys.nearest import did_you_mean
from training.accounting import Accounting
from training.parsing import attribute
from training.readers import LIST_JOINT, Chunk

TITLE = "title"
TEXT_COLUMNS = ("title", "description", "text", "genres", "tags")
PROSE = ("title", "description", "text")


def build_items(
    chunks: Iterable[Chunk], data: DataConfig, text_columns: Sequence[str], accounting: Accounting
) -> list[Item]:
    """One item a row; rows without an id, and later rows of an id that was there already, are rejected.

    Raises
    ------
    ConfigError
        When a column of `text_columns` is in no file.
    """
    rows: dict[str, dict[str, str]] = {}
    names: dict[str, None] = {}
    for chunk in chunks:
        names.update(dict.fromkeys(chunk.columns))
        for number, line in enumerate(chunk.lines):
            row = {name: values[number] for name, values in chunk.columns.items()}
            item_id = row.pop(data.item_column)
            reason = "repeated item id" if item_id in rows else "" if item_id else f"no {data.item_column}"
            if reason:
                accounting.reject("items", chunk.file, line, reason, [item_id, *row.values()])
            else:
                rows[item_id] = row
    columns = _text_columns(text_columns, names)
    separators = _list_columns(rows.values(), names, data.list_separator)
    numbers = _number_columns(rows.values(), names)
    return [_item(item_id, row, columns, separators, numbers) for item_id, row in rows.items()]


def _text_columns(wanted: Sequence[str], names: Iterable[str]) -> list[str]:
    for name in wanted:
        if name not in names:
            raise ConfigError(f"content.columns: the item files have no column {name!r}{did_you_mean(name, names)}")
    return list(wanted) or [name for name in TEXT_COLUMNS if name in names]


def _list_columns(rows: Iterable[dict[str, str]], names: Iterable[str], configured: str) -> dict[str, str]:
    """Columns that hold a list in at least one record, with what separates its entries."""
    candidates = [name for name in names if name not in PROSE]
    wanted = [separator for separator in (LIST_JOINT, configured) if separator]
    return {
        name: separator
        for row in rows
        for separator in reversed(wanted)
        for name in candidates
        if separator in row.get(name, "")
    }


def _number_columns(rows: Iterable[dict[str, str]], names: Iterable[str]) -> set[str]:
    """Columns in which every value that is there is the usual spelling of a number."""
    candidates = {name for name in names if name not in PROSE}
    for row in rows:
        candidates = {name for name in candidates if not row.get(name) or attribute(row[name]) is not row[name]}
    return candidates


def _item(item_id: str, row: dict[str, str], columns: Sequence[str], lists: dict[str, str], numbers: set[str]) -> Item:
    parts = (", ".join(_split(row.get(name, ""), lists.get(name))) for name in columns)
    attributes: dict[str, Attribute] = {}
    for name, value in row.items():
        if name == TITLE or not value:
            continue
        if name in lists:
            attributes[name] = _split(value, lists[name])
        else:
            attributes[name] = attribute(value) if name in numbers else value
    return Item(item_id, row.get(TITLE, ""), ". ".join(part for part in parts if part), attributes)


def _split(value: str, separator: str | None) -> list[str]:
    return value.split(separator) if separator else [value]
