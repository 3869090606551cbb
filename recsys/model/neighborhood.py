"""The neighbors of each item, by behaviour and by words, as the rows of a sparse matrix that can be memory-mapped.

A user with the history H, n items long, gets for item i the sum ``n^-1/2 sum over j in H of S_ji`` (item-based
collaborative filtering, Deshpande and Karypis, TOIS 2004). S keeps the nearest items of each j only, so the sum is zero for
all but a few thousand items, and what the vectors say of the rest decides alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.part import Column, Fields, Part, Pointers
from recsys.data.vectors import Vectors


@dataclass(frozen=True, eq=False)
class NearbyScores:
    """What the neighborhood adds to some items.

    Parameters
    ----------
    nums : int32 array (n,)
        Row numbers of the items, rising.
    collaborative, content : float64 arrays (n,)
        The sums over behaviour and over words, not negative.
    """

    nums: NDArray[np.int32]
    collaborative: NDArray[np.float64]
    content: NDArray[np.float64]

    @property
    def total(self) -> NDArray[np.float64]:
        return self.collaborative + self.content


@dataclass(frozen=True, eq=False)
class Neighborhood(Part):
    """Neighbors of item ``j``: ``item_nums[indptr[j]:indptr[j + 1]]``, rising, with two weights each.

    Parameters
    ----------
    indptr : int64 array (n_items + 1,)
    item_nums : int32 array (n,)
    collaborative, content : float32 arrays (n,)
        Likeness by behaviour and by words, in units of the score, not negative.

    Raises
    ------
    BundleError
        When the arrays do not fit together.
    """

    name: ClassVar[str] = "neighborhood"
    fields: ClassVar[Fields] = {
        "indptr": Pointers("items", "entries"),
        "item_nums": Column(np.int32, "entries", low=0, below="items"),
        "collaborative": Column(np.float32, "entries", low=0, finite=True),
        "content": Column(np.float32, "entries", low=0, finite=True),
    }

    indptr: NDArray[np.int64]
    item_nums: NDArray[np.int32]
    collaborative: Vectors
    content: Vectors

    @classmethod
    def nobody(cls, n_items: int) -> Neighborhood:
        """No item has a neighbor."""
        nothing = np.empty(0, dtype=np.float32)
        return cls(np.zeros(n_items + 1, dtype=np.int64), np.empty(0, dtype=np.int32), nothing, nothing)

    @classmethod
    def from_matrices(cls, collaborative: sparse.csr_matrix, content: sparse.csr_matrix) -> Neighborhood:
        """The union of the neighbors of two matrices (n_items, n_items), row j holding those of item j."""
        both = (abs(collaborative).sign() + abs(content).sign()).tocsr()
        both.sort_indices()
        rows = np.repeat(np.arange(both.shape[0]), np.diff(both.indptr))
        weights = (_at(matrix, rows, both.indices) for matrix in (collaborative, content))
        return cls(both.indptr.astype(np.int64), both.indices.astype(np.int32), *weights)

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def scores(self, history: NDArray[np.int32], emphasis: float) -> NearbyScores:
        """What a history adds to the items near it, ``n^-1/2 sum S_ji``.

        Parameters
        ----------
        history : int32 array (n,)
        emphasis : float
            What the content part is multiplied with.
        """
        starts = self.indptr[history]
        lengths = self.indptr[history + 1] - starts
        places = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        nums, inverse = np.unique(self.item_nums[places], return_inverse=True)
        scale = max(1, len(history)) ** -0.5
        sums = (
            np.bincount(inverse, weights=weights[places], minlength=len(nums)) * factor
            for weights, factor in ((self.collaborative, scale), (self.content, scale * emphasis))
        )
        return NearbyScores(nums, *sums)

    def between(self, history: NDArray[np.int32], nums: NDArray[np.int32]) -> tuple[Vectors, Vectors]:
        """The collaborative and the content weights S_ji of history items j for items i, each (len(nums), len(history))."""
        found = tuple(np.zeros((len(nums), len(history)), dtype=np.float32) for _ in range(2))
        for column, num in enumerate(history.tolist()):
            row = slice(self.indptr[num], self.indptr[num + 1])
            _, here, there = np.intersect1d(nums, self.item_nums[row], assume_unique=True, return_indices=True)
            found[0][here, column] = self.collaborative[row][there]
            found[1][here, column] = self.content[row][there]
        return found[0], found[1]

    def matrices(self) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
        """The collaborative and the content weights, each (n_items, n_items)."""
        shape = (len(self), len(self))
        collaborative, content = (
            sparse.csr_matrix((weights, self.item_nums, self.indptr), shape=shape)
            for weights in (self.collaborative, self.content)
        )
        return collaborative, content


def _at(matrix: sparse.csr_matrix, rows: NDArray[np.int64], columns: NDArray[np.int32]) -> Vectors:
    """The values of a sparse matrix at some places in the order of rows and columns, among which are all that are not zero."""
    matrix = matrix.tocsr()
    width = np.int64(max(1, matrix.shape[1]))
    stored = matrix.data != 0  # a zero that is stored is no neighbor, and has no place
    own = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)) * width + matrix.indices
    found = np.zeros(len(rows), dtype=np.float32)
    found[np.searchsorted(rows * width + columns, own[stored])] = matrix.data[stored]
    return found
