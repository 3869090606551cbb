"""Lists of users without events, by what users with the same attributes take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from recsys.index.exact import Mask, Neighbors, Nums, best_of
from recsys.model.extras.attribute_tastes import AttributeTastes
from recsys.model.model import Model
from recsys.recommend.answer import Given, Reason, Recommendation, Source, recommendations
from recsys.score_order import rounded


@dataclass(frozen=True, eq=False)
class AttributeQuery:
    """The values of a user, row numbers of `tastes`, rising."""

    model: Model
    tastes: AttributeTastes
    rows: Nums

    def best(self, k: int, skip: Nums, eligible: Mask | None = None) -> Neighbors:
        """Return the `k` best items that are not in `skip`, rising, and within the mask `eligible`."""
        free = np.ones(len(self.model.catalog), dtype=bool) if eligible is None else eligible.copy()
        free[skip] = False
        with_gains, order = self.tastes.items, self.model.popularity.order
        gains = self.tastes.gains[self.rows].sum(axis=0, dtype=np.float64)
        scores = (self._popularity(with_gains) + gains)[free[with_gains]]
        with_gains = with_gains[free[with_gains]]
        free[with_gains] = False
        head = order[: k + len(skip) + len(self.tastes.items)] if eligible is None else order
        others = head[free[head]][:k]
        nums = np.concatenate((with_gains, others))
        return best_of(nums, np.concatenate((scores, self._popularity(others))), k)

    def ranked(self, nums: Nums, k: int) -> Neighbors:
        """Return the `k` best of some items."""
        return best_of(nums, self._popularity(nums) + self._gains(nums).sum(axis=0), k)

    def items(self, found: Neighbors, explain: bool) -> tuple[Recommendation, ...]:
        """Return ranked items; with `explain`, popularity and what each value gave add up to the score."""
        gains = self._gains(found.nums)
        sources: list[Source] = ["attributes" if any(column) else "popularity" for column in gains.T.tolist()]
        why = self._reasons(found.nums, gains) if explain else repeat(None)
        return recommendations(self.model.catalog, found.nums.tolist(), found.scores.tolist(), sources, why)

    def _reasons(self, nums: Nums, gains: NDArray[np.float64]) -> Iterator[Reason]:
        names = [(self.tastes.attributes[row], self.tastes.values[row]) for row in self.rows.tolist()]
        for popularity, column in zip(self._popularity(nums).tolist(), gains.T.tolist(), strict=True):
            given = tuple(Given(*name, gain) for name, gain in zip(names, column, strict=True))
            yield Reason((), 0.0, 0.0, 0.0, popularity, attributes=given)

    def _popularity(self, nums: Nums) -> NDArray[np.float64]:
        return rounded(np.log1p(self.model.popularity.scores[nums].astype(np.float64)))

    def _gains(self, nums: Nums) -> NDArray[np.float64]:
        return self.tastes.gains_of(self.rows, nums)
