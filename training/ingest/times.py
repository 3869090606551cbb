"""A column of times as seconds, judged as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from recsys.events.timestamps import LATEST
from training.ingest.date_texts import Dates, read_dates, read_format, seconds_of_fields
from training.read.values import arrow_codes

if TYPE_CHECKING:
    import pyarrow as pa

Times = NDArray[np.int64]
Mask = NDArray[np.bool_]
Kind = Literal["seconds", "numbers", "texts"]
NOT_A_TIME, NO_TIME = np.int64(-1), np.int64(-2)
ABSENT = np.iinfo(np.int64).min  # among the numbers of a part
UNITS = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
SMALLEST = np.array([10**11, 10**14, 10**17])  # number from which on the next unit is meant: 1973 in that unit
DIGITS = {8: 0, 12: 2, 14: 3}  # of 20240105, 202401051030 and 20240105103000: parts of the time of day
FEW = 0.01  # of the rows
HINT = (
    "read are seconds to nanoseconds since 1970, 20240105, ISO 8601 and dates such as 31/12/2024 10:00 or Jan 5, 2024; "
    'for others set data.timestamp_format = "%d.%m.%y %H:%M" as in strptime, or data.timestamp_column = "" for no times'
)
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


@dataclass(frozen=True, eq=False)
class TimePart:
    """Times of some rows: seconds, numbers of the unit of the column, or the codes of their texts."""

    values: Times
    kind: Kind = "seconds"
    texts: pa.Array | None = None

    def take(self, rows: Mask) -> TimePart:
        """Return some rows."""
        return TimePart(self.values[rows], self.kind, self.texts)

    def text(self, row: int) -> str:
        """Return a time as it is written."""
        value = int(self.values[row])
        return str(self.texts[value].as_py()) if self.texts is not None else "" if value == ABSENT else str(value)


@dataclass(frozen=True, eq=False)
class ColumnTimes:
    """Seconds since 1970 UTC, (n,): -1 for what is no time between 1970 and 2100, -2 for an absent one."""

    seconds: Times
    question: str = ""  # why the column cannot be read without data.timestamp_format
    notes: tuple[str, ...] = ()


def time_part(column: pa.Array, form: str = "") -> TimePart:
    """Return the times of a column of numbers, timestamps, dates or texts, which `form` = data.timestamp_format may name."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_date(column.type):
        column = column.cast(pa.timestamp("s"))
    if types.is_integer(column.type) and "%" in form:
        column = column.cast(pa.string())
    if types.is_string(column.type) or types.is_large_string(column.type):
        column = _cast(column) if "%" not in form else column
    if types.is_timestamp(column.type):
        whole = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False).cast(pa.int64()).fill_null(ABSENT)
        values = whole.to_numpy()
        return TimePart(np.where(values == ABSENT, values, values // 10**6))
    if types.is_integer(column.type):
        return TimePart(column.cast(pa.int64()).fill_null(ABSENT).to_numpy(), "numbers")
    if types.is_floating(column.type):
        return TimePart(_whole(column), "numbers")
    codes, texts = arrow_codes(column)
    return TimePart(codes.astype(np.int64), "texts", texts)


def resolve(name: str, parts: Sequence[TimePart], form: str = "") -> ColumnTimes:
    """Return the seconds of all rows of the column `name`."""
    dates, question = _dates(name, [part for part in parts if part.texts is not None], form)
    found, numbers = [], []
    for part in parts:
        if part.texts is None:
            found.append(part.values if part.kind == "seconds" else np.full(len(part.values), NOT_A_TIME))
            numbers.append(part.values if part.kind == "numbers" else np.full(len(part.values), ABSENT))
        else:
            found.append(next(dates)[part.values])
            numbers.append(_numbers_of(part.texts, form)[part.values])
    if not parts:
        return ColumnTimes(np.empty(0, np.int64))
    seconds, number = np.concatenate(found), np.concatenate(numbers)
    has_number = (number != ABSENT) & (seconds != NO_TIME)
    notes: tuple[str, ...] = ()
    if has_number.any():
        of_numbers, notes = _of_numbers(name, number[has_number], form)
        seconds[has_number] = of_numbers
    is_absent = np.concatenate([part.values == ABSENT for part in parts])
    is_out = ~is_absent & (seconds != NO_TIME) & ((seconds < 0) | (seconds >= LATEST))
    seconds[is_out] = NOT_A_TIME
    seconds[is_absent] = NO_TIME
    return ColumnTimes(seconds, question, notes)


def _cast(column: pa.Array) -> pa.Array:
    """Return a column of texts as numbers or timestamps if all are, and as it is otherwise."""
    import pyarrow as pa
    from pyarrow import compute

    with suppress(pa.ArrowInvalid):
        return column.cast(pa.int64())
    filled = compute.if_else(compute.equal(column, ""), pa.scalar(None, column.type), column)
    for kind in (pa.int64(), pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.float64()):
        with suppress(pa.ArrowInvalid):
            return filled.cast(kind)
    return column


def _whole(column: pa.Array) -> Times:
    """Return numbers rounded down; ABSENT for null and NaN, -1 for those beyond int64."""
    values = column.cast("float64").to_numpy(zero_copy_only=False)
    fits = np.abs(values) < 2.0**63
    return np.where(np.isnan(values), ABSENT, np.floor(np.where(fits, values, -1)).astype(np.int64))


def _numbers_of(texts: pa.Array, form: str) -> Times:
    """Return the number that each text spells, ABSENT for others."""
    import pyarrow as pa
    from pyarrow import compute

    numbers = np.full(len(texts), ABSENT)
    if "%" not in form:
        spelled = compute.match_substring_regex(texts, NUMBER)
        numbers[spelled.to_numpy(zero_copy_only=False)] = _whole(texts.filter(spelled).cast(pa.float64()))
    return numbers


def _dates(name: str, parts: Sequence[TimePart], form: str) -> tuple[Iterator[Times], str]:
    """Return the seconds of the texts of each part, and a question where the day and the month may be either."""
    from pyarrow import compute

    texts = [part.texts for part in parts if part.texts is not None]
    blank = [compute.equal(compute.utf8_trim_whitespace(array), "").to_numpy(zero_copy_only=False) for array in texts]
    question = ""
    if "%" in form:
        found = [read_format(array, form) for array in texts]
    else:
        dates = [read_dates(array) for array in texts]
        day_first = form == "day-first"
        if form not in ("day-first", "month-first"):
            day_first, question = _order(name, dates, texts)
        both = [(date.day_first, date.month_first)[:: 1 if day_first else -1] for date in dates]
        found = [np.where((usual < 0) & bool(question), other, usual) for usual, other in both]
    return iter([np.where(empty, NO_TIME, moments) for empty, moments in zip(blank, found, strict=True)]), question


def _order(name: str, dates: Sequence[Dates], texts: Sequence[pa.Array]) -> tuple[bool, str]:
    """Return whether the day is before the month, and a question where the texts do not tell."""
    examples: dict[str, str] = {}
    for date, array in zip(dates, texts, strict=True):
        by_day, by_month = date.day_first >= 0, date.month_first >= 0
        either = by_day & by_month & (date.day_first != date.month_first)
        for kind, mask in (("day", by_day & ~by_month), ("month", by_month & ~by_day), ("either", either)):
            if kind not in examples and mask.any():
                row = int(np.argmax(mask))
                examples[kind] = array[row].as_py()
                if kind == "either":
                    examples["readings"] = f"{_day(date.day_first[row])} or {_day(date.month_first[row])}"
    which = 'set data.timestamp_format = "day-first" or "month-first"'
    if "day" in examples and "month" in examples:
        return True, f"{name} holds {examples['day']!r}, day first, and {examples['month']!r}, month first; {which}"
    if "either" in examples and not ("day" in examples or "month" in examples):
        return True, f"{name} {examples['either']!r} can be {examples['readings']}, and no other value decides; {which}"
    return "month" not in examples, ""


def _of_numbers(name: str, numbers: Times, form: str) -> tuple[Times, tuple[str, ...]]:
    """Return the seconds of the numbers of a column."""
    if form in UNITS:
        return numbers // UNITS[form], ()
    middle = len(str(int(np.median(numbers)))) if form != "yyyymmdd" else 8
    if middle in DIGITS:
        dates = _calendar(numbers, middle)
        if form == "yyyymmdd" or np.count_nonzero(dates != NOT_A_TIME) >= (1 - FEW) * len(numbers):
            return dates, ()
    unit = np.searchsorted(SMALLEST, numbers, side="right")
    sizes = np.bincount(unit, minlength=len(UNITS))
    usual = sizes >= FEW * len(numbers)
    unit = np.where(usual[unit], unit, np.argmax(sizes))
    names = [word for word, is_usual in zip(UNITS, usual, strict=True) if is_usual]
    mixed = f"{name} holds times in {' and in '.join(names)}; each is read by its size"
    return numbers // np.array([*UNITS.values()])[unit], (mixed,) if len(names) > 1 else ()


def _calendar(numbers: Times, digits: int) -> Times:
    """Return the seconds of numbers such as 20240105 or 20240105103000, -1 for those that are no date."""
    parts, rest = [], numbers
    for _ in range(DIGITS[digits] + 2):
        rest, part = np.divmod(rest, 100)
        parts.append(part)
    day, month = parts[-2:]
    hour, minute, second = [*reversed(parts[:-2]), *[np.zeros_like(numbers)] * 3][:3]
    found = seconds_of_fields(np.clip(rest, 0, 9999), month, day, hour * 3600 + minute * 60 + second)
    return np.where((hour < 24) & (minute < 60) & (second <= 60), found, NOT_A_TIME)


def _day(moment: np.int64) -> str:
    return f"{datetime.fromtimestamp(int(moment), UTC):%Y-%m-%d}"
