"""Histories of users, as rows of a sparse matrix that can be memory-mapped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.interactions import Interactions
from recsys.data.part import Column, Part, Pointers, Size


@dataclass(frozen=True, eq=False)
class Histories(Part):
    """Items of user ``u``: ``item_nums[indptr[u]:indptr[u + 1]]``, rising, with their weights beside them."""

    name = "histories"
    indptr: Annotated[NDArray[np.int64], Pointers("users", "entries")]
    item_nums: Annotated[NDArray[np.int32], Column(np.int32, "entries", low=0, below="items")]
    weights: Annotated[NDArray[np.float32], Column(np.float32, "entries")]
    n_items: Annotated[int, Size("items")]

    @classmethod
    def from_interactions(cls, interactions: Interactions) -> Self:
        matrix = interactions.matrix()
        indptr, indices = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)
        return cls(indptr, indices, matrix.data, len(interactions.items))

    @classmethod
    def from_pairs(
        cls,
        user_nums: NDArray[np.int32],
        item_nums: NDArray[np.int32],
        n_users: int,
        n_items: int,
        weights: NDArray[np.float32] | None = None,
    ) -> Self:
        """Build histories from parallel arrays of row numbers, with the weights of unique pairs.

        Without weights, all are 1 and duplicate pairs count once.
        """
        data = np.ones(len(user_nums), dtype=np.float32) if weights is None else weights
        matrix = sparse.csr_matrix((data, (user_nums, item_nums)), shape=(n_users, n_items))
        matrix.sum_duplicates()
        data = np.ones(len(matrix.data), dtype=np.float32) if weights is None else matrix.data
        return cls(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), data, n_items)

    def first_items(self, n_items: int) -> Self:
        """Return the histories without the items from that row number on."""
        kept = self.item_nums < n_items
        indptr = np.concatenate([[0], np.cumsum(kept)])[self.indptr]
        return type(self)(indptr.astype(np.int64), self.item_nums[kept], self.weights[kept], n_items)

    def joined(self, other: Histories) -> Histories:
        """Return the pairs of both, which have none in common."""
        nums = (np.concatenate(pair) for pair in zip(self._pairs(), other._pairs(), strict=True))
        users, items, weights = nums
        return Histories.from_pairs(users, items, len(self), self.n_items, weights)

    def _pairs(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
        return self.user_nums(), self.item_nums, self.weights

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def items_of_many(self, user_nums: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the items of users one after another, and the bounds (n + 1,) between users."""
        places, bounds = places_of_rows(self.indptr, user_nums)
        return self.item_nums[places], bounds

    def user_nums(self) -> NDArray[np.int32]:
        """Return the user of each entry."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.indptr))

    def weights_of(self, user_num: int) -> NDArray[np.float32]:
        """Return the weights of the items of a user."""
        return self.weights[self.indptr[user_num] : self.indptr[user_num + 1]]

    def items_of(self, user_num: int) -> NDArray[np.int32]:
        """Return the row numbers of the items of a user, rising."""
        return self.item_nums[self.indptr[user_num] : self.indptr[user_num + 1]]

    def matrix(self) -> sparse.csr_matrix:
        """Return the matrix with ones where a user consumed an item, (n_users, n_items) float32."""
        ones = np.ones(len(self.item_nums), dtype=np.float32)
        return sparse.csr_matrix((ones, self.item_nums, self.indptr), shape=(len(self), self.n_items))


def places_of_rows(indptr: NDArray[np.int64], rows: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of the entries of some rows of a sparse matrix, row after row, and the bounds (n + 1,) between rows."""
    starts = indptr[rows]
    lengths = indptr[rows + 1] - starts
    bounds = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum(lengths, out=bounds[1:])
    return np.repeat(starts - bounds[:-1], lengths) + np.arange(bounds[-1]), bounds
