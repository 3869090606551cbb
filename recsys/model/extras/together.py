"""Items of the same baskets.

A basket has the items that a user took within a window. Of N baskets, n_a have item a and n_ab have a and b. The lift of b
given a is ``P(b | a) / P(b) = n_ab N / (n_a n_b)`` (Brin, Motwani, Ullman and Tsur, SIGMOD 1997). Its score is the logarithm of
the lift, shrunk by the number of baskets that support it: ``log(lift) n_ab / (n_ab + s)``. Given several items, the score is
the mean, with 0 for a pair that is not stored, and the lift is the number of baskets of all pairs by that expected by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from recsys.data.histories import places_of_rows
from recsys.data.part import Column, Part, Pointers, Scalar
from recsys.index.exact import Nums


@dataclass(frozen=True, eq=False)
class Companions:
    """Items by row number, rising, with their scores, lifts and numbers of baskets, (n,)."""

    nums: Nums
    scores: NDArray[np.float64]
    lifts: NDArray[np.float64]
    n_both: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Together(Part):
    """Items of the baskets of each item: those of item ``a`` are ``item_nums[indptr[a]:indptr[a + 1]]``, best first.

    `n_both` is n_ab, `n_baskets` is n_a, `total` is N, and `shrinkage` is s of the module's formulas.
    """

    name = "together"
    indptr: Annotated[NDArray[np.int64], Pointers("items", "entries")]
    item_nums: Annotated[Nums, Column(np.int32, "entries", low=0, below="items")]
    n_both: Annotated[NDArray[np.int32], Column(np.int32, "entries", low=1)]
    n_baskets: Annotated[NDArray[np.int32], Column(np.int32, "items", low=0)]
    total: Annotated[float, Scalar(low=0)]
    shrinkage: Annotated[float, Scalar(low=0)]

    def sound(self) -> bool:
        return bool(np.all(self.n_both <= self.n_baskets[self.item_nums]))

    def companions(self, nums: Nums) -> Companions:
        """Return the items that go with unique items `nums`, of which there is at least one; without `nums`."""
        places, bounds = places_of_rows(self.indptr, nums)
        first, second = np.repeat(nums, np.diff(bounds)), self.item_nums[places]
        both = self.n_both[places].astype(np.float64)
        lifts = lift(both, self.n_baskets[first], self.n_baskets[second], self.total)
        found, of = np.unique(second, return_inverse=True)
        scores, baskets, expected = (
            np.bincount(of, weights, len(found)) for weights in (score(lifts, both, self.shrinkage), both, both / lifts)
        )
        kept = ~np.isin(found, nums)
        summed = scores[kept] / len(nums), baskets[kept] / expected[kept], baskets[kept].astype(np.int64)
        return Companions(found[kept], *summed)


def lift(
    n_both: NDArray[np.float64], n_first: NDArray[np.int32], n_second: NDArray[np.int32], total: float
) -> NDArray[np.float64]:
    """Return ``n_ab N / (n_a n_b)``, (n,)."""
    return np.asarray(n_both * total / (n_first.astype(np.float64) * n_second))


def score(lifts: NDArray[np.float64], n_both: NDArray[np.float64], shrinkage: float) -> NDArray[np.float64]:
    """Return ``log(lift) n_ab / (n_ab + s)``, (n,)."""
    return np.asarray(np.log(lifts) * n_both / (n_both + shrinkage))
