"""The good rows of all files as numbers, and the user-item pairs that they add up to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

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
from recsys.events.activity import REFUSED, ROUNDING, EventRules
from recsys.events.records import user_hash
from recsys.model.extras.arrivals import UNKNOWN
from recsys.model.extras.skipped import Skipped
from recsys.model.popularity import decay
from training.ingest import times
from training.ingest.baskets import Baskets, find_baskets
from training.ingest.dataset import Dataset, Ratings
from training.ingest.id_codes import IdCodes
from training.ingest.id_form import cause, formed_texts, odd_ids
from training.ingest.items import almost_numbers
from training.ingest.numbers import ABSENT, ValueColumn
from training.ingest.row_filter import RowFilter
from training.ingest.stored_events import FILE, WHAT, StoredEvents
from training.ingest.time_checks import bounded
from training.ingest.times import TimePart
from training.ingest.value_checks import copies, odd_values
from training.read import Accounting, Chunk
from training.read.location import shown
from training.read.values import coded

if TYPE_CHECKING:
    import pyarrow as pa

SMALLEST_WEIGHT = 1e-6
LARGEST_VALUE = 1e15  # sums of more would leave float32
REPEATED, RATED_AGAIN = "added to another row of the same pair", "rated again later"
NOT_LIKED = "of pairs whose weights add up to 0 or less, not liked"

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

    def joined(self, other: Rows) -> Rows:
        """Return these rows and then others, which have the same columns."""
        pairs = zip(self._arrays(), other._arrays(), strict=True)
        return Rows(*(None if a is None or b is None else np.concatenate((a, b)) for a, b in pairs))  # type: ignore[arg-type]

    def values(self) -> Floats:
        return np.ones(len(self)) if self.value is None else self.value

    def _arrays(self) -> tuple[NDArray[np.generic] | None, ...]:
        return self.user, self.item, self.value, self.weight, self.time


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of a user and an item, and the number of rows without a pair of their own, by reason.

    `liked` have the sum of their weights and the last time. `unliked` have weights as in :attr:`Model.seen_only`; lists may
    show those of the mask `is_skipped` again. `rated` are all pairs with their ratings, None without a threshold.
    """

    liked: Rows
    unliked: Rows
    is_skipped: Mask
    rated: Rows | None
    dropped: dict[str, int]


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
        ids = read_ids(Path(path), "data.exclude_users") if path else ()
        self.excluded = frozenset(formed_texts(sorted(ids), self.data.id_form))
        self.n_excluded = self.n_deleted = 0
        self.left_out: Counter[str] = Counter()  # rows, by reason
        self.filter = RowFilter(self.data)
        forms = self.data.id_form
        self.users, self.items = IdCodes(forms), IdCodes(forms, [item.item_id for item in items])
        self.values = {"": ValueColumn(self.data.decimal, self.data.missing), WHAT: ValueColumn()}
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
        written = self.users.written[-1] if self.users.written else users
        item, item_in_chunk, items = self.items.add(columns[data.item_column])
        value = self._value(columns[data.value_column], what) if data.value_column in columns else None
        event = self._events(columns[data.event_column]) if data.event_column in columns else np.zeros(n, np.int32)
        weight = self._weights()[event]
        has_weight = ~np.isnan(weight)
        if value is not None and self.threshold is not None:
            value = np.where((value == ABSENT) & (weight < 0), self.threshold, value)  # a dislike needs no rating
        form = "seconds" if what == WHAT else data.timestamp_format
        time = times.time_part(columns[data.timestamp_column], form) if data.timestamp_column in columns else None
        keep = self._wanted(in_chunk, users, written, deletes=bool(self.stored.forgotten) and what != WHAT)
        if what != WHAT and self.filter.conditions:
            keep &= self.filter.meets(chunk)
        keep &= self._of_kept_items(keep, item_in_chunk, items) & self._counted(keep, value)
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

    def _of_kept_items(self, keep: Mask, codes: Nums, items: pa.Array) -> Mask:
        """Return which rows are of items that were not deleted; count the others among `keep`."""
        if not self.stored.deleted_items:
            return np.ones(len(codes), dtype=bool)
        deleted = np.array([item in self.stored.deleted_items for item in items.to_pylist()], dtype=bool)[codes]
        self.left_out["of deleted items, left out"] += int((keep & deleted).sum())
        return np.asarray(~deleted)

    def _events(self, column: pa.Array) -> Nums:
        codes, names = coded(column)
        nums = np.array([self.events.setdefault(name, len(self.events)) for name in names], np.int32)
        return np.asarray(nums[codes]) if len(nums) else codes

    def _weights(self) -> Floats:
        """Return the weight of each type of event, NaN where it has none."""
        return np.array([self._weight(name) for name in self.events], dtype=np.float64)

    def _value(self, column: pa.Array, what: str) -> Floats:
        """Return the values, (n,): 1 for an absent count, ABSENT for an absent rating."""
        value = self.values[WHAT if what == WHAT else ""].numbers(column)
        return np.where(value == ABSENT, 1.0, value) if self.threshold is None else value

    def _counted(self, keep: Mask, value: Floats | None) -> Mask:
        """Return which rows have a value that the configuration does not leave out; count the others among `keep`."""
        if value is None:
            return np.ones(len(keep), dtype=bool)
        name, drops = self.data.value_column, self.data.negative == "drop" and self.threshold is None
        out = {
            f"without a {name}, left out": (value == ABSENT) & bool(self.data.missing),
            f"of a {name} below 0, left out": (value < 0) & drops,
        }
        for reason, mask in out.items():
            self.left_out[reason] += int((keep & mask).sum())
        return np.asarray(~np.logical_or.reduce([*out.values()]))

    def _wanted(self, codes: Nums, users: pa.Array, written: pa.Array, *, deletes: bool) -> Mask:
        """Return which rows are of users that are neither excluded nor, if `deletes`, deleted; count the others.

        A user may be deleted by the id that the model has, or by that which was `written` before data.id_form was set.
        """
        if not (self.excluded or deletes):
            return np.ones(len(codes), dtype=bool)
        ids = users.to_pylist()
        excluded = np.array([user in self.excluded for user in ids], dtype=bool)[codes]
        both, forgotten = zip(ids, written.to_pylist(), strict=True), self.stored.forgotten
        deleted = np.array(
            [deletes and any(user_hash(user) in forgotten for user in pair) for pair in both], dtype=bool
        )[codes]
        self.n_excluded += int(excluded.sum())
        self.n_deleted += int((deleted & ~excluded).sum())
        return np.asarray(~(excluded | deleted))

    def _problems(self, no_user: Mask, no_item: Mask, value: Floats | None) -> dict[str, Mask]:
        """Return the bad rows by reason; of several reasons of a row the first counts."""
        data = self.data
        problems = {f"no {data.user_column}": no_user, f"no {data.item_column}": no_item}
        if value is not None:
            not_negative = f"{data.value_column} is negative; counts are not (set data.threshold for ratings)"
            problems[f"no {data.value_column}"] = value == ABSENT
            problems[f"{data.value_column} is not a number"] = np.isnan(value)
            problems[f"{data.value_column} is above 1e15"] = value > LARGEST_VALUE
            problems[not_negative] = (value < 0) & (self.threshold is None) & (data.negative != "net")
            below = value[problems[not_negative] & np.isfinite(value)]
            if len(below):
                example = f'where {below.max():g} means no value, data.missing = ["{below.max():g}"]'
                returns = 'data.negative = "net" for returns, "drop" to leave them out'
                self.accounting.hints.setdefault(not_negative, f"{returns}; {example}")
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
        value_name = self.data.value_column
        self.accounting.hints[f"{value_name} is not a number"] = self.values[""].hint()
        self.accounting.hints[f"no {value_name}"] = 'data.missing = [""] leaves these rows out'
        if self.values[""].has_truth:
            self.accounting.note(f"{value_name} holds true and false, which count as 1 and 0")
        if (self.time < 0).any():
            self._reject_without_time(self.time < 0)

    def dataset(self, items: list[Item]) -> Dataset:
        """Return what is trained on; raises DataError when no interaction is left."""
        if self.config.data.interactions.file:
            self.filter.check(self.columns, bool(self.has_times))
        rows, event, user_ids, item_ids = self._rows()
        if not len(rows):
            left_out = [f"{n} rows {reason}" for reason, n in self.filter.left_out.items() if n]
            why = "; ".join(left_out) or "see the accounting of `recsys validate`"
            raise DataError(f"{self.source}: no usable interaction; {why}")
        self._check_columns()
        unrecorded = item_ids[len(items) :]
        self._check_records(rows.item, items, unrecorded)
        found = self._pairs(rows)
        pairs, unliked, rated, dropped = found.liked, found.unliked, found.rated, found.dropped
        notes = (
            *self._notes(items, unrecorded),
            *self._id_notes(rows, user_ids, item_ids),
            *self._value_notes(rows, repeated=bool({REPEATED, RATED_AGAIN} & dropped.keys())),
        )
        catalog = Catalog.from_items([*items, *(Item(item_id, title=item_id) for item_id in unrecorded)])
        users = IdMap.from_ids(user_ids)
        sizes = len(users), len(catalog)
        data = self.data
        read = data.user_column, data.item_column, data.value_column, data.event_column, data.timestamp_column
        used = {*read, *self.filter.columns, self.config.data.interactions.join_on}
        assert pairs.weight is not None
        weights = np.maximum(pairs.weight.astype(np.float32), np.float32(SMALLEST_WEIGHT))
        return Dataset(
            Interactions(users, catalog.items, pairs.user, pairs.item, weights, self._times(pairs)),
            catalog,
            self.accounting,
            {
                name: (int(n), self._weight(name) or 0.0)
                for name, n in zip(self.events, np.bincount(event, minlength=len(self.events)), strict=True)
                if name and n
            },
            dropped,
            tuple(name for name in self.columns if name not in used),
            _unliked_histories(Histories, unliked.take(~found.is_skipped), sizes),
            _unliked_histories(Skipped, unliked.take(found.is_skipped), sizes) if found.is_skipped.any() else None,
            None if rated is None else Ratings(rated.user, rated.item, rated.values(), self._times(rated), *sizes),
            notes,
            EventRules(self.config.events, self.threshold),
            self.stored.watermark,
            len(unrecorded) if items and self.data.unlisted_items == "hide" else 0,
            self._baskets(rows, event),
            self._first_events(rows, len(catalog)),
        )

    def _rows(self) -> tuple[Rows, Nums, list[str], list[str]]:
        """Return the rows that have a time, the number of the type of each event, and the ids of users and items."""
        parts, time = self.parts, self.time
        good = self.filter.is_within(time)
        user, user_ids = self.users.numbered(_joined([part.user for part in parts], np.int32)[good])
        item, item_ids = self.items.numbered(_joined([part.item for part in parts], np.int32)[good])
        value = _joined_or_ones([part.value for part in parts], parts)
        value = None if value is None else value[good]
        event = _joined([part.event for part in parts], np.int32)[good]
        weights = self._weights()
        weight = None if (weights == 1).all() else weights[event]
        return Rows(user, item, value, weight, time[good]), event, user_ids, item_ids

    def _first_events(self, rows: Rows, n_items: int) -> Times | None:
        """Return the time of the first row of each item, UNKNOWN for none, (n_items,); None without times."""
        if not self.has_times:
            return None
        first = np.full(n_items, np.iinfo(np.int64).max)
        np.minimum.at(first, rows.item, rows.time)
        return np.where(first == np.iinfo(np.int64).max, UNKNOWN, first)

    def _baskets(self, rows: Rows, event: Nums) -> Baskets | None:
        """Return the baskets of the positive rows of the configured type of event; None where they are switched off.

        Raises DataError when the data has no event of this type.
        """
        config = self.config.together
        if not config.enabled:
            return None
        kept = np.ones(len(rows), dtype=bool) if rows.weight is None else rows.weight > 0
        if rows.value is not None:
            kept &= rows.value > 0 if self.threshold is None else rows.value >= self.threshold
        if config.event:
            kept &= event == self.events.get(config.event, -1)
            if not kept.any():
                raise DataError(
                    f"together.event = {config.event!r}: the data has no such event{did_you_mean(config.event, self.events)}"
                )
        taken = rows.take(kept)
        return find_baskets(taken.user, taken.item, self._times(taken), config.window_hours)

    def _reject_without_time(self, no_time: Mask) -> None:
        first, name = 0, self.data.timestamp_column
        self.accounting.hints[f"{name} is not a time"] = times.HINT
        self.accounting.hints[f"no {name}"] = 'data.timestamp_column = "" for no times'
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

    def _id_notes(self, rows: Rows, user_ids: list[str], item_ids: list[str]) -> Iterator[str]:
        columns = (
            (self.data.user_column, user_ids, rows.user, self.users),
            (self.data.item_column, item_ids, rows.item, self.items),
        )
        for name, ids, nums, codes in columns:
            yield from odd_ids(name, ids, np.bincount(nums, minlength=len(ids)), self.data.id_form)
            if codes.n_merged:
                yield f"{codes.n_merged} values of {name} became equal to another by data.id_form and count as the same"

    def _value_notes(self, rows: Rows, *, repeated: bool) -> Iterator[str]:
        if rows.value is not None:
            values = rows.value if self.data.negative == "reject" else rows.value[rows.value >= 0]  # others are returns
            yield from odd_values(self.data.value_column, values, self.threshold, repeated=repeated)

    def _notes(self, items: list[Item], unrecorded: list[str]) -> Iterator[str]:
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
            yield (
                f"items: {name} holds texts and no numbers to compare, because of values such as {value!r}; "
                f"if it means no value, set data.missing = {json.dumps([value], ensure_ascii=False)}"
            )

    def _unlisted(self, items: list[Item], unrecorded: list[str]) -> str:
        """Return what becomes of items without a record."""
        hide = 'they are learned from and not shown; data.unlisted_items = "keep" shows them by their ids'
        keep = 'they are shown by their ids; data.unlisted_items = "hide" learns from them and shows none'
        return (
            f"{len(unrecorded)} items of the interactions have no record in data.items, the first is {unrecorded[0]!r} "
            f"(records are like {items[0].item_id!r}): {hide if self.data.unlisted_items == 'hide' else keep}"
            f"{self._cause(items, unrecorded)}"
        )

    def _cause(self, items: list[Item], unrecorded: list[str]) -> str:
        """Return why ids have no record, if there is a form in which they have."""
        found = cause(unrecorded, [item.item_id for item in items], self.data.id_form)
        return f"; {found}" if found else ""

    def _check_records(self, item: Nums, items: list[Item], unrecorded: list[str]) -> None:
        """Raise DataError when no interaction is with an item that has a record, so that no list would show any."""
        if items and self.data.unlisted_items == "hide" and not (item < len(items)).any():
            raise DataError(
                "no item of the interactions has a record in data.items: ids are like "
                f"{unrecorded[0]!r} in the interactions and like {items[0].item_id!r} in the records; "
                f'choose data.item_column for each file, or set data.items = ""{self._cause(items, unrecorded)}'
            )

    def _pairs(self, rows: Rows) -> Pairs:
        """Return the pairs of rows; their weights are those of :meth:`EventRules.aggregated`."""
        n_rows = len(rows)
        unwanted = np.zeros(n_rows, dtype=bool) if rows.weight is None else rows.weight < 0
        if self.threshold is None and rows.value is not None:
            value = np.where(unwanted, np.abs(rows.value), rows.value)
            rows = replace(rows, weight=value if rows.weight is None else rows.weight * value, value=None)
        n_zero = 0 if rows.weight is None else int((rows.weight == 0).sum())
        if rows.weight is not None and (rows.weight[~unwanted] < 0).any():
            netted = _netted(rows.take(~unwanted))
            rows, unwanted = netted.joined(rows.take(unwanted)), np.arange(n_rows) >= n_rows - unwanted.sum()
        if rows.weight is not None and (rows.weight <= 0).any():
            rows = rows.take((rows.weight > 0) | (unwanted & (rows.weight < 0)))
        dropped = {
            **self.filter.left_out,
            "of deleted users, left out": self.n_deleted,
            f"of the {len(self.excluded)} users that data.exclude_users names, left out": self.n_excluded,
            **self.left_out,
            "of weight 0, ignored": n_zero,
            "of returns and of what they cancel, left out": n_rows - len(rows) - n_zero,
        }
        pairs = (self._counted_pairs if self.threshold is None else self._rated_pairs)(rows)
        dropped |= pairs.dropped
        if not len(pairs.liked):
            reasons = "; ".join(f"{n} row{'' if n == 1 else 's'} {reason}" for reason, n in dropped.items() if n)
            without = '; data.value_column = "" counts rows instead of values' if n_zero else ""
            raise DataError(f"{self.source}: no positive interaction is left: {reasons or 'there is no row'}{without}")
        return replace(pairs, dropped={reason: n for reason, n in dropped.items() if n})

    def _counted_pairs(self, rows: Rows) -> Pairs:
        rows, starts = _by_pair(rows, by_time=False)
        self._note_copies(rows, starts)
        unliked, is_skipped, lowering = rows.take(np.empty(0, np.intp)), np.empty(0, dtype=bool), 0
        n_rows = len(rows)
        if rows.weight is not None and (rows.weight < 0).any():
            lowering = int((rows.weight < 0).sum())
            share, unliked, is_skipped = _opposed(rows, starts)
            is_unliked = share == 0
            lowering -= int((is_unliked & (rows.weight < 0)).sum())
            kept = ~is_unliked & (rows.weight > 0)
            rows, starts = _by_pair(replace(rows, weight=rows.weight * share).take(kept), by_time=False)
        pairs = self._added(rows, starts) if len(rows) else rows
        dropped = {
            "of a weight below 0, taken from the other rows of their pair": lowering,
            NOT_LIKED: n_rows - lowering - len(rows),
            REPEATED: len(rows) - len(pairs),
        }
        return Pairs(pairs, unliked, is_skipped, None, dropped)

    def _rated_pairs(self, rows: Rows) -> Pairs:
        assert self.threshold is not None
        rows, starts = _by_pair(rows, by_time=True)
        self._note_copies(rows, starts)
        # of two rows of a pair the later one holds
        last = rows.take(np.append(starts[1:], len(rows)) - 1 if len(rows) else starts)
        unwanted, is_skipped = np.zeros(len(last), dtype=bool), np.zeros(len(last), dtype=bool)
        if rows.weight is not None and last.weight is not None and len(last):
            unwanted = last.weight < 0
            is_skipped = (np.maximum.reduceat(rows.weight, starts) < 0) & (last.weight > REFUSED)
        is_liked = ~unwanted & (last.values() >= self.threshold)
        weight = np.ones(len(last)) if last.weight is None else np.where(unwanted, last.weight, 1.0)
        liked = last.take(is_liked)
        dropped = {
            RATED_AGAIN: len(rows) - len(last),
            f"under the threshold {self.threshold:g}: seen, not liked": len(last) - len(liked) - int(unwanted.sum()),
            NOT_LIKED: int(unwanted.sum()),
        }
        pairs = self._added(liked, np.arange(len(liked))) if len(liked) else liked
        unliked = replace(last, weight=weight).take(~is_liked)
        return Pairs(pairs, unliked, is_skipped[~is_liked], last.take(~unwanted), dropped)

    def _note_copies(self, rows: Rows, starts: NDArray[np.intp]) -> None:
        """Note rows that are the same as the row before; the rows of a pair begin at `starts`."""
        if not len(rows):
            return
        is_copy = np.append(False, np.diff(rows.time) == 0)
        for array in (rows.value, rows.weight):
            is_copy[1:] &= True if array is None else array[1:] == array[:-1]
        is_copy[starts] = False
        if note := copies(is_copy, rows.time):
            self.accounting.note(note)

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


def _netted(rows: Rows) -> Rows:
    """Return the rows by pair, with the weight of each times the share that the negative ones leave of the sum of its pair."""
    rows, starts = _by_pair(rows, by_time=False)
    weight = rows.weight
    assert weight is not None
    pair = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(rows)))
    gained, net = np.bincount(pair, np.maximum(weight, 0)), np.bincount(pair, weight)
    share = np.where(net > ROUNDING * gained, net / np.where(gained > 0, gained, 1), 0)
    return replace(rows, weight=weight * share[pair])


def _opposed(rows: Rows, starts: NDArray[np.intp]) -> tuple[Floats, Rows, Mask]:
    """Return which share of a positive row the rows below 0 of its pair leave, (n,), and the pairs with a sum of 0 or less.

    The rows of a pair begin at `starts`. The mask has the pairs without a positive row that are not refused.
    """
    weight = rows.weight
    assert weight is not None
    pair = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(rows)))
    gained, lost = np.bincount(pair, np.maximum(weight, 0)), np.bincount(pair, np.maximum(-weight, 0))
    total = gained - lost
    total[np.abs(total) <= ROUNDING * np.maximum(gained, lost)] = 0
    is_unliked = total <= 0
    share = np.where(is_unliked, 0, total / np.where(gained > 0, gained, 1))
    time = np.maximum.reduceat(rows.time, starts)
    first = starts[is_unliked]
    unliked = Rows(
        rows.user[first], rows.item[first], None, np.asarray(total[is_unliked], np.float64), time[is_unliked]
    )
    return share[pair], unliked, ((gained == 0) & (total > REFUSED))[is_unliked]


H = TypeVar("H", bound=Histories)


def _unliked_histories(kind: type[H], pairs: Rows, sizes: tuple[int, int]) -> H:
    weights = None if pairs.weight is None else pairs.weight.astype(np.float32)
    return kind.from_pairs(pairs.user, pairs.item, *sizes, weights)


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
