"""The good rows of all files as numbers, and the user-item pairs that they add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

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


class EventTable:
    """Collects the good rows of all chunks as numbers."""

    def __init__(
        self, config: Config, accounting: Accounting, items: Iterable[Item], stored: StoredEvents | None = None
    ) -> None:
        self.config, self.data, self.accounting = config, config.data, accounting
        threshold = config.data.threshold
        self.threshold = movielens.THRESHOLD if threshold is None and config.data.preset else threshold
        self.missing = 1.0 if self.threshold is None else None  # a rating that is not there is no rating
        self.stored = stored or StoredEvents()
        self.deleted: dict[str, bool] = {}
        path = config.data.exclude_users
        self.excluded = frozenset(read_ids(Path(path), "data.exclude_users")) if path else frozenset[str]()
        self.excluded_rows = 0
        self.users: dict[str, int] = {}
        self.items = {item.item_id: num for num, item in enumerate(items)}
        self.parts: list[pd.DataFrame] = []
        self.event_rows: Counter[str] = Counter()
        data = config.data
        self.read = (data.user_column, data.item_column, data.value_column, data.event_column, data.timestamp_column)
        self.unread: dict[str, None] = {}
        self.present: dict[str, None] = {}
        self.numbers: dict[str, float | None] = {}
        self.has_times: bool | None = None
        self.left_out = 0

    def add(self, chunk: Chunk) -> None:
        """Rows of the files."""
        data = self.data
        self.present.update(dict.fromkeys(chunk.columns))
        self.unread.update(dict.fromkeys(name for name in chunk.columns if name not in self.read))
        has_times = data.timestamp_column in chunk.columns
        if self.has_times not in (None, has_times):
            raise DataError(f"{chunk.file}: some rows have the column {data.timestamp_column!r} and some have not")
        self.has_times = has_times
        kept = self._not_excluded(chunk)
        if self.stored.forgotten:
            users, n = chunk.columns[data.user_column], len(kept)
            kept = [row for row in kept if not self._is_deleted(users[row])]
            self.left_out += n - len(kept)
        self._add(chunk, kept, "interactions")

    def add_stored(self) -> None:
        """Rows of the event store, after those of the files."""
        liked = 1.0 if self.threshold is None else self.threshold  # an event without a rating is a liked one
        if self.has_times is None:
            self.has_times = self.stored.store is not None
        for chunk in self.stored.chunks(self.data, liked, self.accounting):
            self._add(chunk, self._not_excluded(chunk), WHAT)

    def _not_excluded(self, chunk: Chunk) -> Sequence[int]:
        """The rows of users that data.exclude_users does not name."""
        if not self.excluded:
            return range(len(chunk))
        kept = [row for row, user in enumerate(chunk.columns[self.data.user_column]) if user not in self.excluded]
        self.excluded_rows += len(chunk) - len(kept)
        return kept

    def _add(self, chunk: Chunk, kept: Sequence[int], what: str) -> None:
        data, columns, n = self.data, chunk.columns, len(chunk)
        users, items = columns[data.user_column], columns[data.item_column]
        events = columns.get(data.event_column, [""] * n)
        times = columns.get(data.timestamp_column)
        values = (
            [self._number(text) for text in columns[data.value_column]] if data.value_column in columns else [1.0] * n
        )
        weights = [self._weight(event) for event in events]
        moments = [0] * n if times is None else [self._seconds(text) for text in times]
        if not self._all_good(users, items, values, weights, moments):
            rows = list(zip(users, items, values, weights, moments, strict=True))
            kept = [row for row in kept if self._is_good(chunk, row, rows[row], what)]
        self.event_rows.update([events[row] for row in kept])
        numbered = {
            "user": _numbered(self.users, [users[row] for row in kept]),
            "item": _numbered(self.items, [items[row] for row in kept]),
            "value": np.array([values[row] for row in kept], dtype=np.float64),
            "weight": np.array([weights[row] for row in kept], dtype=np.float64),
            "time": np.array([moments[row] for row in kept], dtype=np.int64),
        }
        self.parts.append(pd.DataFrame(numbered))

    def _all_good(self, users: list[str], items: list[str], *parsed: list[Any]) -> bool:
        """Whether no row can be bad: the usual case, told by passes over whole columns."""
        return not ("" in users or "" in items or any(None in column for column in parsed)) and (
            min(parsed[0]) >= 0 and max(parsed[0]) <= LARGEST_VALUE
        )

    def _is_deleted(self, user_id: str) -> bool:
        if user_id not in self.deleted:
            self.deleted[user_id] = user_hash(user_id) in self.stored.forgotten
        return self.deleted[user_id]

    def _is_good(self, chunk: Chunk, row: int, fields: tuple[Any, ...], what: str) -> bool:
        reason = self._reason(*fields)
        if reason:
            shown = [values[row] for values in chunk.columns.values()]
            self.accounting.reject(what, chunk.file, chunk.lines[row], reason, shown)
        return not reason

    def dataset(self, items: list[Item]) -> Dataset:
        table = pd.concat(self.parts, ignore_index=True) if self.parts else pd.DataFrame()
        if table.empty:
            raise DataError(f"{self._source()}: no usable interaction; see the accounting of `recsys validate`")
        self._check_columns()
        unrecorded = list(self.items)[len(items) :]
        notes = self._notes(table, items, unrecorded)
        pairs, disliked, rated, dropped = self._pairs(table)
        catalog = Catalog.from_items([*items, *(Item(item_id, title=item_id) for item_id in unrecorded)])
        users = IdMap.from_ids(list(self.users))
        ratings = None if rated is None else self._ratings(rated, len(users), len(catalog))
        interactions = Interactions(
            users,
            catalog.items,
            pairs["user"].to_numpy(np.int32),
            pairs["item"].to_numpy(np.int32),
            np.maximum(pairs["weight"].to_numpy(np.float32), np.float32(SMALLEST_WEIGHT)),
            pairs["time"].to_numpy(np.int64) if self.has_times else None,
        )
        events = {name: (rows, self._weight(name) or 0.0) for name, rows in self.event_rows.items() if name}
        return Dataset(
            interactions,
            catalog,
            self.accounting,
            events,
            dropped,
            tuple(self.unread),
            Histories.from_pairs(
                disliked["user"].to_numpy(np.int32), disliked["item"].to_numpy(np.int32), len(users), len(catalog)
            ),
            ratings,
            notes,
            EventRules(self.config.events, self.threshold),
            self.stored.watermark,
        )

    def _ratings(self, rated: pd.DataFrame, n_users: int, n_items: int) -> Ratings:
        users, items = rated["user"].to_numpy(np.int32), rated["item"].to_numpy(np.int32)
        times = rated["time"].to_numpy(np.int64) if self.has_times else None
        return Ratings(users, items, rated["value"].to_numpy(np.float64), times, n_users, n_items)

    def _source(self) -> str:
        return self.data.interactions or str(FILE)

    def _check_columns(self) -> None:
        """A column that was named in the configuration must be there."""
        for key in ("value_column", "event_column", "timestamp_column"):
            name = getattr(self.data, key)
            named = name != DataConfig.model_fields[key].default and self.data.interactions and not self.data.preset
            if named and name not in self.present:
                raise DataError(f"data.{key} = {name!r}: there is no such column{did_you_mean(name, self.present)}")

    def _notes(self, table: pd.DataFrame, items: list[Item], unrecorded: list[str]) -> tuple[str, ...]:
        notes = []
        if items and unrecorded:
            notes.append(
                f"{len(unrecorded)} items of the interactions have no record in data.items, the first is {unrecorded[0]!r} "
                f'(records are like {items[0].item_id!r}); if the file is not for this data, set data.items = ""'
            )
        if items and not any(item.text for item in items):
            columns = sorted({name for item in items for name in item.attributes})
            among = f": {', '.join(columns)}" if columns else "; they have ids alone"
            notes.append(f"the items have no text; choose among their columns with content.columns{among}")
        notes += [
            f"items: {name} holds texts and no numbers to compare, because of values such as {value!r}"
            for name, value in almost_numbers(items)
        ]
        if self.threshold is None and bool((table["value"] % 1 != 0).any()):
            notes.append(
                f"{self.data.value_column} holds fractions and counts as a weight; for ratings set data.threshold"
            )
        return tuple(notes)

    def _pairs(self, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None, dict[str, int]]:
        """Positive pairs with weight and time, pairs that were seen but are not positive, all with the ratings that they
        have, and rows dropped by reason.

        The weights are those of :meth:`EventRules.aggregated`.
        """
        read = len(table)
        disliked, rated = table[:0], None
        table = table.sort_values(["user", "item", "time"], kind="stable", ignore_index=True)
        if self.threshold is None:
            table["weight"] *= table["value"]
        table = table[table["weight"] > 0]
        reasons = {
            "of deleted users, left out": self.left_out,
            f"of the {len(self.excluded)} users that data.exclude_users names, left out": self.excluded_rows,
            "of weight 0, ignored": read - len(table),
        }
        if self.threshold is not None:
            counted = len(table)
            table = table.drop_duplicates(["user", "item"], keep="last")  # of two ratings the later one holds
            distinct, rated = len(table), table
            disliked = table[table["value"] < self.threshold]
            table = table[table["value"] >= self.threshold]
            reasons["rated again later"] = counted - distinct
            reasons[f"under the threshold {self.threshold:g}: seen, not liked"] = distinct - len(table)
        if table.empty:
            told = "; ".join(f"{n} row{'' if n == 1 else 's'} {reason}" for reason, n in reasons.items() if n)
            raise DataError(f"{self._source()}: no positive interaction is left: {told or 'there is no row'}")
        share = decay(table["time"].to_numpy() if self.has_times else None, self.data.half_life_days)
        if share is not None:
            table = table.assign(weight=table["weight"] * share)
        pairs = table.groupby(["user", "item"], as_index=False, sort=True).agg({"weight": "sum", "time": "max"})
        reasons["added to another row of the same pair"] = len(table) - len(pairs)
        return pairs, disliked, rated, {reason: n for reason, n in reasons.items() if n}

    def _reason(self, user: str, item: str, value: float | None, weight: float | None, time: int | None) -> str:
        if not user or not item:
            return f"no {self.data.item_column if user else self.data.user_column}"
        if value is None or value > LARGEST_VALUE:
            return f"{self.data.value_column} is {'above 1e15' if value else 'not a number'}"
        if value < 0 and self.threshold is None:
            return f"{self.data.value_column} is negative; counts are not (set data.threshold for ratings)"
        if weight is None:
            return "event type without a weight in [events]"
        return f"{self.data.timestamp_column} is not a time" if time is None else ""

    def _number(self, text: str) -> float | None:
        if text not in self.numbers:
            if len(self.numbers) > MOST_NUMBERS:
                self.numbers.clear()
            self.numbers[text] = self.missing if not text else number(text)
        return self.numbers[text]

    def _weight(self, event: str) -> float | None:
        return self.config.events.get(event) if self.config.events and event else 1.0

    def _seconds(self, text: str) -> int | None:
        return int(text) if text[:1] == "1" and len(text) == 10 and text.isascii() and text.isdigit() else seconds(text)


def _numbered(known: dict[str, int], ids: list[str]) -> NDArray[np.int64]:
    """The number of each id; new ones are added to `known`."""
    return np.fromiter((known.setdefault(one, len(known)) for one in ids), dtype=np.int64, count=len(ids))
