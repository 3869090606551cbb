"""Lists of users without events, by what users with the same attributes take."""

from __future__ import annotations

from dataclasses import dataclass

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
        """Return the `k` best items that are not in `skip` and within the mask `eligible`."""
        with_gains = self.tastes.items[~np.isin(self.tastes.items, skip)]
        if eligible is not None:
            with_gains = with_gains[eligible[with_gains]]
        others = self.model.popularity.top(k, np.union1d(skip, self.tastes.items).astype(np.int32), eligible).nums
        return self.ranked(np.concatenate((with_gains, others)), k)

    def ranked(self, nums: Nums, k: int) -> Neighbors:
        """Return the `k` best of some items."""
        return best_of(nums, self._popularity(nums) + self._gains(nums).sum(axis=0), k)

    def items(self, found: Neighbors, explain: bool) -> tuple[Recommendation, ...]:
        """Return ranked items; with `explain`, popularity and what each value gave add up to the score."""
        gains = self._gains(found.nums)
        sources: list[Source] = ["attributes" if any(column) else "popularity" for column in gains.T.tolist()]
        names = [(self.tastes.attributes[row], self.tastes.values[row]) for row in self.rows.tolist()]
        reasons = [
            Reason(
                (),
                0.0,
                0.0,
                0.0,
                popularity,
                attributes=tuple(Given(*name, gain) for name, gain in zip(names, column, strict=True)),
            )
            for popularity, column in zip(self._popularity(found.nums).tolist(), gains.T.tolist(), strict=True)
        ]
        scores = found.scores.tolist()
        why = reasons if explain else [None] * len(scores)
        return recommendations(self.model.catalog, found.nums.tolist(), scores, sources, why)

    def _popularity(self, nums: Nums) -> NDArray[np.float64]:
        return rounded(np.log1p(self.model.popularity.scores[nums].astype(np.float64)))

    def _gains(self, nums: Nums) -> NDArray[np.float64]:
        return rounded(self.tastes.gains_of(self.rows, nums))
