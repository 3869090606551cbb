"""Items ranked by number of users; the fallback for unknown users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import Interactions
from recsys.data.part import Column, Part
from recsys.index.exact import Neighbors
from recsys.score_order import Scores, falling, shown

SECONDS_PER_DAY = 86_400
TRENDING_HALF_LIFE_DAYS = 7.0


@dataclass(frozen=True, eq=False)
class Popularity(Part):
    """Displayed number of users of each item, weighted by age with a half-life, and row numbers by falling score.

    Equal scores are ordered by row number.
    """

    name = "popularity"
    scores: Annotated[NDArray[np.float32], Column(np.float32, "items")]
    order: Annotated[NDArray[np.int32], Column(np.int32, "items", low=0, below="items")]

    def sound(self) -> bool:
        return bool(np.all(np.bincount(self.order, minlength=len(self.order)) == 1))

    @classmethod
    def from_interactions(cls, interactions: Interactions, half_life_days: float = 0.0) -> Popularity:
        """Count users; with ``half_life_days > 0`` a user counts 1/2 at that age, relative to the newest interaction."""
        counted = decay(interactions.timestamps, half_life_days)
        scores = np.bincount(interactions.item_nums, weights=counted, minlength=len(interactions.items))
        return cls.from_scores(scores.astype(np.float64))

    @classmethod
    def from_scores(cls, scores: Scores) -> Popularity:
        return cls(shown(scores), falling(scores).astype(np.int32))

    def top(self, k: int, skip: NDArray[np.int32], eligible: NDArray[np.bool_] | None = None) -> Neighbors:
        """Return the `k` most popular items that are not in `skip` and within the mask `eligible`."""
        order = self.order if eligible is None else self.order[eligible[self.order]]
        nums = order[: k + len(skip)]
        return Neighbors(nums, self.scores[nums]).without(skip, k)

    def levels(self, nums: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return popularity levels, ``log(1 + users) / log(1 + most users)``: 0 for no users, 1 for the most popular item."""
        most = float(self.scores[self.order[0]]) if len(self.order) else 0.0
        return np.asarray(np.log1p(np.maximum(self.scores[nums].astype(np.float64), 0)) / (np.log1p(most) or 1.0))

    def added(self, nums: NDArray[np.int32], more: NDArray[np.float32]) -> Popularity:
        """Return the popularity with `more` users for unique items `nums`."""
        scores = self.scores.astype(np.float64)
        scores[nums] += more
        return Popularity.from_scores(scores)


def decay(timestamps: NDArray[np.int64] | None, half_life_days: float) -> NDArray[np.float64] | None:
    """Return ``0.5 ** (age / half-life)`` with ages counted back from the newest timestamp, (n,); None without decay."""
    if timestamps is None or half_life_days <= 0 or not len(timestamps):
        return None
    ages = (timestamps.max() - timestamps) / SECONDS_PER_DAY
    return np.asarray(0.5 ** (ages / half_life_days))
