"""The good rows of all files as numbers, and the user-item pairs that they add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsys.config import Config, DataConfig
from recsys.data.catalog import Catalog, Item
from recsys.data.histories import Histories
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions
from recsys.data.table_files import read_ids
from recsys.errors import DataError, did_you_mean
from recsys.events.activity import EventRules
from recsys.events.records import user_hash
from recsys.events.timestamps import number, seconds
from recsys.model.popularity import decay
from training.ingest import movielens
from training.ingest.accounting import Accounting
from training.ingest.dataset import Dataset, Ratings
from training.ingest.items import almost_numbers
from training.ingest.readers import Chunk
from training.ingest.stored_events import FILE, WHAT, StoredEvents

SMALLEST_WEIGHT = 1e-6
MOST_NUMBERS = 100_000
LARGEST_VALUE = 1e15  # sums of more would leave float32

Ids = NDArray[np.object_]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
Times = NDArray[np.int64]
Nums = NDArray[np.int32]


class EventTable:
    """Collects the good rows of all chunks as numbers."""

    def __init__(self, config: Config, accounting: Accounting, items: Iterable[Item], stored: StoredEvents) -> None:
        self.config, self.data, self.accounting, self.stored = config, config.data, accounting, stored
        threshold = config.data.threshold
        self.source = config.data.interactions or str(FILE)
        self.threshold = movielens.THRESHOLD if threshold is None and config.data.preset else threshold
        missing = 1.0 if self.threshold is None else None  # a missing rating is no rating
        self.number = lru_cache(MOST_NUMBERS)(lambda text: number(text) if text else missing)
        self.is_deleted = cache(lambda user_id: user_hash(user_id) in stored.forgotten)
        path = config.data.exclude_users
        self.excluded = frozenset(read_ids(Path(path), "data.exclude_users")) if path else frozenset[str]()
        self.n_excluded = self.n_deleted = 0
        self.users: dict[str, int] = {}
        self.items = {item.item_id: num for num, item in enumerate(items)}
        self.parts: list[pd.DataFrame] = []
        self.event_rows: Counter[str] = Counter()
        self.columns: dict[str, None] = {}  # of the files
        self.has_times: bool | None = None

    def add(self, chunk: Chunk) -> None:
        """Add rows of the files."""
        self.columns.update(dict.fromkeys(chunk.columns))
        name = self.data.timestamp_column
        if self.has_times not in (None, name in chunk.columns):
            raise DataError(f"{chunk.file}: some rows have the column {name!r} and some have not")
        self.has_times = name in chunk.columns
        self._add(chunk, "interactions")

    def add_stored(self) -> None:
        """Add rows of the event store, after those of the files."""
        liked = 1.0 if self.threshold is None else self.threshold  # an event without a rating is a liked one
        if self.has_times is None:
            self.has_times = self.stored.store is not None
        for chunk in self.stored.chunks(self.data, liked):
            self.accounting.read[WHAT] += len(chunk)
            self._add(chunk, WHAT)

    def _add(self, chunk: Chunk, what: str) -> None:
        data, columns, n = self.data, chunk.columns, len(chunk)
        users, items = (np.array(columns[name], dtype=object) for name in (data.user_column, data.item_column))
        texts, times = columns.get(data.value_column), columns.get(data.timestamp_column)
        events = np.array(columns.get(data.event_column, [""] * n), dtype=object)
        value = np.array([self.number(text) for text in texts] if texts else [1.0] * n, dtype=np.float64)
        weight = np.array([self._weight(event) for event in events], dtype=np.float64)
        time = np.array([_seconds(text) for text in times] if times else [0] * n, dtype=np.int64)
        keep = self._wanted(users, deletes=bool(self.stored.forgotten) and what != WHAT)
        problems = self._problems(users, items, value, weight, time)
        bad = np.logical_or.reduce([*problems.values()])
        for row in np.flatnonzero(keep & bad):
            reason = next(reason for reason, mask in problems.items() if mask[row])
            fields = [values[row] for values in columns.values()]
            self.accounting.reject(what, chunk.file, chunk.lines[row], reason, fields)
        good = keep & ~bad
        self.event_rows.update(events[good])
        nums = {"user": _numbered(self.users, users[good]), "item": _numbered(self.items, items[good])}
        self.parts.append(pd.DataFrame({**nums, "value": value[good], "weight": weight[good], "time": time[good]}))

    def _wanted(self, users: Ids, *, deletes: bool) -> Mask:
        """Return which rows are of users that are neither excluded nor, if `deletes`, deleted; count the others."""
        if not (self.excluded or deletes):
            return np.ones(len(users), dtype=bool)
        excluded = np.array([user in self.excluded for user in users], dtype=bool)
        deleted = np.array([deletes and self.is_deleted(user) for user in users], dtype=bool) & ~excluded
        self.n_excluded += int(excluded.sum())
        self.n_deleted += int(deleted.sum())
        return np.asarray(~(excluded | deleted))

    def _problems(self, users: Ids, items: Ids, value: Floats, weight: Floats, time: Times) -> dict[str, Mask]:
        """Return the bad rows by reason; of several reasons of a row the first counts."""
        data = self.data
        not_negative = f"{data.value_column} is negative; counts are not (set data.threshold for ratings)"
        return {
            f"no {data.user_column}": users == "",
            f"no {data.item_column}": items == "",
            f"{data.value_column} is not a number": np.isnan(value),
            f"{data.value_column} is above 1e15": value > LARGEST_VALUE,
            not_negative: (value < 0) & (self.threshold is None),
            "event type without a weight in [events]": np.isnan(weight),
            f"{data.timestamp_column} is not a time": time < 0,
        }

    def dataset(self, items: list[Item]) -> Dataset:
        table = pd.concat(self.parts, ignore_index=True) if self.parts else pd.DataFrame()
        if table.empty:
            raise DataError(f"{self.source}: no usable interaction; see the accounting of `recsys validate`")
        self._check_columns()
        unrecorded = list(self.items)[len(items) :]
        notes = tuple(self._notes(table, items, unrecorded))
        pairs, disliked, rated, dropped = self._pairs(table)
        catalog = Catalog.from_items([*items, *(Item(item_id, title=item_id) for item_id in unrecorded)])
        users = IdMap.from_ids(list(self.users))
        sizes = len(users), len(catalog)
        data = self.data
        read = data.user_column, data.item_column, data.value_column, data.event_column, data.timestamp_column
        weights = np.maximum(pairs["weight"].to_numpy(np.float32), np.float32(SMALLEST_WEIGHT))
        return Dataset(
            Interactions(users, catalog.items, *_nums(pairs), weights, self._times(pairs)),
            catalog,
            self.accounting,
            {name: (rows, self._weight(name) or 0.0) for name, rows in self.event_rows.items() if name},
            dropped,
            tuple(name for name in self.columns if name not in read),
            Histories.from_pairs(*_nums(disliked), *sizes),
            None if rated is None else Ratings(*_nums(rated), rated["value"].to_numpy(), self._times(rated), *sizes),
            notes,
            EventRules(self.config.events, self.threshold),
            self.stored.watermark,
        )

    def _times(self, table: pd.DataFrame) -> Times | None:
        return table["time"].to_numpy() if self.has_times else None

    def _check_columns(self) -> None:
        """Raise DataError when the files lack a column that the configuration names."""
        for key in ("value_column", "event_column", "timestamp_column"):
            name = getattr(self.data, key)
            is_set = name != DataConfig.model_fields[key].default and self.data.interactions and not self.data.preset
            if is_set and name not in self.columns:
                raise DataError(f"data.{key} = {name!r}: there is no such column{did_you_mean(name, self.columns)}")

    def _notes(self, table: pd.DataFrame, items: list[Item], unrecorded: list[str]) -> Iterator[str]:
        if items and unrecorded:
            yield (
                f"{len(unrecorded)} items of the interactions have no record in data.items, the first is {unrecorded[0]!r} "
                f'(records are like {items[0].item_id!r}); if the file is not for this data, set data.items = ""'
            )
        if items and not any(item.text for item in items):
            columns = sorted({name for item in items for name in item.attributes})
            among = f": {', '.join(columns)}" if columns else "; they have ids alone"
            yield f"the items have no text; choose among their columns with content.columns{among}"
        for name, value in almost_numbers(items):
            yield f"items: {name} holds texts and no numbers to compare, because of values such as {value!r}"
        if self.threshold is None and bool((table["value"] % 1 != 0).any()):
            yield f"{self.data.value_column} holds fractions and counts as a weight; for ratings set data.threshold"

    def _pairs(self, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None, dict[str, int]]:
        """Return positive pairs with weight and time, pairs that were seen but are not positive, all pairs with their ratings,
        and the number of dropped rows by reason.

        The weights are those of :meth:`EventRules.aggregated`.
        """
        disliked, rated = table[:0], None
        n_rows = len(table)
        table = table.sort_values(["user", "item", "time"], kind="stable", ignore_index=True)
        if self.threshold is None:
            table["weight"] *= table["value"]
        table = table[table["weight"] > 0]
        dropped = {
            "of deleted users, left out": self.n_deleted,
            f"of the {len(self.excluded)} users that data.exclude_users names, left out": self.n_excluded,
            "of weight 0, ignored": n_rows - len(table),
        }
        if self.threshold is not None:
            rated = table.drop_duplicates(["user", "item"], keep="last")  # of two ratings the later one holds
            dropped["rated again later"] = len(table) - len(rated)
            is_liked = rated["value"] >= self.threshold
            disliked, table = rated[~is_liked], rated[is_liked]
            dropped[f"under the threshold {self.threshold:g}: seen, not liked"] = len(disliked)
        if table.empty:
            reasons = "; ".join(f"{n} row{'' if n == 1 else 's'} {reason}" for reason, n in dropped.items() if n)
            raise DataError(f"{self.source}: no positive interaction is left: {reasons or 'there is no row'}")
        share = decay(self._times(table), self.data.half_life_days)
        if share is not None:
            table = table.assign(weight=table["weight"] * share)
        pairs = table.groupby(["user", "item"], as_index=False, sort=True).agg({"weight": "sum", "time": "max"})
        dropped["added to another row of the same pair"] = len(table) - len(pairs)
        return pairs, disliked, rated, {reason: n for reason, n in dropped.items() if n}

    def _weight(self, event: str) -> float | None:
        return self.config.events.get(event) if self.config.events and event else 1.0


def _seconds(text: str) -> int:
    if text[:1] == "1" and len(text) == 10 and text.isascii() and text.isdigit():
        return int(text)
    moment = seconds(text)
    return -1 if moment is None else moment


def _numbered(nums: dict[str, int], ids: Ids) -> Nums:
    """Return the number of each id; new ids are added to `nums`."""
    return np.array([nums.setdefault(text, len(nums)) for text in ids], dtype=np.int32)


def _nums(table: pd.DataFrame) -> tuple[Nums, Nums]:
    return table["user"].to_numpy(), table["item"].to_numpy()
