"""From rows of item files to catalogue records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from recsys.catalog import Attribute, Item
from recsys.config import DataConfig
from recsys.errors import ConfigError
from recsys.nearest import did_you_mean
from training.accounting import Accounting
from training.parsing import attribute
from training.readers import Chunk

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
    lists = _list_columns(rows.values(), names, data.list_separator)
    return [_item(item_id, row, columns, lists, data.list_separator) for item_id, row in rows.items()]


def _text_columns(wanted: Sequence[str], names: Iterable[str]) -> list[str]:
    for name in wanted:
        if name not in names:
            raise ConfigError(f"content.columns: the item files have no column {name!r}{did_you_mean(name, names)}")
    return list(wanted) or [name for name in TEXT_COLUMNS if name in names]


def _list_columns(rows: Iterable[dict[str, str]], names: Iterable[str], separator: str) -> set[str]:
    if not separator:
        return set()
    candidates = [name for name in names if name not in PROSE]
    return {name for row in rows for name in candidates if separator in row.get(name, "")}


def _item(item_id: str, row: dict[str, str], columns: Sequence[str], lists: set[str], separator: str) -> Item:
    parts = (row.get(name, "").replace(separator, ", ") if name in lists else row.get(name, "") for name in columns)
    attributes: dict[str, Attribute] = {}
    for name, value in row.items():
        if name == TITLE or not value:
            continue
        attributes[name] = value.split(separator) if name in lists else value if name in PROSE else attribute(value)
    return Item(item_id, row.get(TITLE, ""), ". ".join(part for part in parts if part), attributes)
