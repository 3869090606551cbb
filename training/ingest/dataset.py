"""What training works on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.data.catalog import Catalog
from recsys.data.histories import Histories
from recsys.data.interactions import Interactions
from recsys.events.activity import EventRules
from recsys.events.records import NO_WATERMARK, Watermark
from training.ingest.accounting import Accounting


@dataclass(frozen=True, eq=False)
class Ratings:
    """Every user-item pair once, liked or not, with the rating as it was given.

    Parameters
    ----------
    user_nums, item_nums : int32 arrays (n,)
    values : float64 array (n,) or None
        None where the data has no ratings.
    timestamps : int64 array (n,) or None
        Seconds UTC; None where the data has no times.
    n_users, n_items : int
    """

    user_nums: NDArray[np.int32]
    item_nums: NDArray[np.int32]
    values: NDArray[np.float64] | None
    timestamps: NDArray[np.int64] | None
    n_users: int
    n_items: int

    @classmethod
    def of(cls, pairs: Interactions) -> Ratings:
        """The pairs of data without ratings."""
        sizes = len(pairs.users), len(pairs.items)
        return cls(pairs.user_nums, pairs.item_nums, None, pairs.timestamps, *sizes)

    def __len__(self) -> int:
        return len(self.user_nums)

    def take(self, chosen: NDArray[np.bool_]) -> Ratings:
        """Some of the pairs, of the same users and items."""
        values = None if self.values is None else self.values[chosen]
        times = None if self.timestamps is None else self.timestamps[chosen]
        return Ratings(self.user_nums[chosen], self.item_nums[chosen], values, times, self.n_users, self.n_items)


@dataclass(frozen=True)
class Dataset:
    """What training works on.

    Parameters
    ----------
    interactions : Interactions
    catalog : Catalog
        Its ids are ``interactions.items``.
    accounting : Accounting
    events : dict
        Rows of each event type, with its weight.
    dropped : dict
        Rows that were kept but led to no pair of their own, by reason.
    unread : tuple
        Columns of the interaction files that nothing was made of.
    seen_only : Histories or None
        Pairs that were seen but are not positive: rated under the threshold.
    ratings : Ratings or None
        With a threshold, what was rated how; None elsewhere, where the interactions say it all.
    notes : tuple
        What a person should look at, a sentence each.
    rules : EventRules
        How events count.
    watermark : Watermark
        How far the event store was read.
    """

    interactions: Interactions
    catalog: Catalog
    accounting: Accounting
    events: dict[str, tuple[int, float]] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    seen_only: Histories | None = None
    ratings: Ratings | None = None
    notes: tuple[str, ...] = ()
    rules: EventRules = field(default_factory=EventRules)
    watermark: Watermark = NO_WATERMARK

    def rated(self) -> Ratings:
        """Every pair, with its rating where there is one."""
        return self.ratings or Ratings.of(self.interactions)


def checksum(dataset: Dataset) -> str:
    """SHA-256 of the content of a data set: every array of its interactions, ids and records."""
    pairs, catalog = dataset.interactions, dataset.catalog
    arrays: list[NDArray[Any]] = [pairs.user_nums, pairs.item_nums, pairs.weights]
    arrays += [] if pairs.timestamps is None else [pairs.timestamps]
    for strings in (pairs.users.strings, catalog.items.strings, catalog.records):
        arrays += [strings.blob, strings.offsets]
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
