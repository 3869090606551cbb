"""Groups of odd users that agree on one item, and items that are consumed in a burst.

Target item analysis (Zhou et al. 2014, 2015): attackers all give the item that they promote the highest rating, or the
item that they harm the lowest. So for each item and end of the scale, the odd users among those who gave it that rating
are compared with a binomial draw at the share that other odd users have of all such ratings. Only ratings count that
are a standard deviation of all ratings away from the item's mean. Without ratings, having the item is the highest
rating, and users in several groups are people with a taste in common. A burst is a day with more of an item's ratings
than the share of all ratings since its first one would give it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from recsys.model.extras.anomalies import Kind
from recsys.score_order import significant
from training.ingest.dataset import Ratings

SURPRISING = 0.9  # standard deviations of all ratings from the item's mean
PRIOR = 5.0  # ratings at the mean of all that are added to those of an item
CHANCE = 0.01  # groups, and bursts, that are expected in data without any
FEWEST = 4  # members of a group
FEWEST_IN_A_DAY = 3
MAJORITY = 0.5  # of the agreeing users; people of a rare taste have their items in common too
DAY = 86_400
MOST_TARGETS = 2  # of a false profile, where there are no ratings to tell targets from filler items
MOST = 500

Numbers = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Group:
    """Users who agree on an item: odd ones with the highest ("push") or lowest rating ("nuke"), or with any where there
    are no ratings ("together"), or those of a day with too many ratings ("burst").

    `members` (n,) are rising; `numbers` are named by :data:`recsys.model.extras.anomalies.LABELS`, and the last is how
    many such groups are expected in the data by chance.
    """

    kind: Kind
    item_num: int
    members: NDArray[np.int64]
    numbers: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class End:
    """The surprising ratings at one end of the scale, a mask (n,); all ratings where they have no values."""

    kind: Kind
    value: float
    there: NDArray[np.bool_]


def ends(ratings: Ratings, odd: NDArray[np.bool_]) -> list[End]:
    """Return both ends of the scale; `odd` users (n_users,) do not count in the mean of an item."""
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
    """Return the groups among `odd` users, (n_users,), at some ends of the scale; the surest first, at most MOST."""
    result = [group for end in of for group in _at_end(ratings, odd, end, len(of))]
    return sorted(result, key=lambda group: (group.numbers[-1], group.item_num))[:MOST]


def bursts(ratings: Ratings, wanted: Callable[[Group], bool] = lambda _: True) -> list[Group]:
    """Return the `wanted` bursts of all items, the surest first, at most MOST; none without times."""
    if ratings.timestamps is None or not len(ratings):
        return []
    first, span = int(ratings.timestamps.min()), int(np.ptp(ratings.timestamps)) + 2 * DAY
    keys = np.sort(ratings.item_nums.astype(np.int64) * span + (ratings.timestamps - first))
    items = keys // span
    times = keys - items * span + first
    counts = np.searchsorted(keys, keys + DAY, side="left") - np.arange(len(keys))
    n_of = np.bincount(items, minlength=ratings.n_items)
    begin = np.concatenate(([0], np.cumsum(n_of)))[:-1]
    all_times = np.sort(times)
    candidates = np.flatnonzero(counts >= FEWEST_IN_A_DAY)
    shares = _shares(all_times, times[candidates], times[begin[items[candidates]]])
    # a day begins at each rating
    chances = len(keys) * _tail(counts[candidates] - 1, n_of[items[candidates]] - 1, shares)
    chances = _significant(chances)
    members_of = _Members(ratings, np.unique(items[candidates[chances < CHANCE]]))
    by_item: dict[int, Group] = {}
    for at in np.lexsort((candidates, chances)).tolist():
        place, item = int(candidates[at]), int(items[candidates[at]])
        if chances[at] >= CHANCE or len(by_item) == MOST:
            break
        if item not in by_item:
            members = members_of(item, place - int(begin[item]), int(counts[place]))
            numbers = (len(members), n_of[item], shares[at] * n_of[item], times[place], chances[at])
            burst = Group("burst", item, members, tuple(map(float, numbers)))
            if wanted(burst):
                by_item[item] = burst
    return list(by_item.values())


def surprising_bursts(ratings: Ratings, all_bursts: Sequence[Group] | None = None) -> Sequence[Group]:
    """Return the bursts of the highest and of the lowest rating against the mean of all others; without ratings all
    bursts, which the caller may have.

    The mean is drawn to the rating itself, so a burst of an item with few other ratings is no surprise.
    """
    values = ratings.values
    if values is None or not len(values) or np.ptp(values) == 0:
        return bursts(ratings) if all_bursts is None else all_bursts
    far = SURPRISING * float(values.std())
    sums = np.bincount(ratings.item_nums, weights=values, minlength=ratings.n_items)
    counts = np.bincount(ratings.item_nums, minlength=ratings.n_items)

    def contradicts(burst: Group, value: float) -> bool:
        n = len(burst.members)
        others = sums[burst.item_num] - n * value, counts[burst.item_num] - n
        return bool(abs((others[0] + PRIOR * value) / (others[1] + PRIOR) - value) >= far)

    both = (
        (ratings.take(values == value), partial(contradicts, value=value)) for value in (values.max(), values.min())
    )
    return [burst for taken, wanted in both for burst in bursts(taken, wanted)]


class _Members:
    """Users of some items, rising row numbers, by time."""

    def __init__(self, ratings: Ratings, items: NDArray[np.int64]) -> None:
        assert ratings.timestamps is not None
        rows = np.flatnonzero(np.isin(ratings.item_nums, items))
        rows = rows[np.lexsort((ratings.timestamps[rows], ratings.item_nums[rows]))]
        self._users, self._starts = ratings.user_nums[rows], np.searchsorted(ratings.item_nums[rows], items)
        self._places = {item: place for place, item in enumerate(items.tolist())}

    def __call__(self, item: int, start: int, count: int) -> NDArray[np.int64]:
        """Return the different users of `count` ratings of an item from the rating `start` on."""
        begin = int(self._starts[self._places[item]]) + start
        return np.unique(self._users[begin : begin + count]).astype(np.int64)


def _significant(chances: Numbers) -> Numbers:
    """Drop the digits that another processor may compute differently; of chances above 1 no digit decides anything."""
    result = chances.copy()
    small = chances < 1
    result[small] = [significant(chance) for chance in chances[small].tolist()]
    return result


def _tail(least: Numbers, n: NDArray[np.int64], share: Numbers | float) -> Numbers:
    """Return the probability of at least so many of `n` binomial draws."""
    return np.asarray(stats.binom.sf(least - 1, n, share), dtype=np.float64)


def _usual(ratings: Ratings, values: NDArray[np.float64], odd: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the mean of users who are not odd for the item of each rating, (n,), drawn to that of all ratings."""
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
    chances = _significant(n_ends * int((agreeing > 0).sum()) * _tail(odd_ones, agreeing, shares))
    certain = np.flatnonzero((odd_ones >= FEWEST) & (odd_ones >= MAJORITY * agreeing) & (chances < CHANCE))
    there = np.isin(items, certain) & odd[users]
    users, items = users[there], items[there]
    if end.kind == "together":  # people of one place or taste have much in common, false profiles their target
        few = (np.bincount(users, minlength=ratings.n_users) <= MOST_TARGETS)[users]
        users, items = users[few], items[few]
    members = np.bincount(items, minlength=ratings.n_items)
    certain = certain[(members[certain] >= FEWEST) & (members[certain] >= MAJORITY * agreeing[certain])]
    certain = certain[np.argsort(chances[certain], kind="stable")][:MOST]
    result = []
    for item in certain.tolist():
        group = np.unique(users[items == item]).astype(np.int64)
        numbers = (end.value, len(group), agreeing[item], shares[item] * agreeing[item], chances[item])
        labeled = tuple(map(float, numbers[end.kind == "together" :]))
        result.append(Group(end.kind, item, group, labeled))
    return result


def _shares(all_times: NDArray[np.int64], starts: NDArray[np.int64], firsts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of all ratings since `firsts` in the days that begin at `starts`."""
    within = np.searchsorted(all_times, starts + DAY, side="left") - np.searchsorted(all_times, starts, side="left")
    since = len(all_times) - np.searchsorted(all_times, firsts, side="left")
    return np.minimum(1.0, within / np.maximum(since, 1))
