"""Splits interactions into a train and a test part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import Interactions
from recsys.errors import DataError
from recsys.score_order import rounded

Kind = Literal["temporal", "cutoff", "leave-last-out", "random"]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Two disjoint parts over the same users and items."""

    train: Interactions
    test: Interactions


def split(interactions: Interactions, kind: Kind, share: float, random_state: int) -> Split:
    """Split by one of four protocols.

    A user's only interaction is never in the test part. Of interactions of the same second the one with the highest item
    number is the newest; "cutoff" keeps a second together. The test part has at most `share` of all interactions, but at
    least one.

    Parameters
    ----------
    kind : str
        What the test part is. "temporal": the last `share` of each user's interactions, never all; a fraction of an
        interaction is rounded up for some users and down for the others, drawn by `random_state`, so that the sum is
        `share` also where histories are short; "random": as many as "temporal", in random order; "leave-last-out": the
        newest interaction of each user (He et al. 2017); "cutoff": the last `share` of all interactions, after one moment
        for all users. Users can then be without a training part: they are cold. A user's only interaction is in neither
        part if it is after the moment.
    share : float
        Of the interactions, between 0 and 1; "leave-last-out" does not use it.
    random_state : int
        Seed; "cutoff" and "leave-last-out" do not use it.

    Raises
    ------
    DataError
        When the data has no timestamps and `kind` is not "random", or nothing can be held out.
    """
    counts = np.bincount(interactions.user_nums, minlength=len(interactions.users))
    if kind == "random":
        chance = np.random.default_rng(random_state).random(len(interactions))
        order = np.lexsort((chance, interactions.user_nums))
        return _cut(interactions, order, counts, _shares(counts, share, random_state))
    times = interactions.timestamps
    if times is None:
        raise DataError(
            "a split by time needs timestamps; set data.timestamp_column, or split at random if the data has none"
        )
    if kind == "cutoff":
        later = times > _moment(np.sort(times), share)
        held_out = later & (counts[interactions.user_nums] > 1)
        return _parts(interactions, np.flatnonzero(~later), np.flatnonzero(held_out))
    order = np.lexsort((interactions.item_nums, times, interactions.user_nums))
    newest = np.minimum(counts, 2) - 1
    return _cut(interactions, order, counts, newest if kind != "temporal" else _shares(counts, share, random_state))


def describe(kind: Kind, interactions: Interactions, cut: Split) -> str:
    """Return what :func:`split` did to the interactions, in words."""
    share = f"{round(100 * len(cut.test) / len(interactions), 1):g}%"
    n_users, n_tested = (len(np.unique(part.user_nums)) for part in (interactions, cut.test))
    n_left_out = len(interactions) - len(cut.train) - len(cut.test)
    whose, of_some = ("each user's", "") if n_tested == n_users else ("users'", f", from {n_tested} of {n_users} users")
    left_out = f", {n_left_out} single interactions of users left out" if n_left_out else ""
    return {
        "temporal": f"last {share} of {whose} interactions by time{of_some}",
        "cutoff": f"last {share} of all interactions by time{left_out}",
        "leave-last-out": f"newest interaction of each user{of_some}",
        "random": f"random {share} of {whose} interactions{of_some}",
    }[kind]


def _moment(times: NDArray[np.int64], share: float) -> np.int64:
    """Return the last of the rising `times` in the training part; raises DataError when there is none."""
    if not len(times) or times[0] == times[-1]:
        raise DataError(
            f"all {len(times)} interactions have the same timestamp, so no moment divides them; check "
            "data.timestamp_column, or split at random"
        )
    last: np.int64 = times[-1 - max(1, int(_floor(share * np.array(len(times)))))]
    if last == times[-1]:
        newest = float((times == last).mean())
        raise DataError(
            f"the newest timestamp has {newest:.3g} of the interactions, more than the share {share:g} to hold out, so no "
            'moment divides them; hold out a larger share, or set evaluate.split = "temporal"'
        )
    return last


def _floor(numbers: NDArray[np.float64]) -> Counts:
    return np.asarray(np.floor(rounded(numbers)), dtype=np.int64)  # 0.29 * 100 is 28.999999999999996


def _shares(counts: Counts, share: float, random_state: int) -> Counts:
    """Return how many interactions of each user (n_users,) are held out: `share` of them, rounded up or down.

    Systematic sampling: with the users in random order, the sum over the first of them is rounded down, for all of them.
    """
    order = np.random.default_rng((random_state, 1)).permutation(np.flatnonzero(counts > 1))
    shares = np.zeros_like(counts)
    shares[order] = np.minimum(np.diff(_floor(share * np.cumsum(counts[order])), prepend=0), counts[order] - 1)
    if len(order) and not shares.any():
        shares[order[0]] = 1
    return shares


def _cut(interactions: Interactions, order: Counts, counts: Counts, held_out: Counts) -> Split:
    """Hold out the end of each user's part of `order`, users rising; raises DataError when that is nothing."""
    ranks = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    last = ranks >= np.repeat(counts - held_out, counts)
    return _parts(interactions, np.sort(order[~last]), np.sort(order[last]))


def _parts(interactions: Interactions, train: Counts, test: Counts) -> Split:
    """Take the rows of both parts; raises DataError when nothing is held out."""
    if not len(test):
        few = "no user has two interactions" + " and one after the moment" * (len(train) < len(interactions))
        raise DataError(f"{few}, so nothing can be held out of {len(interactions)}; check data.user_column")
    return Split(interactions.take(train), interactions.take(test))
