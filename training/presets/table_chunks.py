"""Rows of known exports under the column names of the configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recsys.config import Config, DataConfig, TableName
from recsys.errors import DataError
from training.presets import movielens
from training.presets.declared import MOVIELENS, PRESETS
from training.presets.preset import Table
from training.read import Accounting, Chunk, Source, read_table
from training.read.values import LIST_JOINT, coded

if TYPE_CHECKING:
    import pyarrow as pa

NO_ITEM = "without an item"
KEYS = ("user", "item", "value", "event", "timestamp", "title")
Columns = Mapping[str, tuple[str, ...]]


def applied(config: Config) -> Config:
    """Return the configuration with the values of its preset where it has none of its own."""
    if not config.data.preset:
        return config
    preset = PRESETS[config.data.preset]
    threshold = preset.threshold if config.data.threshold is None else config.data.threshold
    data = config.data.model_copy(update={"threshold": threshold})
    return config.model_copy(update={"data": data, "events": config.events or dict(preset.events)})


def interaction_chunks(
    config: Config, accounting: Accounting, advance: Callable[[int], None], others: Sequence[str] = ()
) -> Iterator[Chunk]:
    """Yield the interactions of a configuration with a preset that is :func:`applied`, with `others` of the columns.

    Raises DataError.
    """
    data = config.data
    preset = PRESETS[data.preset]
    if preset is MOVIELENS:
        yield from movielens.rating_chunks(Path(data.interactions.file), data, accounting)
        return
    keys, table = data.of("interactions"), preset.interactions
    columns = {name: (name,) for name in others} | dict(_columns(table, keys, KEYS[:5]))
    wanted = [name for names in columns.values() for name in names]
    coded_columns = [name for key, names in columns.items() if key != keys.timestamp_column for name in names]
    source = Source.of(
        data,
        "interactions",
        (),
        accounting,
        wanted=(*wanted, *(table.others or ())),
        coded=coded_columns,
        advance=advance,
    )
    chunks = read_table(data.interactions, "data.interactions", source)
    chunks = table.reshape(chunks, data, accounting) if table.reshape else chunks
    for chunk in chunks:
        named = _named(chunk, table, columns, (keys.user_column, keys.item_column))
        rows = {name: named.columns[name] for name in columns if name in named.columns}
        if table.ticks != 1 and keys.timestamp_column in rows:
            rows[keys.timestamp_column] = _in_seconds(rows[keys.timestamp_column], table.ticks)
        used = replace(named, columns=rows)
        if preset.events:
            reason = "events of type {} (weights are in [events])"
            used = _without(used, keys.event_column, _is_other_than(config.events), reason, accounting, "interactions")
        yield _without(used, keys.item_column, table.absent.__contains__, NO_ITEM, accounting, "interactions")


def item_chunks(data: DataConfig, accounting: Accounting, advance: Callable[[int], None]) -> Iterator[Chunk]:
    """Yield the items of a configuration with a preset; raises DataError."""
    preset = PRESETS[data.preset]
    if preset is MOVIELENS:
        yield from movielens.item_chunks(Path(data.interactions.file), data, accounting)
        return
    what: TableName = "interactions" if not data.items and preset.has_items_within else "items"
    if not getattr(data, what):
        return
    keys, table = data.of("items"), preset.items
    columns = _columns(table, keys, ("item", "title"))
    known = [name for names in columns.values() for name in names]
    wanted = None if table.others is None else (*known, *table.others, *table.tags)
    source = replace(
        Source.of(data, what, (), accounting, wanted=wanted, coded=columns[keys.item_column], advance=advance),
        what="items",
    )
    chunks = read_table(getattr(data, what), f"data.{what}", source)
    for chunk in table.reshape(chunks, data, accounting) if table.reshape else chunks:
        named = _named(chunk, table, columns, (keys.item_column,))
        yield _without(named, keys.item_column, table.absent.__contains__, NO_ITEM, accounting, "items")


def _columns(table: Table, keys: DataConfig, own: Sequence[str]) -> Columns:
    """Return the columns of the export by the name that they get; a column that the configuration sets is that one alone.

    A key with its default counts as not set: files of configurations often have all keys.
    """
    columns = {name: names for name, names in table.columns.items() if name not in KEYS}
    for name in own:
        configured = getattr(keys, f"{name}_column")
        if configured != DataConfig.model_fields[f"{name}_column"].default:
            columns[configured] = (configured,)
        elif name in table.columns:
            columns[configured] = table.columns[name]
    columns.pop("", None)
    return columns


def _named(chunk: Chunk, table: Table, columns: Columns, required: Sequence[str]) -> Chunk:
    """Return the rows under our names, with the other columns of the chunk behind them; raises DataError without an id."""
    taken = {name for names in columns.values() for name in names}
    found = {name: [chunk.columns[own] for own in names if own in chunk.columns] for name, names in columns.items()}
    for name in required:
        if len(chunk) and not found[name]:
            raise DataError(f"{chunk.source}: none of the columns {', '.join(columns[name])} of the preset is there")
    others = {name: column for name, column in chunk.columns.items() if name not in taken | set(columns)}
    named = {name: _first(arrays) for name, arrays in found.items() if arrays}
    if table.tags and (tags := [chunk.texts(name) for name in table.tags if name in chunk.columns]):
        named["tags"] = _tags(tags)
    unread = [name for name in chunk.names if name not in taken | set(columns)]
    return replace(chunk, columns=named | others, names=(*named, *unread))


def _first(arrays: Sequence[pa.Array]) -> pa.Array:
    """Return the first value that is not empty of each row."""
    import pyarrow as pa
    from pyarrow import compute

    if len(arrays) == 1:
        return arrays[0]
    strings = [array.cast(pa.string()) for array in arrays]
    return compute.coalesce(*(compute.if_else(compute.equal(array, ""), None, array) for array in strings))


def _tags(columns: Sequence[Sequence[str]]) -> pa.Array:
    import pyarrow as pa

    rows = (LIST_JOINT.join(dict.fromkeys(filter(None, values))) for values in zip(*columns, strict=True))
    return pa.array(rows, pa.string())


def _is_other_than(weights: Mapping[str, float]) -> Callable[[str], bool]:
    return lambda event: bool(event) and event not in weights


def _in_seconds(column: pa.Array, ticks: int) -> pa.Array:
    """Return times of a unit as seconds; what is no integer remains as it is."""
    import pyarrow as pa
    from pyarrow import compute

    try:
        return compute.divide(column.cast(pa.int64()), ticks)
    except pa.ArrowInvalid:
        return column


def _without(
    chunk: Chunk, name: str, is_left_out: Callable[[str], bool], reason: str, accounting: Accounting, what: str
) -> Chunk:
    """Return the rows whose value of a column is used; count the others."""
    if name not in chunk.columns:
        return chunk
    codes, values = coded(chunk.columns[name])
    left_out = np.array([is_left_out(value) for value in values], bool)
    if not left_out.any():
        return chunk
    for code, n in enumerate(np.bincount(codes, minlength=len(values)).tolist()):
        if left_out[code] and n:
            accounting.left_out[what, reason.format(repr(values[code]))] += n
    return chunk.take(np.flatnonzero(~left_out[codes]))
