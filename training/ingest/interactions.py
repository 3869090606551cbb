"""The good rows of all files as numbers, and the user-item pairs that they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.config import Config, DataConfig
from recsys.data.catalog import Catalog, Item
from recsys.data.histories import Histories
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions
from recsys.data.table_files import read_ids
from recsys.errors import DataError, did_you_mean
from recsys.events.activity import EventRules
from recsys.events.records import user_hash
from recsys.model.popularity import decay
from training.ingest import times
from training.ingest.dataset import Dataset, Ratings
from training.ingest.id_codes import IdCodes
from training.ingest.items import almost_numbers
from training.ingest.numbers import numbers
from training.ingest.row_filter import RowFilter
from training.ingest.stored_events import FILE, WHAT, StoredEvents
from training.ingest.time_checks import bounded
from training.ingest.times import TimePart
from training.read import Accounting, Chunk
from training.read.location import shown
from training.read.values import coded

if TYPE_CHECKING:
    import pyarrow as pa

SMALLEST_WEIGHT = 1e-6
LARGEST_VALUE = 1e15  # sums of more would leave float32

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
Times = NDArray[np.int64]
Nums = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows as numbers; arrays (n,). `value` and `weight` are None where all are 1; `time` is 0 where there is none."""

    user: Nums
    item: Nums
    value: Floats | None
    weight: Floats | None
    time: Times

    def __len__(self) -> int:
        return len(self.user)

    def take(self, rows: NDArray[np.generic]) -> Rows:
        """Return some rows, by a mask or by positions."""
        return Rows(*(None if array is None else array[rows] for array in self._arrays()))  # type: ignore[arg-type]

    def values(self) -> Floats:
        return np.ones(len(self)) if self.value is None else self.value

    def _arrays(self) -> tuple[NDArray[np.generic] | None, ...]:
        return self.user, self.item, self.value, self.weight, self.time


@dataclass(frozen=True, eq=False)
class Part:
    """The good rows of a chunk: codes of their ids, and where they stand."""

    what: str
    source: str
    lines: Sequence[int] | NDArray[np.int64]
    user: Nums
    item: Nums
    event: Nums
    value: Floats | None
    time: TimePart


class InteractionTable:
    """Collects the good rows of all chunks."""

    def __init__(self, config: Config, accounting: Accounting, items: Iterable[Item], stored: StoredEvents) -> None:
        self.config, self.accounting, self.stored = config, accounting, stored
        self.data = config.data.of("interactions")
        self.source = shown(config.data.interactions.file) or FILE
        self.threshold = config.data.threshold
        path = config.data.exclude_users
        self.excluded = frozenset(read_ids(Path(path), "data.exclude_users")) if path else frozenset[str]()
        self.n_excluded = self.n_deleted = 0
        self.filter = RowFilter(self.data)
        self.users, self.items = IdCodes(), IdCodes([item.item_id for item in items])
        self.parts: list[Part] = []
        self.events: dict[str, int] = {"": 0}  # numbers of the types of events
        self.columns: dict[str, None] = {}  # of the files
        self.has_times: bool | None = None
        self.time: Times = np.empty(0, np.int64)  # of all rows
        self.question = ""  # what data.timestamp_format must answer

    def add(self, chunk: Chunk) -> None:
        """Add rows of the files."""
        self.columns.update(dict.fromkeys(chunk.names or chunk.columns))
        name = self.data.timestamp_column
        if self.has_times not in (None, name in chunk.columns):
            raise DataError(f"{chunk.source}: some rows have the column {name!r} and some have not")
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
        user, in_chunk, users = self.users.add(columns[data.user_column])
        item, item_in_chunk, items = self.items.add(columns[data.item_column])
        missing = 1.0 if self.threshold is None else np.nan  # a missing rating is no rating
        value = numbers(columns[data.value_column], missing) if data.value_column in columns else None
        event = self._events(columns[data.event_column]) if data.event_column in columns else np.zeros(n, np.int32)
        has_weight = ~np.isnan(self._weights())[event]
        form = "seconds" if what == WHAT else data.timestamp_format
        time = times.time_part(columns[data.timestamp_column], form) if data.timestamp_column in columns else None
        keep = self._wanted(in_chunk, users, deletes=bool(self.stored.forgotten) and what != WHAT)
        if what != WHAT and self.filter.conditions:
            keep &= self.filter.meets(chunk)
        problems = self._problems(_is_empty(users)[in_chunk], _is_empty(items)[item_in_chunk], value)
        problems["event type without a weight in [events]"] = ~has_weight
        bad = np.logical_or.reduce([*problems.values()])
        for row in np.flatnonzero(keep & bad).tolist():
            reason = next(reason for reason, mask in problems.items() if mask[row])
            self.accounting.reject(what, chunk.source, chunk.lines[row], reason, chunk.row(row))
        good = keep & ~bad
        no_time = TimePart(np.zeros(n, np.int64))
        kept = user[good], item[good], event[good], None if value is None else value[good]
        lines = np.asarray(chunk.lines)[good] if not isinstance(chunk.lines, range) or not good.all() else chunk.lines
        self.parts.append(Part(what, chunk.source, lines, *kept, (time or no_time).take(good)))

    def _events(self, column: pa.Array) -> Nums:
        codes, names = coded(column)
        nums = np.array([self.events.setdefault(name, len(self.events)) for name in names], np.int32)
        return np.asarray(nums[codes]) if len(nums) else codes

    def _weights(self) -> Floats:
        """Return the weight of each type of event, NaN where it has none."""
        return np.array([self._weight(name) for name in self.events], dtype=np.float64)

    def _wanted(self, codes: Nums, users: pa.Array, *, deletes: bool) -> Mask:
        """Return which rows are of users that are neither excluded nor, if `deletes`, deleted; count the others."""
        if not (self.excluded or deletes):
            return np.ones(len(codes), dtype=bool)
        ids = users.to_pylist()
        excluded = np.array([user in self.excluded for user in ids], dtype=bool)[codes]
        deleted = np.array([deletes and user_hash(user) in self.stored.forgotten for user in ids], dtype=bool)[codes]
        self.n_excluded += int(excluded.sum())
        self.n_deleted += int((deleted & ~excluded).sum())
        return np.asarray(~(excluded | deleted))

    def _problems(self, no_user: Mask, no_item: Mask, value: Floats | None) -> dict[str, Mask]:
        """Return the bad rows by reason; of several reasons of a row the first counts."""
        data = self.data
        problems = {f"no {data.user_column}": no_user, f"no {data.item_column}": no_item}
        if value is not None:
            not_negative = f"{data.value_column} is negative; counts are not (set data.threshold for ratings)"
            problems[f"{data.value_column} is not a number"] = np.isnan(value)
            problems[f"{data.value_column} is above 1e15"] = value > LARGEST_VALUE
            problems[not_negative] = (value < 0) & (self.threshold is None)
        return problems

    def end(self) -> None:
        """Reject the rows that have no time, after the last row was added."""
        name, form = self.data.timestamp_column, self.data.timestamp_format
        of_files = times.resolve(name, [part.time for part in self.parts if part.what != WHAT], form)
        stored = times.resolve(name, [part.time for part in self.parts if part.what == WHAT], "seconds")
        self.question = f"{self.source}: {of_files.question}" if of_files.question else ""
        moments, odd = bounded(name, of_files.seconds) if self.has_times else (of_files.seconds, ())
        for note in (*of_files.notes, *odd):
            self.accounting.note(note)
        self.time = np.concatenate([moments, stored.seconds])
        if (self.time < 0).any():
            self._reject_without_time(self.time < 0)

    def dataset(self, items: list[Item]) -> Dataset:
        """Return what is trained on; raises DataError when no interaction is left."""
        if self.config.data.interactions.file:
            self.filter.check(self.columns, bool(self.has_times))
        rows, event_rows, user_ids, item_ids = self._rows()
        if not len(rows):
            left_out = [f"{n} rows {reason}" for reason, n in self.filter.left_out.items() if n]
            why = "; ".join(left_out) or "see the accounting of `recsys validate`"
            raise DataError(f"{self.source}: no usable interaction; {why}")
        self._check_columns()
        unrecorded = item_ids[len(items) :]
        self._check_records(rows.item, items, unrecorded)
        notes = tuple(self._notes(rows, items, unrecorded))
        pairs, disliked, rated, dropped = self._pairs(rows)
        catalog = Catalog.from_items([*items, *(Item(item_id, title=item_id) for item_id in unrecorded)])
        users = IdMap.from_ids(user_ids)
        sizes = len(users), len(catalog)
        data = self.data
        read = data.user_column, data.item_column, data.value_column, data.event_column, data.timestamp_column
        used = {*read, *self.filter.columns}
        assert pairs.weight is not None
        weights = np.maximum(pairs.weight.astype(np.float32), np.float32(SMALLEST_WEIGHT))
        return Dataset(
            Interactions(users, catalog.items, pairs.user, pairs.item, weights, self._times(pairs)),
            catalog,
            self.accounting,
            {
                name: (int(n), self._weight(name) or 0.0)
                for name, n in zip(self.events, event_rows, strict=True)
                if name and n
            },
            dropped,
            tuple(name for name in self.columns if name not in used),
            Histories.from_pairs(disliked.user, disliked.item, *sizes),
            None if rated is None else Ratings(rated.user, rated.item, rated.values(), self._times(rated), *sizes),
            notes,
            EventRules(self.config.events, self.threshold),
            self.stored.watermark,
            len(unrecorded) if items and self.data.unlisted_items == "hide" else 0,
        )

    def _rows(self) -> tuple[Rows, NDArray[np.intp], list[str], list[str]]:
        """Return the rows that have a time, the number of rows of each type of event, and the ids of users and items."""
        parts, time = self.parts, self.time
        good = self.filter.is_within(time)
        user, user_ids = self.users.numbered(_joined([part.user for part in parts], np.int32)[good])
        item, item_ids = self.items.numbered(_joined([part.item for part in parts], np.int32)[good])
        value = _joined_or_ones([part.value for part in parts], parts)
        value = None if value is None else value[good]
        event = _joined([part.event for part in parts], np.int32)[good]
        event_rows = np.bincount(event, minlength=len(self.events))
        weights = self._weights()
        weight = None if (weights == 1).all() else weights[event]
        return Rows(user, item, value, weight, time[good]), event_rows, user_ids, item_ids

    def _reject_without_time(self, no_time: Mask) -> None:
        first, name = 0, self.data.timestamp_column
        self.accounting.hints[f"{name} is not a time"] = times.HINT
        for part in self.parts:
            n = len(part.user)
            absent = self.time[first : first + n] == times.NO_TIME
            reasons = np.where(absent, f"no {name}", f"{name} is not a time").tolist()
            for row in np.flatnonzero(no_time[first : first + n]).tolist():
                self.accounting.reject(part.what, part.source, int(part.lines[row]), reasons[row], part.time.text(row))
            first += n

    def _times(self, rows: Rows) -> Times | None:
        return rows.time if self.has_times else None

    def _check_columns(self) -> None:
        """Raise DataError when the files lack a column that the configuration names."""
        for key in ("value_column", "event_column", "timestamp_column"):
            name = getattr(self.data, key)
            is_set = name not in ("", DataConfig.model_fields[key].default)
            if is_set and self.data.interactions.file and not self.data.preset and name not in self.columns:
                raise DataError(f"data.{key} = {name!r}: there is no such column{did_you_mean(name, self.columns)}")

    def _notes(self, rows: Rows, items: list[Item], unrecorded: list[str]) -> Iterator[str]:
        yield from self.accounting.notes
        for what, spans in self.accounting.spans.items():
            yield (
                f"{spans.records} records of {what} span {spans.lines} lines, the longest {spans.longest} from {spans.where}; "
                'if the file has no quoted fields, set data.quoting = "none"'
            )
        if items and unrecorded:
            yield self._unlisted(items, unrecorded)
        if items and not any(item.text for item in items):
            columns = sorted({name for item in items for name in item.attributes})
            among = f": {', '.join(columns)}" if columns else "; they have ids alone"
            yield f"the items have no text; choose among their columns with content.columns{among}"
        for name, value in almost_numbers(items):
            yield f"items: {name} holds texts and no numbers to compare, because of values such as {value!r}"
        if self.threshold is None and rows.value is not None and bool((rows.value % 1 != 0).any()):
            yield f"{self.data.value_column} holds fractions and counts as a weight; for ratings set data.threshold"

    def _unlisted(self, items: list[Item], unrecorded: list[str]) -> str:
        """Return what becomes of items without a record."""
        hide = 'they are learned from and not shown; data.unlisted_items = "keep" shows them by their ids'
        keep = 'they are shown by their ids; data.unlisted_items = "hide" learns from them and shows none'
        return (
            f"{len(unrecorded)} items of the interactions have no record in data.items, the first is {unrecorded[0]!r} "
            f"(records are like {items[0].item_id!r}): {hide if self.data.unlisted_items == 'hide' else keep}"
        )

    def _check_records(self, item: Nums, items: list[Item], unrecorded: list[str]) -> None:
        """Raise DataError when no interaction is with an item that has a record, so that no list would show any."""
        if items and self.data.unlisted_items == "hide" and not (item < len(items)).any():
            raise DataError(
                "no item of the interactions has a record in data.items: ids are like "
                f"{unrecorded[0]!r} in the interactions and like {items[0].item_id!r} in the records; "
                'choose data.item_column for each file, or set data.items = ""'
            )

    def _pairs(self, rows: Rows) -> tuple[Rows, Rows, Rows | None, dict[str, int]]:
        """Return positive pairs with weight and time, pairs that were seen but are not positive, all pairs with their ratings,
        and the number of dropped rows by reason.

        The weights are those of :meth:`EventRules.aggregated`.
        """
        rated, n_rows = None, len(rows)
        if self.threshold is None and rows.value is not None:
            rows = replace(rows, weight=rows.value if rows.weight is None else rows.weight * rows.value, value=None)
        if rows.weight is not None and (rows.weight <= 0).any():
            rows = rows.take(rows.weight > 0)
        rows, starts = _by_pair(rows, by_time=self.threshold is not None)
        disliked = rows.take(np.empty(0, np.intp))
        dropped = {
            **self.filter.left_out,
            "of deleted users, left out": self.n_deleted,
            f"of the {len(self.excluded)} users that data.exclude_users names, left out": self.n_excluded,
            "of weight 0, ignored": n_rows - len(rows),
        }
        if self.threshold is not None:
            rated = rows.take(
                np.append(starts[1:], len(rows)) - 1 if len(rows) else starts
            )  # of two ratings the later one holds
            dropped["rated again later"] = len(rows) - len(rated)
            is_liked = rated.values() >= self.threshold
            disliked, rows = rated.take(~is_liked), rated.take(is_liked)
            starts = np.arange(len(rows))
            dropped[f"under the threshold {self.threshold:g}: seen, not liked"] = len(disliked)
        if not len(rows):
            reasons = "; ".join(f"{n} row{'' if n == 1 else 's'} {reason}" for reason, n in dropped.items() if n)
            raise DataError(f"{self.source}: no positive interaction is left: {reasons or 'there is no row'}")
        pairs = self._added(rows, starts)
        dropped["added to another row of the same pair"] = len(rows) - len(pairs)
        return pairs, disliked, rated, {reason: n for reason, n in dropped.items() if n}

    def _added(self, rows: Rows, starts: NDArray[np.intp]) -> Rows:
        """Return a row for each pair, with the sum of the weights and the last time; the rows of a pair begin at `starts`."""
        share, weight = decay(self._times(rows), self.data.half_life_days), rows.weight
        if share is not None:
            weight = share if weight is None else weight * share
        sizes = np.diff(starts, append=len(rows))
        total = sizes.astype(np.float64)
        if weight is not None:  # one row after another, so that the sum is the same on every processor
            total = np.bincount(np.repeat(np.arange(len(starts)), sizes), weight).view(np.float64)
        time = np.maximum.reduceat(rows.time, starts)
        return Rows(rows.user[starts], rows.item[starts], None, total, time)

    def _weight(self, event: str) -> float | None:
        return self.config.events.get(event) if self.config.events and event else 1.0


def _is_empty(ids: pa.Array) -> Mask:
    from pyarrow import compute

    return np.asarray(compute.equal(ids, "").to_numpy(zero_copy_only=False))


def _by_pair(rows: Rows, *, by_time: bool) -> tuple[Rows, NDArray[np.intp]]:
    """Return the rows by user and item, then by time or as they are read, and where those of each pair begin.

    The conversions of a sparse matrix are counting sorts, which leave equal cells in their order.
    """
    kind: type[np.signedinteger[Any]] = np.int32 if len(rows) < np.iinfo(np.int32).max else np.int64
    user, item, positions = rows.user, rows.item, np.arange(len(rows), dtype=kind)
    if by_time:
        positions = np.argsort(rows.time, kind="stable").astype(kind)
        user, item = user[positions], item[positions]
    shape = int(user.max(initial=0)) + 1, int(item.max(initial=0)) + 1
    cells: Any = sparse.coo_array((positions, (user, item)), shape=shape)
    cells.has_canonical_format = True  # else the rows of a pair are added
    by_user = cells.tocsc().tocsr()
    order, item = by_user.data, by_user.indices
    user = np.repeat(np.arange(shape[0], dtype=np.int32), np.diff(by_user.indptr))
    value, weight = (None if array is None else array[order] for array in (rows.value, rows.weight))
    is_first = np.ones(len(rows), dtype=bool)
    is_first[1:] = (user[1:] != user[:-1]) | (item[1:] != item[:-1])
    return Rows(user, item.astype(np.int32, copy=False), value, weight, rows.time[order]), np.flatnonzero(is_first)


def _joined(arrays: Sequence[NDArray[np.generic]], kind: type[np.generic]) -> NDArray[np.int32]:
    return np.concatenate(arrays) if arrays else np.empty(0, kind)


def _joined_or_ones(arrays: Sequence[Floats | None], parts: Sequence[Part]) -> Floats | None:
    if all(array is None for array in arrays):
        return None
    pairs = zip(arrays, parts, strict=True)
    return np.concatenate([np.ones(len(part.user)) if array is None else array for array, part in pairs])
