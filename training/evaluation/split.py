"""Splits interactions into a train and a test part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import Interactions
from recsys.errors import DataError

Kind = Literal["temporal", "cutoff", "leave-last-out", "random"]


@dataclass(frozen=True)
class Split:
    """Two disjoint parts over the same users and items."""

    train: Interactions
    test: Interactions


def split(interactions: Interactions, kind: Kind, share: float, random_state: int) -> Split:
    """Split by one of four protocols.

    Except by "cutoff", users with a single interaction stay in the training part, and of interactions of the same
    second the one with the highest item number is the newest. "cutoff" keeps a second together, in the test part, and
    can leave users and items without a training part: they are cold.

    Parameters
    ----------
    kind : str
        What the test part is. "temporal": the last `share` of each user's interactions, at least one and never all;
        "leave-last-out": the newest interaction of each user (He et al. 2017); "random": as many as "temporal", in
        random order; "cutoff": the last `share` of all interactions, after one moment for all users.
    share : float
        Of the interactions, between 0 and 1; "leave-last-out" does not use it.
    random_state : int
        Seed; only "random" uses it.

    Raises
    ------
    DataError
        When the data has no timestamps and `kind` is not "random", or nothing can be held out.
    """
    if kind == "random":
        chance = np.random.default_rng(random_state).random(len(interactions))
        return _cut(interactions, np.lexsort((chance, interactions.user_nums)), share)
    times = interactions.timestamps
    if times is None:
        raise DataError(
            "a split by time needs timestamps; set data.timestamp_column, or split at random if the data has none"
        )
    if kind == "cutoff":
        moment = _moment(np.sort(times), share)
        return Split(interactions.take(times < moment), interactions.take(times >= moment))
    order = np.lexsort((interactions.item_nums, times, interactions.user_nums))
    return _cut(interactions, order, share if kind == "temporal" else 0.0)  # of 0.0 it is at least one


def describe(kind: Kind, share: float) -> str:
    """Return how :func:`split` cuts, in words."""
    return {
        "temporal": f"last {100 * share:g}% of each user's interactions by time",
        "cutoff": f"last {100 * share:g}% of all interactions by time",
        "leave-last-out": "newest interaction of each user",
        "random": f"random {100 * share:g}% of each user's interactions",
    }[kind]


def _moment(times: NDArray[np.int64], share: float) -> np.int64:
    """Return the first of the rising `times` in the test part; raises DataError when all are the same."""
    if not len(times) or times[0] == times[-1]:
        raise DataError(
            f"all {len(times)} interactions have the same timestamp, so no moment divides them; check "
            "data.timestamp_column, or split at random"
        )
    moment: np.int64 = times[-int(np.clip(np.rint(share * len(times)), 1, len(times) - 1))]
    return moment if moment > times[0] else times[np.searchsorted(times, moment, side="right")]


def _cut(interactions: Interactions, order: NDArray[np.int64], share: float) -> Split:
    """Hold out the end of each user's part of `order`, users rising; raises DataError when no user has two."""
    counts = np.bincount(interactions.user_nums, minlength=len(interactions.users))
    ranks = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    held_out = np.where(counts > 1, np.clip(np.rint(share * counts), 1, counts - 1), 0)
    last = ranks >= np.repeat(counts - held_out, counts)
    if not last.any():
        raise DataError(
            f"no user has two interactions, so nothing can be held out of {len(order)}; check data.user_column"
        )
    return Split(interactions.take(np.sort(order[~last])), interactions.take(np.sort(order[last])))
