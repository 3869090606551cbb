"""Lists precomputed by training, so that recommending for a known user or item is a look-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recsys.data.part import Column, Fields, Part
from recsys.index.exact import Neighbors

PADDING = -1


def _columns(rows: str) -> Fields:
    shape = (rows, "length")
    return {
        "nums": Column(np.int32, shape, low=PADDING, below="items"),
        "scores": Column(np.float32, shape),
        "collaborative": Column(np.float32, shape),
    }


@dataclass(frozen=True, eq=False)
class Lists(Part):
    """Best items of each row, best first; shorter lists are padded.

    Parameters
    ----------
    nums : int32 array (n, length)
        Row numbers of items; -1 is padding. Length 0 means no lists.
    scores : float32 array (n, length)
    collaborative : float32 array (n, length)
        Collaborative part of each score; the rest is content.
    """

    name: ClassVar[str] = "lists"
    fields: ClassVar[Fields] = _columns("rows")

    nums: NDArray[np.int32]
    scores: NDArray[np.float32]
    collaborative: NDArray[np.float32]

    @classmethod
    def empty(cls, n: int, length: int) -> Self:
        """Return lists of padding, to be filled."""
        nums = np.full((n, length), PADDING, dtype=np.int32)
        return cls(nums, np.zeros((n, length), dtype=np.float32), np.zeros((n, length), dtype=np.float32))

    def __len__(self) -> int:
        return len(self.nums)

    @property
    def length(self) -> int:
        return int(self.nums.shape[1])

    def set(self, row: int, neighbors: Neighbors, collaborative: NDArray[np.float32]) -> None:
        """Fill a row while building the lists."""
        n = len(neighbors)
        self.nums[row, :n], self.scores[row, :n] = neighbors.nums, neighbors.scores
        self.collaborative[row, :n] = collaborative


class UserLists(Lists):
    """Best unseen items of each user."""

    name = "user_lists"
    fields = _columns("users")


class ItemLists(Lists):
    """Items most similar to each item."""

    name = "item_lists"
    fields = _columns("items")
