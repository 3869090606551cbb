"""The data set that training works on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.data.catalog import Attribute, Catalog
from recsys.data.histories import Histories
from recsys.data.interactions import Interactions
from recsys.events.activity import EventRules
from recsys.events.records import NO_WATERMARK, Watermark
from recsys.model.extras.skipped import Skipped
from training.ingest.baskets import Baskets
from training.read import Accounting


@dataclass(frozen=True, eq=False)
class Ratings:
    """Every user-item pair once, liked or not, with its rating; arrays (n,).

    `values` is None where the data has no ratings, `timestamps` (seconds UTC) where it has no times.
    """

    user_nums: NDArray[np.int32]
    item_nums: NDArray[np.int32]
    values: NDArray[np.float64] | None
    timestamps: NDArray[np.int64] | None
    n_users: int
    n_items: int

    def __len__(self) -> int:
        return len(self.user_nums)

    def take(self, mask: NDArray[np.bool_]) -> Ratings:
        """Return some of the pairs, of the same users and items."""
        values = None if self.values is None else self.values[mask]
        times = None if self.timestamps is None else self.timestamps[mask]
        return Ratings(self.user_nums[mask], self.item_nums[mask], values, times, self.n_users, self.n_items)


@dataclass(frozen=True)
class Dataset:
    """Interactions, the catalog of ``interactions.items``, and where they come from."""

    interactions: Interactions
    catalog: Catalog
    accounting: Accounting
    events: dict[str, tuple[int, float]] = field(default_factory=dict)  # rows and weight of each event type
    dropped: dict[str, int] = field(default_factory=dict)  # kept rows without a pair of their own, by reason
    unread: tuple[str, ...] = ()  # unused columns of the interaction files
    seen_only: Histories | None = None  # pairs that are not positive, as those of a model
    skipped: Skipped | None = None  # pairs that are not positive and may be shown again
    ratings: Ratings | None = None  # None without a threshold: the interactions hold all pairs
    notes: tuple[str, ...] = ()  # sentences about what a person should check
    rules: EventRules = field(default_factory=EventRules)
    watermark: Watermark = NO_WATERMARK  # how far the event store was read
    n_unlisted: int = 0  # last items of the catalog, which no list of the model shows
    baskets: Baskets | None = None  # None where switched off
    first_events: NDArray[np.int64] | None = (
        None  # seconds UTC of each item, UNKNOWN without events; None without times
    )
    users: Mapping[str, Mapping[str, Attribute]] = field(default_factory=dict)  # attributes of the users that have some

    def listed(self) -> Dataset:
        """Return the data without the items that no list shows, over the same users."""
        n_items, pairs = len(self.catalog) - self.n_unlisted, self.interactions
        catalog = Catalog.from_items(list(islice(self.catalog, n_items)))
        kept = pairs.take(pairs.item_nums < n_items)
        ratings = self.ratings
        if ratings is not None:
            ratings = replace(ratings.take(ratings.item_nums < n_items), n_items=n_items)
        return replace(
            self,
            interactions=replace(kept, items=catalog.items),
            catalog=catalog,
            seen_only=None if self.seen_only is None else self.seen_only.first_items(n_items),
            skipped=None if self.skipped is None else self.skipped.first_items(n_items),
            ratings=ratings,
            n_unlisted=0,
            baskets=None if self.baskets is None else self.baskets.first_items(n_items),
            first_events=None if self.first_events is None else self.first_events[:n_items],
        )

    def rated(self) -> Ratings:
        """Return every pair, with its rating where there is one."""
        pairs = self.interactions
        return self.ratings or Ratings(
            pairs.user_nums, pairs.item_nums, None, pairs.timestamps, len(pairs.users), len(pairs.items)
        )


def checksum(dataset: Dataset) -> str:
    """Return the SHA-256 of every array of the interactions, ids and records, and of the attributes of users."""
    pairs, catalog = dataset.interactions, dataset.catalog
    arrays: list[NDArray[Any]] = [pairs.user_nums, pairs.item_nums, pairs.weights]
    arrays += [] if pairs.timestamps is None else [pairs.timestamps]
    for strings in (pairs.users.strings, catalog.items.strings, catalog.records):
        arrays += [strings.blob, strings.offsets]
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    if dataset.users:
        digest.update(json.dumps(dict(dataset.users), sort_keys=True).encode())
    return digest.hexdigest()
