"""Order of every list: by the score as it is shown, then by row number.

The last bits of a sum differ between processors, so they decide nothing: a score is computed in double precision, rounded to
DIGITS digits and kept in single precision. Above 16, the number in single precision is the shown score.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DIGITS = 6
UNIT = 10.0**-DIGITS
WHOLE = np.float64(10**DIGITS)
RELATIVE = 5e-7  # of a score, some steps of single precision
SLACK = 1e-6  # of the largest possible product: how far a product in single precision may be off
LEAST = np.finfo(np.float32).min

Scores = NDArray[np.floating[Any]]


def rounded(scores: Scores) -> NDArray[np.float64]:
    """Return scores of any shape rounded to DIGITS digits, with 0 in place of -0."""
    return np.asarray(np.rint(scores * WHOLE, dtype=np.float64) / WHOLE + 0.0)


def shown(scores: Scores) -> NDArray[np.float32]:
    """Return scores of any shape as they are shown: rounded, in single precision."""
    return rounded(scores).astype(np.float32)


def displayed(number: float) -> float:
    """Return a number as it is written into an answer."""
    return round(number, DIGITS) + 0.0


def significant(number: float) -> float:
    """Return a number rounded to DIGITS significant digits, for values that may be tiny, such as probabilities."""
    return float(f"{number:.{DIGITS}g}")


def falling(scores: Scores, nums: NDArray[np.integer[Any]] | None = None) -> NDArray[np.int64]:
    """Return the places of scores (n,) by falling shown score; equal scores by rising number, or by place without `nums`."""
    keys = -shown(scores)
    return np.argsort(keys, kind="stable") if nums is None else np.lexsort((nums, keys))


def floor(scores: Scores, k: int, slack: float = 0.0) -> float:
    """Return the least score that can be among the best `k` of at least `k` scores, once all are exact and rounded.

    `slack` is the largest combined error of two scores, as after a fast product in single precision.
    """
    last = float(np.partition(scores, -k)[-k])
    return last - (UNIT + RELATIVE * abs(last) + slack) if np.isfinite(last) else last


def contenders(scores: Scores, k: int, slack: float = 0.0) -> NDArray[np.int64]:
    """Return the places of the scores (n,) that reach :func:`floor`, rising; all places if there are at most `k`."""
    if len(scores) <= k:
        return np.arange(len(scores))
    return np.flatnonzero(scores >= floor(scores, k, slack))


def floors(last: NDArray[np.float32], slack: Scores) -> NDArray[np.float32]:
    """Return :func:`floor` for each of the k-th best scores (n,), LEAST where there are fewer than k."""
    last = last.astype(np.float64)
    return np.maximum(last - (UNIT + RELATIVE * np.abs(last) + slack), LEAST).astype(np.float32)


def padded_rows(rows: NDArray[np.int64], values: Scores, n: int, padding: float) -> NDArray[np.float32]:
    """Return values of rising rows as a matrix (n, most values of a row), the values of a row in their order."""
    counts = np.bincount(rows, minlength=n)
    padded = np.full((n, int(counts.max(initial=0))), padding, dtype=np.float32)
    padded[rows, np.arange(len(rows)) - (np.cumsum(counts) - counts)[rows]] = values
    return padded


def marked(scores: Scores, k: int) -> NDArray[np.bool_]:
    """Return a mask (n, m) of the best `k` of each row of scores (n, m), the first of equal scores; `k` is at most m."""
    rounded_scores = shown(scores)
    last = np.partition(rounded_scores, -k, axis=1)[:, -k, None]
    above, equal = rounded_scores > last, rounded_scores == last
    room = k - above.sum(axis=1, keepdims=True)
    return np.asarray(above | (equal & (np.cumsum(equal, axis=1) <= room)))


def best_places(scores: Scores, k: int) -> NDArray[np.int64]:
    """Return the places (n, k) of the best `k` of each row of scores (n, m), best first, equal scores by place."""
    places = np.nonzero(marked(scores, k))[1].reshape(len(scores), k)
    order = np.argsort(-shown(np.take_along_axis(scores, places, axis=1)), axis=1, kind="stable")
    return np.take_along_axis(places, order, axis=1)
