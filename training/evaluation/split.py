"""Cutting interactions into a part to learn from and a part to be tested on."""

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
    """Cut by one of four protocols.

    Parameters
    ----------
    kind : str
        "temporal": the last `share` of each user's interactions; "cutoff": the last `share` of all interactions, by one
        moment for all; "leave-last-out": the newest interaction of each user; "random": `share` of each user's.
    share : float
        Of the interactions, between 0 and 1; "leave-last-out" does not use it.
    random_state : int
        Seed; only "random" uses it.

    Raises
    ------
    DataError
        When the data has no timestamps and `kind` is not "random", or nothing can be held out.
    """
    match kind:
        case "temporal":
            return split_last_share(interactions, share)
        case "cutoff":
            return split_at_time(interactions, share)
        case "leave-last-out":
            return split_leave_last_out(interactions)
        case "random":
            return split_random_share(interactions, share, random_state)


def describe(kind: Kind, share: float) -> str:
    """How `split` cuts, for a person."""
    return {
        "temporal": f"last {100 * share:g}% of each user's interactions by time",
        "cutoff": f"last {100 * share:g}% of all interactions by time",
        "leave-last-out": "newest interaction of each user",
        "random": f"random {100 * share:g}% of each user's interactions",
    }[kind]


def split_last_share(interactions: Interactions, share: float) -> Split:
    """The last `share` of each user's interactions by time is the test part, at least one and never all of them.

    Users with a single interaction stay in the training part. Interactions of the same second stand in the order of their
    item numbers.

    Raises
    ------
    DataError
        When the data has no timestamps, or no user has two interactions.
    """
    times = _times(interactions)
    return _cut(interactions, np.lexsort((interactions.item_nums, times, interactions.user_nums)), share)


def split_random_share(interactions: Interactions, share: float, random_state: int) -> Split:
    """A random `share` of each user's interactions is the test part, at least one and never all of them.

    Users with a single interaction stay in the training part.

    Raises
    ------
    DataError
        When no user has two interactions.
    """
    chance = np.random.default_rng(random_state).random(len(interactions))
    return _cut(interactions, np.lexsort((chance, interactions.user_nums)), share)


def split_leave_last_out(interactions: Interactions) -> Split:
    """The newest interaction of each user with at least two is the test part (He et al. 2017).

    Of interactions of the same second the one with the highest item number is the newest.

    Raises
    ------
    DataError
        When the data has no timestamps, or no user has two interactions.
    """
    return split_last_share(interactions, 0.0)  # of which at least one is held out


def split_at_time(interactions: Interactions, share: float) -> Split:
    """The last `share` of all interactions by time is the test part, cut at one moment for all users.

    Interactions of the same second stay together, in the test part. Users and items whose interactions all lie behind the
    moment are cold: they have none in the training part.

    Raises
    ------
    DataError
        When the data has no timestamps, or they are all the same.
    """
    times = _times(interactions)
    moments = np.sort(times)
    if not len(moments) or moments[0] == moments[-1]:
        raise DataError(
            f"all {len(moments)} interactions have the same timestamp, so no moment divides them; check "
            "data.timestamp_column, or split at random"
        )
    held_out = int(np.clip(np.rint(share * len(moments)), 1, len(moments) - 1))
    moment = moments[-held_out]
    if moment == moments[0]:  # nothing lies before it
        moment = moments[np.searchsorted(moments, moment, side="right")]
    return Split(interactions.take(times < moment), interactions.take(times >= moment))


def tested_users(split: Split) -> NDArray[np.int32]:
    """Users with interactions in the test part, rising."""
    return np.unique(split.test.user_nums).astype(np.int32)


def _cut(interactions: Interactions, order: NDArray[np.int64], share: float) -> Split:
    """Hold out the end of each user's part of `order`, which has users rising; raises DataError when none has two."""
    counts = np.bincount(interactions.user_nums, minlength=len(interactions.users))
    ranks = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    held_out = np.where(counts > 1, np.clip(np.rint(share * counts), 1, counts - 1), 0)
    last = ranks >= np.repeat(counts - held_out, counts)
    if not last.any():
        raise DataError(
            f"no user has two interactions, so nothing can be held out of {len(order)}; check data.user_column"
        )
    return Split(interactions.take(np.sort(order[~last])), interactions.take(np.sort(order[last])))


def _times(interactions: Interactions) -> NDArray[np.int64]:
    if interactions.timestamps is None:
        raise DataError(
            "a split by time needs timestamps; set data.timestamp_column, or split at random if the data has none"
        )
    return interactions.timestamps
