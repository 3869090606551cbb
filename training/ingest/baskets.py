"""Baskets: the items that a user took within a window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_EVENTS = 200
SECONDS_PER_HOUR = 3600

Nums = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Baskets:
    """Each item of each basket once, by basket, then by item; arrays (n,). `n_cut` baskets ended at MOST_EVENTS."""

    basket_nums: Nums
    item_nums: Nums
    n_cut: int

    def first_items(self, n_items: int) -> Baskets:
        """Return the baskets with the first `n_items` items alone."""
        kept = self.item_nums < n_items
        return Baskets(self.basket_nums[kept], self.item_nums[kept], self.n_cut)


def find_baskets(
    user_nums: Nums, item_nums: Nums, timestamps: NDArray[np.int64] | None, window_hours: float
) -> Baskets:
    """Return the baskets of events (n,); `timestamps` are seconds.

    A basket begins with the first event of a user and has the user's events of the next `window_hours`, at most MOST_EVENTS;
    the event after it begins the next. Without times, and with a window of 0, all events of a user follow one another.
    """
    if timestamps is None or not len(timestamps):
        order, key, window = np.argsort(user_nums, kind="stable"), user_nums.astype(np.int64), 0
        key = key[order]
    else:
        order = np.lexsort((timestamps, user_nums))
        since = timestamps[order] - timestamps.min()
        span = int(since.max())
        window = min(span, int(window_hours * SECONDS_PER_HOUR)) if window_hours else span
        key = user_nums[order].astype(np.int64) * (span + window + 1) + since  # more than a window between two users
    n = len(key)
    starts = _starts(np.minimum(np.searchsorted(key, key + window, side="right"), np.arange(n) + MOST_EVENTS))
    sizes = np.diff(starts, append=n)
    n_items = int(item_nums.max(initial=0)) + 1
    cells = np.unique(np.repeat(np.arange(len(starts)), sizes) * n_items + item_nums[order])
    baskets, items = np.divmod(cells, n_items)
    return Baskets(baskets.astype(np.int32), items.astype(np.int32), int((sizes == MOST_EVENTS).sum()))


def _starts(ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each basket begins, of the places (n,) where one that begins at each event would end."""
    starts, place = [], 0
    while place < len(ends):
        starts.append(place)
        place = int(ends[place])
    return np.array(starts, dtype=np.int64)
