"""What is odd about the values of a column, and about rows that repeat."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LOW, HIGH = (-9999, -999, -99, -9, -1), (99, 255, 999, 9999)  # usual marks of a missing value
OFTEN = 0.01  # share of the rows
MOST_STARS = 10
COPIED, MANY_COPIES = 0.1, 100  # share of the rows; copies of one row
DAY = 86_400


def odd_values(name: str, values: Floats, threshold: float | None, *, repeated: bool) -> Iterator[str]:
    """Yield what is odd about the values of rows, (n,); `repeated`: whether a pair of a user and an item has several rows."""
    import pyarrow as pa
    from pyarrow import compute

    counted = compute.value_counts(pa.array(values))
    distinct, rows = (counted.field(number).to_numpy(zero_copy_only=False) for number in (0, 1))
    for value in distinct[rows >= OFTEN * len(values)].tolist():
        if is_mark(value, distinct[distinct != value], threshold):
            n = int(rows[distinct == value][0])
            yield f'{n} of {len(values)} rows have the {name} {value:g}; if it means no value, set data.missing = ["{value:g}"]'
    if threshold is not None:
        return
    if (distinct % 1 != 0).any():
        yield f"{name} holds fractions and counts as a weight; for ratings set data.threshold"
    elif not repeated and _are_stars(distinct, rows):
        yield (
            f"{name} holds whole numbers from {distinct.min():g} to {distinct.max():g} and no pair twice, as ratings do, and "
            "counts as a weight, so that the lowest is a liking too; for ratings set data.threshold, "
            f"such as {np.ceil(distinct.max() * 0.7):g}"
        )


def is_mark(value: float, others: Floats, threshold: float | None) -> bool:
    """Return whether a value is a usual mark of a missing one and far from all others."""
    if len(others) < 2:
        return False
    low, high = others.min(), others.max()
    if value == 0:
        return threshold is not None and low >= 1 and high <= MOST_STARS
    return (value in LOW and low >= 0) or (value in HIGH and value - high > high - low)


def _are_stars(distinct: Floats, rows: NDArray[np.int64]) -> bool:
    """Return whether whole numbers are a scale of ratings and no counts, of which most are 1."""
    is_scale = len(distinct) >= 3 and distinct.min() >= 0 and 3 <= distinct.max() <= MOST_STARS
    return bool(is_scale and rows[distinct == 1].sum() < rows.sum() / 2)


def copies(is_copy: NDArray[np.bool_], times: NDArray[np.int64]) -> str:
    """Return how many rows, (n,), are copies of the row before, if that is more than usual; empty otherwise."""
    n = np.count_nonzero(is_copy)
    if n < COPIED * len(is_copy):
        return ""
    longest = int(np.diff(np.flatnonzero(~is_copy), append=len(is_copy)).max())
    if longest < MANY_COPIES and not (times % DAY).any():
        return ""  # of dates alone, several events of a day are usual
    return (
        f"{n} of {len(is_copy)} rows are identical copies of another, up to {longest} of one row, "
        "as after a join that multiplied rows; each counts"
    )
