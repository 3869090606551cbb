"""A column of times as seconds, judged as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recsys.events.timestamps import LATEST, MILLISECONDS_FROM, seconds
from training.read.values import coded

if TYPE_CHECKING:
    import pyarrow as pa

Times = NDArray[np.int64]
Mask = NDArray[np.bool_]
NO_TIME = np.int64(-1)


@dataclass(frozen=True, eq=False)
class TimePart:
    """Times of some rows: as integers of the unit of the column, or as the codes of their texts."""

    values: Times
    texts: Sequence[str] | None = None

    def take(self, rows: Mask) -> TimePart:
        """Return some rows."""
        return TimePart(self.values[rows], self.texts)


def time_part(column: pa.Array) -> TimePart:
    """Return the times of a column of integers, timestamps, dates or texts."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_date(column.type):
        column = column.cast(pa.timestamp("s"))
    if types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("s", tz=column.type.tz), safe=False).cast(pa.int64())
    if types.is_string(column.type) or types.is_large_string(column.type):
        with suppress(pa.ArrowInvalid):  # some are no integers
            column = column.cast(pa.int64())
    if types.is_integer(column.type):
        return TimePart(column.cast(pa.int64()).fill_null(NO_TIME).to_numpy())
    codes, texts = coded(column)
    return TimePart(codes.astype(np.int64), texts)


def resolved(parts: Sequence[TimePart]) -> Times:
    """Return the seconds since 1970 UTC of all rows, -1 for what is no time between 1970 and 2100."""
    found = [_of_integers(part.values) if part.texts is None else _of_texts(part) for part in parts]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _of_integers(values: Times) -> Times:
    in_seconds = np.where(values >= MILLISECONDS_FROM, values // 1000, values)
    return np.where((in_seconds >= 0) & (in_seconds < LATEST), in_seconds, NO_TIME)


def _of_texts(part: TimePart) -> Times:
    assert part.texts is not None
    moments = [seconds(text) for text in part.texts]
    return np.array([NO_TIME if moment is None else moment for moment in moments], np.int64)[part.values]
