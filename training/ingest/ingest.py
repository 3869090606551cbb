"""From files to interactions and a catalog, with every row accounted for."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from recsys.config import Config, DataConfig
from recsys.data.catalog import Item
from recsys.events.item_values import ItemChange
from training import presets
from training.ingest.dataset import Dataset
from training.ingest.id_form import formed
from training.ingest.interactions import InteractionTable
from training.ingest.items import build_items
from training.ingest.missing import without
from training.ingest.stored_events import WHAT, StoredEvents
from training.ingest.users import read_users
from training.read import Accounting, Chunk, Source, expand, read_table, size
from training.read.location import is_database


def n_bytes(config: Config) -> int:
    """Return the number of bytes of the configured files as they lie on disk, 0 where that is not known; raises DataError."""
    data = config.data
    if data.preset == "movielens" and Path(data.interactions.file).is_dir():
        return sum(file.stat().st_size for file in Path(data.interactions.file).glob("*") if file.is_file())
    tables = [("data.interactions", data.interactions), ("data.items", data.items), ("data.users", data.users)]
    patterns = [(key, table.file) for key, table in tables if table and not is_database(table.file)]
    return sum(size(file) for key, pattern in patterns for file in expand(pattern, key))


def ingest(config: Config, advance: Callable[[int], None] = lambda _: None) -> Dataset:
    """Read the configured files and the event store; `advance` takes the number of bytes of the files that were read.

    Raises
    ------
    DataError
        When a file is missing or unreadable, too many rows are unusable, or no interaction is left.
    EventStoreError
        When the event store exists and cannot be read.
    """
    config = presets.applied(config)
    data = config.data
    rejects = Path(data.rejects) if data.rejects else None
    with Accounting(rejects) as accounting, _garbage_collector_off(), closing(StoredEvents.of(config)) as stored:
        items = _items(config, accounting, advance, stored.items)
        users = read_users(config, accounting, stored, advance)
        events = InteractionTable(config, accounting, items, stored)
        if data.interactions or not stored.watermark.through:
            interactions = _interaction_chunks(config, accounting, advance, events.filter.columns)
            for chunk in without(interactions, data.of("interactions").missing):
                events.add(chunk)
        events.add_stored()
        events.end()
        for what in ("items", "users", "joined", "interactions", WHAT):
            accounting.refuse_if_many(what, data.max_rejected, events.question if what == "interactions" else "")
        return replace(events.dataset(items), users=users)


@contextmanager
def _garbage_collector_off() -> Iterator[None]:
    """Rows have no cycles; with millions of them the garbage collector takes half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _items(
    config: Config, accounting: Accounting, advance: Callable[[int], None], changes: Sequence[ItemChange]
) -> list[Item]:
    data = config.data
    chunks: Iterator[Chunk] = iter(())
    if data.preset:
        chunks = presets.item_chunks(data, accounting, advance)
    elif data.items:
        source = Source.of(
            data, "items", (data.of("items").item_column,), accounting, advice=presets.advice, advance=advance
        )
        chunks = read_table(data.items, "data.items", source)
    elif not changes:
        return []
    keys = data.of("items")
    formed_chunks = _formed(without(chunks, keys.missing), keys)
    return build_items(formed_chunks, keys, config.content.columns, accounting, changes)


def _formed(chunks: Iterator[Chunk], data: DataConfig) -> Iterator[Chunk]:
    """Yield chunks with the ids of items in their configured form."""
    import pyarrow as pa

    from training.read.values import arrow_codes

    for chunk in chunks:
        if data.id_form:
            codes, ids = arrow_codes(chunk.columns[data.item_column])
            column = pa.DictionaryArray.from_arrays(codes, formed(ids, data.id_form))
            yield replace(chunk, columns={**chunk.columns, data.item_column: column})
        else:
            yield chunk


def _interaction_chunks(
    config: Config, accounting: Accounting, advance: Callable[[int], None], filtered: Sequence[str]
) -> Iterator[Chunk]:
    """Return the rows, of which `filtered` are further columns to read."""
    data = config.data
    if data.preset:
        return presets.interaction_chunks(config, accounting, advance, filtered)
    keys = data.of("interactions")
    required, others = (keys.user_column, keys.item_column), (keys.value_column, keys.event_column, *filtered)
    wanted = (*others, keys.timestamp_column)
    coded = (*required, *others)
    hooks = {"advice": presets.advice, "advance": advance}
    source = Source.of(data, "interactions", required, accounting, wanted=wanted, coded=coded, **hooks)
    return read_table(data.interactions, "data.interactions", source)
