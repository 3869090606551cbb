"""Interactions of users and items, with weights and timestamps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.ids import IdMap
from recsys.errors import DataError


@dataclass(frozen=True, eq=False)
class Interactions:
    """Positive interactions of unique user-item pairs, as parallel arrays.

    Raises
    ------
    DataError
        When the arrays differ in length, a number is out of range, a weight is not positive, or a pair is duplicated.
    """

    users: IdMap
    items: IdMap  # some may lack interactions
    user_nums: NDArray[np.int32]  # (n,)
    item_nums: NDArray[np.int32]  # (n,)
    weights: NDArray[np.float32]  # (n,), finite and above 0
    timestamps: NDArray[np.int64] | None = None  # (n,), of the last event of each pair, seconds UTC; None: no times

    def __post_init__(self) -> None:
        columns: list[NDArray[Any]] = [self.user_nums, self.item_nums, self.weights]
        if self.timestamps is not None:
            columns.append(self.timestamps)
        lengths = [len(column) for column in columns]
        if len(set(lengths)) != 1:
            raise DataError(f"interactions: columns of lengths {lengths}; they must be equal")
        for name, nums, size in (("user", self.user_nums, len(self.users)), ("item", self.item_nums, len(self.items))):
            if len(nums) and not (nums.min() >= 0 and nums.max() < size):
                raise DataError(f"interactions: a {name} number lies outside 0..{size - 1}")
        if not bool(np.all(np.isfinite(self.weights) & (self.weights > 0))):
            raise DataError("interactions: a weight is not a finite number above 0")
        pairs = self.user_nums.astype(np.int64) * max(1, len(self.items)) + self.item_nums
        if bool(np.any(pairs[1:] < pairs[:-1])):
            pairs.sort()
        if bool(np.any(pairs[1:] == pairs[:-1])):
            raise DataError("interactions: a user-item pair occurs twice; aggregate before")

    def __len__(self) -> int:
        return len(self.weights)

    def matrix(self) -> sparse.csr_matrix:
        """Return the weights as a sparse matrix (n_users, n_items), float32, columns sorted within each row."""
        shape = (len(self.users), len(self.items))
        matrix = sparse.csr_matrix((self.weights, (self.user_nums, self.item_nums)), shape=shape, dtype=np.float32)
        matrix.sort_indices()
        return matrix

    def item_counts(self) -> NDArray[np.int64]:
        """Return the number of users of each item, (n_items,)."""
        return np.bincount(self.item_nums, minlength=len(self.items)).astype(np.int64)

    def take(self, rows: NDArray[np.generic]) -> Interactions:
        """Return some rows (a boolean mask or positions) over the same users and items."""
        times = None if self.timestamps is None else self.timestamps[rows]
        user_nums, item_nums, weights = self.user_nums[rows], self.item_nums[rows], self.weights[rows]
        return Interactions(self.users, self.items, user_nums, item_nums, weights, times)
