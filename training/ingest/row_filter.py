"""Rows of the interactions that are left out by their time or by conditions on their columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recsys.config import DataConfig
from recsys.data.filters import Condition, parse_filter, plain_text
from recsys.errors import ConfigError, DataError, QueryError, did_you_mean
from recsys.events.timestamps import number
from training.read import Chunk
from training.read.values import coded

if TYPE_CHECKING:
    import pyarrow as pa

COMPARED: dict[str, Callable[[float, float], bool]] = {
    ">=": float.__ge__,
    "<=": float.__le__,
    ">": float.__gt__,
    "<": float.__lt__,
}
Mask = NDArray[np.bool_]


class RowFilter:
    """The filters of [data], and the number of rows that each of them left out.

    Raises
    ------
    ConfigError
        When a condition is malformed, or the last time is before the first one.
    """

    def __init__(self, data: DataConfig) -> None:
        self.data = data
        self.first, self.last = _seconds(data.since, time.min), _seconds(data.until, time.max)
        if self.first is not None and self.last is not None and self.first > self.last:
            raise ConfigError(f"data.since = {data.since!r} is after data.until = {data.until!r}")
        try:
            self.conditions = {text: parse_filter(text) for text in data.filter}
        except QueryError as error:
            raise ConfigError(f"data.filter: {error}") from error
        self.left_out: Counter[str] = Counter()

    @property
    def columns(self) -> list[str]:
        """The columns of the conditions."""
        return [condition.attribute for condition in self.conditions.values()]

    def meets(self, chunk: Chunk) -> Mask:
        """Return which rows meet all conditions, (n,); a row without the column has none of the values.

        Raises DataError when a preset does not read a column that the file has.
        """
        kept = np.ones(len(chunk), dtype=bool)
        for text, condition in self.conditions.items():
            name = condition.attribute
            if name in chunk.names and name not in chunk.columns:
                raise DataError(f"data.filter {text!r}: the preset {self.data.preset!r} does not keep column {name!r}")
            met = _met(condition, chunk.columns[name]) if name in chunk.columns else condition.operator == "not in"
            self._count(f"that data.filter {text!r} leaves out", kept & ~np.asarray(met))
            kept &= met
        return kept

    def is_within(self, moments: NDArray[np.int64]) -> Mask:
        """Return which times, seconds UTC, are neither before the first nor after the last one; negative ones are none."""
        kept = moments >= 0
        if self.first is not None:
            self._count(f"before data.since = {self.data.since}, left out", kept & (moments < self.first))
            kept &= moments >= self.first
        if self.last is not None:
            self._count(f"after data.until = {self.data.until}, left out", kept & (moments > self.last))
            kept &= moments <= self.last
        return kept

    def check(self, columns: Collection[str], has_times: bool) -> None:
        """Raise DataError when the files lack a column of a filter."""
        for text, condition in self.conditions.items():
            if condition.attribute not in columns:
                near = did_you_mean(condition.attribute, columns)
                raise DataError(f"data.filter {text!r}: there is no column {condition.attribute!r}{near}")
        if not has_times and (self.data.since or self.data.until):
            raise DataError(
                f"data.since and data.until need times, and there is no column {self.data.timestamp_column!r}; "
                "set data.timestamp_column"
            )

    def _count(self, reason: str, rows: Mask) -> None:
        self.left_out[reason] += int(rows.sum())


def _met(condition: Condition, column: pa.Array) -> Mask:
    codes, texts = coded(column)
    if condition.operator in ("in", "not in"):
        values = {_folded(str(value)) for value in condition.values}
        met = [(_folded(text) in values) == (condition.operator == "in") for text in texts]
    else:
        compare, bound = COMPARED[condition.operator], float(condition.values[0])
        met = [(value := number(text)) is not None and compare(value, bound) for text in texts]
    return np.asarray(np.array(met, bool)[codes]) if met else np.ones(0, bool)


def _folded(text: str) -> str:
    """Return a text for comparison in any case; 2020.0 is written 2020."""
    value = number(text) if "." in text else None
    return (text if value is None else plain_text(value)).casefold()


def _seconds(text: str, of_day: time) -> int | None:
    """Return a time in seconds UTC; of a day, the time `of_day`."""
    if not text:
        return None
    try:
        moment = datetime.combine(date.fromisoformat(text), of_day)
    except ValueError:
        moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
