"""Rotation: what was shown to a user again and again without a reaction steps back, and comes back with time.

An item loses ``r m n / (n + HALF_AT)``: r is the rotation of the request, 0 to 1, m the largest score that any item has for the
user, and n the number of times it was shown without a later event of the user with it, where each time counts half for every
half-life of its age (:mod:`recsys.events.impressions`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.ids import IdMap
from recsys.index.exact import Nums

HALF_AT = 3.0  # impressions at which an item loses half of what it can lose


@dataclass(frozen=True, eq=False)
class Rotation:
    """Shares of the best score that items lose, (m,), by row numbers (m,), rising."""

    nums: Nums
    shares: NDArray[np.float64]

    @classmethod
    def of(cls, items: IdMap, exposure: Mapping[str, float], rotation: float) -> Rotation:
        """Return what items lose that were shown ``exposure[item_id]`` times; unknown items are left out."""
        known = sorted((num, n) for item_id, n in exposure.items() if (num := items.get(item_id)) is not None)
        counts = np.array([n for _, n in known], dtype=np.float64)
        return cls(np.array([num for num, _ in known], dtype=np.int32), rotation * counts / (counts + HALF_AT))

    def lost(self, nums: Nums, best: float) -> NDArray[np.float64]:
        """Return what unique items lose, (len(nums),), 0 or more, where `best` is the best score."""
        _, here, there = np.intersect1d(nums, self.nums, assume_unique=True, return_indices=True)
        lost = np.zeros(len(nums))
        lost[here] = max(0.0, best) * self.shares[there]
        return lost
