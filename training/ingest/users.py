"""From rows of the file of users, and what a service received, to attributes of users."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from recsys.config import Config
from recsys.data.catalog import Attribute
from recsys.events.records import user_hash
from training.ingest.id_form import formed_texts
from training.ingest.items import FEW_OTHERS, attribute, list_columns, read_rows, split_list, written
from training.ingest.missing import without
from training.ingest.stored_events import StoredEvents
from training.read import Accounting, Chunk, Source, read_table

Rows = dict[str, dict[str, str]]


def read_users(
    config: Config, accounting: Accounting, stored: StoredEvents, advance: Callable[[int], None]
) -> dict[str, dict[str, Attribute]]:
    """Return the attributes of each user that has some, files first and then what the service received; none of a deleted user.

    A column whose values are numbers but for a few has numbers.
    """
    keys = config.data.of("users")
    rows: Rows = {}
    if config.data.users:
        source = Source.of(config.data, "users", (keys.user_column,), accounting, advance=advance)
        chunks = without(read_table(config.data.users, "data.users", source), keys.missing)
        kept = _kept(chunks, keys.user_column, config, stored, accounting)
        rows, _ = read_rows(kept, "user", keys.user_column, (), accounting)
    for change in stored.users:
        row = rows.setdefault(change.user_id, {})
        if change.kind == "put":
            row.clear()
        row.update((name, written(value)) for name, value in change.values.items())
    names = dict.fromkeys(name for row in rows.values() for name in row)
    lists = list_columns(rows.values(), names, keys.list_separator)
    numbers = {name for name in names if name not in lists and _are_numbers(rows, name)}
    return {user_id: values for user_id, row in rows.items() if (values := _attributes(row, lists, numbers))}


def _kept(
    chunks: Iterable[Chunk], column: str, config: Config, stored: StoredEvents, accounting: Accounting
) -> Iterator[Chunk]:
    """Yield the rows of users that were not deleted, with the ids in their configured form."""
    import pyarrow as pa

    for chunk in chunks:
        ids = chunk.texts(column)
        as_formed = formed_texts(ids, config.data.id_form)
        pairs = zip(ids, as_formed, strict=True)
        deleted = np.array([not stored.forgotten.isdisjoint(map(user_hash, pair)) for pair in pairs], dtype=bool)
        accounting.left_out["users", "of deleted users"] += int(deleted.sum())
        formed = replace(chunk, columns={**chunk.columns, column: pa.array(as_formed, pa.large_string())})
        yield formed.take(np.flatnonzero(~deleted)) if deleted.any() else formed


def _are_numbers(rows: Mapping[str, Mapping[str, str]], name: str) -> bool:
    values = [row[name] for row in rows.values() if row.get(name)]
    return sum(attribute(value) is value for value in values) <= FEW_OTHERS * len(values)


def _attributes(row: Mapping[str, str], lists: Mapping[str, str], numbers: set[str]) -> dict[str, Attribute]:
    return {
        name: split_list(value, lists[name]) if name in lists else attribute(value) if name in numbers else value
        for name, value in row.items()
        if value
    }
