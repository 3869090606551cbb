"""Cutting interactions into a part to learn from and a part to be tested on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.errors import DataError
from recsys.interactions import Interactions


@dataclass(frozen=True)
class Split:
    """Two disjoint parts over the same users and items."""

    train: Interactions
    test: Interactions


def split_last_share(interactions: Interactions, share: float) -> Split:
    """The last `share` of each user's interactions by time is the test part, at least one and never all of them.

    Users with a single interaction stay in the training part. Interactions of the same second stand in the order of their
    item numbers.

    Raises
    ------
    DataError
        When the data has no timestamps, or no user has two interactions.
    """
    if interactions.timestamps is None:
        raise DataError("a split by time needs timestamps; set data.timestamp_column")
    order = np.lexsort((interactions.item_nums, interactions.timestamps, interactions.user_nums))
    counts = np.bincount(interactions.user_nums, minlength=len(interactions.users))
    ranks = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    held_out = np.where(counts > 1, np.clip(np.rint(share * counts), 1, counts - 1), 0)
    last = ranks >= np.repeat(counts - held_out, counts)
    if not last.any():
        raise DataError("no user has two interactions, so nothing can be held out")
    return Split(interactions.take(np.sort(order[~last])), interactions.take(np.sort(order[last])))


def tested_users(split: Split) -> NDArray[np.int32]:
    """Users with interactions in the test part, rising."""
    return np.unique(split.test.user_nums).astype(np.int32)
