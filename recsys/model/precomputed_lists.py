"""Lists that were computed when the model was made, so that an answer for a known user or item is a look-up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.packed import Arrays
from recsys.errors import BundleError
from recsys.index.exact import Neighbors


@dataclass(frozen=True, eq=False)
class Lists:
    """The best items of each row, best first; a list that is shorter than the others is padded.

    Parameters
    ----------
    nums : int32 array (n, length)
        Row numbers of items; -1 is padding. A length of 0 means that nothing was computed.
    scores : float32 array (n, length)
    collaborative : float32 array (n, length)
        The part of each score that behaviour makes; the rest is content.
    """

    nums: NDArray[np.int32]
    scores: NDArray[np.float32]
    collaborative: NDArray[np.float32]

    @classmethod
    def none(cls, n: int) -> Lists:
        """No lists for `n` rows."""
        return cls.empty(n, 0)

    @classmethod
    def empty(cls, n: int, length: int) -> Lists:
        """Lists of padding, to be filled."""
        nums = np.full((n, length), -1, dtype=np.int32)
        return cls(nums, np.zeros((n, length), dtype=np.float32), np.zeros((n, length), dtype=np.float32))

    @classmethod
    def from_arrays(cls, arrays: Arrays, n: int, n_items: int) -> Lists:
        """Open the lists of `n` rows; raises BundleError when the arrays do not fit."""
        lists = cls(arrays["nums"], arrays["scores"], arrays["collaborative"])  # type: ignore[arg-type]
        nums = lists.nums
        sound = (
            nums.dtype == np.int32
            and lists.scores.dtype == lists.collaborative.dtype == np.float32
            and nums.ndim == 2
            and nums.shape == lists.scores.shape == lists.collaborative.shape
        )
        if nums.ndim == 2 and len(nums) != n:
            raise BundleError(f"lists: {len(nums)} rows where {n} are expected")
        if not sound or (nums.size and not (nums.min() >= -1 and nums.max() < n_items)):
            raise BundleError("lists: the arrays do not fit the model")
        return lists

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        return {"nums": self.nums, "scores": self.scores, "collaborative": self.collaborative}

    def __len__(self) -> int:
        return len(self.nums)

    @property
    def length(self) -> int:
        return int(self.nums.shape[1])

    def set(self, row: int, found: Neighbors, collaborative: NDArray[np.float32]) -> None:
        """Fill one row, while the lists are made."""
        n = len(found)
        self.nums[row, :n], self.scores[row, :n], self.collaborative[row, :n] = found.nums, found.scores, collaborative
