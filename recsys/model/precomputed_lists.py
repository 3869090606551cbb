"""Lists precomputed by training, so that recommending for a known user or item is a look-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recsys.data.part import Column, Fields, Part
from recsys.data.vectors import Vectors
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
    """Best items of each row, (n, length), best first; shorter lists are padded.

    `collaborative` is the collaborative part of each score; the rest is content.
    """

    name = "lists"
    fields = _columns("rows")

    nums: NDArray[np.int32]
    scores: Vectors
    collaborative: Vectors

    @classmethod
    def empty(cls, n: int, length: int) -> Self:
        """Return lists of padding, to be filled."""
        scores, collaborative = np.zeros((2, n, length), dtype=np.float32)
        return cls(np.full((n, length), PADDING, dtype=np.int32), scores, collaborative)

    def __len__(self) -> int:
        return len(self.nums)

    def grown(self, what: str, n: int, **_values: object) -> Self:
        """Return the lists for a model with `n` rows of the size `what`; there is none for a new row."""
        return self._with({}, {**self.sizes, what: n})

    @property
    def length(self) -> int:
        return int(self.nums.shape[1])

    def fill(self, rows: NDArray[np.int32], bounds: NDArray[np.int64], best: Neighbors, collaborative: Vectors) -> None:
        """Fill `rows` while building the lists; the best items of ``rows[i]`` are at ``bounds[i]:bounds[i + 1]``."""
        lengths = np.diff(bounds)
        cells = np.repeat(rows, lengths), np.arange(bounds[-1]) - np.repeat(bounds[:-1], lengths)
        self.nums[cells], self.scores[cells], self.collaborative[cells] = best.nums, best.scores, collaborative


class UserLists(Lists):
    """Best unseen items of each user."""

    name = "user_lists"
    fields = _columns("users")


class ItemLists(Lists):
    """Items most similar to each item."""

    name = "item_lists"
    fields = _columns("items")
