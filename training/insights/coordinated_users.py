"""Groups of odd users that agree on one item, and items that are consumed in a burst.

Target item analysis (Zhou et al. 2014, 2015): attackers must all give the item that they promote the highest rating, or the
one that they harm the lowest. So for each item and end of the scale the odd users among those who gave it that rating are
counted, and compared with a binomial draw at the share that other odd users have of all such ratings. Only ratings count that
lie a standard deviation of all ratings away from what other users think of the item. Where there are no ratings, having the
item is the highest one, and users who are in several groups are people with a taste in common. A burst is a day that holds more
of an item's ratings than the share of all ratings since its first one would give it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from recsys.score_order import significant
from training.ingest.dataset import Ratings

SURPRISING = 0.9  # standard deviations of all ratings from the item's mean
PRIOR = 5.0  # ratings at the mean of all that are added to those of an item
CHANCE = 0.01  # groups, and bursts, that are expected where there are none in truth
FEWEST = 4  # members of a group
FEWEST_IN_A_DAY = 3
MAJORITY = 0.5  # of those who agree; people of a rare taste have their items in common too
DAY = 86_400
MOST_TARGETS = 2  # of a false profile, where there are no ratings to tell targets from filler items
MOST = 500

Numbers = NDArray[Any]
Direction = Literal["push", "nuke", "together"]


@dataclass(frozen=True, eq=False)
class Group:
    """Odd users who agree on an item.

    Parameters
    ----------
    item_num : int
    direction : str
        "push": the highest rating; "nuke": the lowest; "together": there are no ratings.
    value : float
        That rating; 0 where there are none.
    members : int array (n,)
        The odd users, rising.
    n_agreeing : int
        Of all users who gave the rating.
    expected : float
        Odd users expected among them.
    chance : float
        How many such groups are expected in the data by chance.
    """

    item_num: int
    direction: Direction
    value: float
    members: NDArray[np.int64]
    n_agreeing: int
    expected: float
    chance: float


@dataclass(frozen=True, eq=False)
class Burst:
    """A day with too many ratings of an item: how many of its `n`, when the day begins, and who gave them."""

    item_num: int
    members: NDArray[np.int64]
    n: int
    start: int
    expected: float
    chance: float


@dataclass(frozen=True, eq=False)
class End:
    """The ratings at one end of the scale that surprise, a mask (n,); without ratings all there are."""

    direction: Direction
    value: float
    there: NDArray[np.bool_]


def ends(ratings: Ratings, odd: NDArray[np.bool_]) -> list[End]:
    """Both ends of the scale; `odd` users (n_users,) do not count in what is thought of an item."""
    values = ratings.values
    if values is None or not len(values) or np.ptp(values) == 0:
        return [End("together", 0.0, np.ones(len(ratings), dtype=bool))]
    usual, far = _usual(ratings, values, odd), SURPRISING * float(values.std())
    high, low = float(values.max()), float(values.min())
    return [
        End("push", high, (values == high) & (high - usual >= far)),
        End("nuke", low, (values == low) & (usual - low >= far)),
    ]


def groups(ratings: Ratings, odd: NDArray[np.bool_], of: Sequence[End]) -> list[Group]:
    """The groups among the users marked as odd, (n_users,), at some ends of the scale; the surest first, at most MOST."""
    found = [group for end in of for group in _at_end(ratings, odd, end, len(of))]
    return sorted(found, key=lambda group: (group.chance, group.item_num))[:MOST]


def bursts(ratings: Ratings, told: Callable[[Burst], bool] = lambda _: True) -> list[Burst]:
    """The bursts of all items that are to be `told`, the surest first, at most MOST; none where there are no times."""
    if ratings.timestamps is None or not len(ratings):
        return []
    order = np.lexsort((ratings.timestamps, ratings.item_nums))
    items, times = ratings.item_nums[order].astype(np.int64), ratings.timestamps[order]
    first = int(times.min())
    span = int(times.max()) - first + 2 * DAY
    keys = items * span + (times - first)
    counts = np.searchsorted(keys, keys + DAY, side="left") - np.arange(len(keys))
    n_of = np.bincount(items, minlength=ratings.n_items)
    begin = np.concatenate(([0], np.cumsum(n_of)))[:-1]
    all_times = np.sort(times)
    candidates = np.flatnonzero(counts >= FEWEST_IN_A_DAY)
    shares = _shares(all_times, times[candidates], times[begin[items[candidates]]])
    chances = _telling(
        len(keys) * _tail(counts[candidates] - 1, n_of[items[candidates]] - 1, shares)
    )  # a day begins at each
    found: dict[int, Burst] = {}
    for at in np.lexsort((candidates, chances)).tolist():
        place, item = int(candidates[at]), int(items[candidates[at]])
        if chances[at] >= CHANCE or len(found) == MOST:
            break
        if item not in found:
            users = ratings.user_nums[order[place : place + int(counts[place])]]
            expected = float(shares[at] * n_of[item])
            day = int(times[place])
            burst = Burst(item, np.unique(users), int(n_of[item]), day, expected, float(chances[at]))
            if told(burst):
                found[item] = burst
    return list(found.values())


def surprising_bursts(ratings: Ratings) -> list[Burst]:
    """The bursts of the highest and of the lowest rating against the opinion of all others; without ratings all bursts.

    What others think is their mean, drawn to the rating itself: of an item that hardly anybody else knows, nothing is said.
    """
    values = ratings.values
    if values is None or not len(values) or np.ptp(values) == 0:
        return bursts(ratings)
    far = SURPRISING * float(values.std())
    sums = np.bincount(ratings.item_nums, weights=values, minlength=ratings.n_items)
    counts = np.bincount(ratings.item_nums, minlength=ratings.n_items)

    def contradicts(burst: Burst, value: float) -> bool:
        n = len(burst.members)
        others = sums[burst.item_num] - n * value, counts[burst.item_num] - n
        return bool(abs((others[0] + PRIOR * value) / (others[1] + PRIOR) - value) >= far)

    ends_of_scale = float(values.max()), float(values.min())
    return [
        burst
        for value in ends_of_scale
        for burst in bursts(ratings.take(values == value), partial(contradicts, value=value))
    ]


def _telling(chances: Numbers) -> Numbers:
    """Chances without the digits that another processor may compute otherwise."""
    return np.array([significant(one) for one in chances.tolist()])


def _tail(least: Numbers, n: NDArray[np.int64], share: Numbers | float) -> Numbers:
    """The probability of at least so many of `n` binomial draws."""
    return np.asarray(stats.binom.sf(least - 1, n, share), dtype=np.float64)


def _usual(ratings: Ratings, values: NDArray[np.float64], odd: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What users who are not odd think of the item of each rating, (n,): their mean, drawn to that of all ratings."""
    trusted = (~odd[ratings.user_nums]).astype(np.float64)
    sums = np.bincount(ratings.item_nums, weights=trusted * values, minlength=ratings.n_items)
    counts = np.bincount(ratings.item_nums, weights=trusted, minlength=ratings.n_items)
    mean = float(values.mean())
    return np.asarray(((sums + PRIOR * mean) / (counts + PRIOR))[ratings.item_nums])


def _at_end(ratings: Ratings, odd: NDArray[np.bool_], end: End, n_ends: int) -> list[Group]:
    users, items = ratings.user_nums[end.there], ratings.item_nums[end.there]
    agreeing = np.bincount(items, minlength=ratings.n_items)
    odd_ones = np.bincount(items, weights=odd[users], minlength=ratings.n_items)
    given = np.where(odd, np.bincount(users, minlength=ratings.n_users), 0)
    of_members = np.bincount(items, weights=given[users], minlength=ratings.n_items)
    shares = np.maximum(1.0, odd_ones.sum() - of_members) / np.maximum(1.0, len(items) - of_members)
    chances = _telling(n_ends * int((agreeing > 0).sum()) * _tail(odd_ones, agreeing, shares))
    certain = np.flatnonzero((odd_ones >= FEWEST) & (odd_ones >= MAJORITY * agreeing) & (chances < CHANCE))
    there = np.isin(items, certain) & odd[users]
    users, items = users[there], items[there]
    if end.direction == "together":  # people of one place or taste have much in common, false profiles their target
        few = (np.bincount(users, minlength=ratings.n_users) <= MOST_TARGETS)[users]
        users, items = users[few], items[few]
    members = np.bincount(items, minlength=ratings.n_items)
    certain = certain[(members[certain] >= FEWEST) & (members[certain] >= MAJORITY * agreeing[certain])]
    certain = certain[np.argsort(chances[certain], kind="stable")][:MOST]
    return [
        Group(
            int(item),
            end.direction,
            end.value,
            np.unique(users[items == item]).astype(np.int64),
            int(agreeing[item]),
            float(shares[item] * agreeing[item]),
            float(chances[item]),
        )
        for item in certain
    ]


def _shares(all_times: NDArray[np.int64], starts: NDArray[np.int64], firsts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of all ratings since `firsts` that falls into the days from `starts` on."""
    within = np.searchsorted(all_times, starts + DAY, side="left") - np.searchsorted(all_times, starts, side="left")
    since = len(all_times) - np.searchsorted(all_times, firsts, side="left")
    return np.minimum(1.0, within / np.maximum(since, 1))
