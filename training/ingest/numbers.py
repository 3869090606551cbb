"""A column of ratings or counts as numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recsys.events.timestamps import number
from training.read.values import coded

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
_number = lru_cache(100_000)(number)


def numbers(column: pa.Array, empty: float) -> Floats:
    """Return the number that each value spells, (n,): `empty` for an absent one, NaN for a text that is no finite number."""
    from pyarrow import types

    if types.is_floating(column.type) or types.is_integer(column.type):
        values = column.cast("float64").to_numpy(zero_copy_only=False)
        absent = column.is_null().to_numpy(zero_copy_only=False)
        values = np.where(np.isfinite(values), values, np.nan)
        return np.where(absent, empty, values)
    codes, distinct = coded(column)
    found = (empty if not text else _number(text) for text in distinct)
    values = np.array([np.nan if value is None else value for value in found], np.float64)
    return np.asarray(values[codes]) if len(values) else np.empty(0)
