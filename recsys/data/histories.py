"""What each user consumed, as the rows of a sparse matrix that can be memory-mapped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.interactions import Interactions
from recsys.data.packed import Arrays, is_indptr
from recsys.errors import BundleError


@dataclass(frozen=True, eq=False)
class Histories:
    """Items of user ``u``: ``item_nums[indptr[u]:indptr[u + 1]]``, rising, with their weights beside them.

    Parameters
    ----------
    indptr : int64 array (n_users + 1,)
    item_nums : int32 array (n,)
    weights : float32 array (n,)
    n_items : int
        Size of the catalogue.
    """

    indptr: NDArray[np.int64]
    item_nums: NDArray[np.int32]
    weights: NDArray[np.float32]
    n_items: int

    def __post_init__(self) -> None:
        n = len(self.item_nums)
        sound = (
            self.item_nums.dtype == np.int32
            and self.weights.dtype == np.float32
            and self.indptr.ndim == self.item_nums.ndim == 1
            and self.weights.shape == (n,)
            and is_indptr(self.indptr, len(self.indptr) - 1, n)
        )
        if not sound or (n and not (self.item_nums.min() >= 0 and self.item_nums.max() < self.n_items)):
            raise BundleError("histories: the arrays do not fit together")

    @classmethod
    def from_interactions(cls, interactions: Interactions) -> Histories:
        matrix = interactions.matrix()
        return cls(
            matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data, len(interactions.items)
        )

    @classmethod
    def from_pairs(
        cls, user_nums: NDArray[np.int32], item_nums: NDArray[np.int32], n_users: int, n_items: int
    ) -> Histories:
        """Histories of weight 1 from parallel arrays of row numbers, a pair given twice counting once."""
        ones = np.ones(len(user_nums), dtype=np.float32)
        matrix = sparse.csr_matrix((ones, (user_nums, item_nums)), shape=(n_users, n_items))
        matrix.sum_duplicates()
        indices = matrix.indices.astype(np.int32)
        return cls(matrix.indptr.astype(np.int64), indices, np.ones(len(indices), dtype=np.float32), n_items)

    @classmethod
    def from_arrays(cls, arrays: Arrays, n_items: int) -> Histories:
        return cls(arrays["indptr"], arrays["item_nums"], arrays["weights"], n_items)  # type: ignore[arg-type]

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        return {"indptr": self.indptr, "item_nums": self.item_nums, "weights": self.weights}

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def items_of(self, user_num: int) -> NDArray[np.int32]:
        """Row numbers of the items that a user consumed, rising."""
        return self.item_nums[self.indptr[user_num] : self.indptr[user_num + 1]]

    def matrix(self) -> sparse.csr_matrix:
        """Ones where a user consumed an item, (n_users, n_items) float32."""
        ones = np.ones(len(self.item_nums), dtype=np.float32)
        return sparse.csr_matrix((ones, self.item_nums, self.indptr), shape=(len(self), self.n_items))
