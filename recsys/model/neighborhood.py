"""Neighbors of each item by behavior and by content, as rows of a sparse matrix that can be memory-mapped.

For a user with a history H of n items, item i gets the sum ``n^-1/2 sum over j in H of S_ji`` (item-based
collaborative filtering, Deshpande and Karypis, TOIS 2004). S has only the nearest items of each j, so the sum is zero for
all but a few thousand items; the others are scored by their vectors alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.part import Column, Fields, Part, Pointers
from recsys.data.vectors import Vectors

MANY = 16


@dataclass(frozen=True, eq=False)
class NearbyScores:
    """Scores that the neighborhood adds to items.

    Parameters
    ----------
    nums : int32 array (n,)
        Row numbers of the items, rising.
    collaborative, content : float64 arrays (n,)
        Sums by behavior and by content, not negative.
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
        Similarity by behavior and by content, in units of the score, not negative.

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
        """Return a neighborhood without neighbors."""
        empty = np.empty(0, dtype=np.float32)
        return cls(np.zeros(n_items + 1, dtype=np.int64), np.empty(0, dtype=np.int32), empty, empty)

    @classmethod
    def from_matrices(cls, collaborative: sparse.csr_matrix, content: sparse.csr_matrix) -> Neighborhood:
        """Build the union of two matrices (n_items, n_items); row j has the neighbors of item j."""
        both = (abs(collaborative).sign() + abs(content).sign()).tocsr()
        both.sort_indices()
        rows = np.repeat(np.arange(both.shape[0]), np.diff(both.indptr))
        weights = (_at(matrix, rows, both.indices) for matrix in (collaborative, content))
        return cls(both.indptr.astype(np.int64), both.indices.astype(np.int32), *weights)

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def scores(self, history: NDArray[np.int32], emphasis: float) -> NearbyScores:
        """Return the scores that a history adds to its neighbors, ``n^-1/2 sum S_ji``.

        Parameters
        ----------
        history : int32 array (n,)
        emphasis : float
            Factor of the content part.
        """
        starts = self.indptr[history]
        lengths = self.indptr[history + 1] - starts
        places = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        found = self.item_nums[places]
        if MANY * len(found) < len(self):
            nums, columns = np.unique(found, return_inverse=True)
            inside: slice | NDArray[np.int32] = slice(None)
        else:  # counting all items takes less time than sorting these
            nums, columns = np.flatnonzero(np.bincount(found)).astype(np.int32), found
            inside = nums
        scale = max(1, len(history)) ** -0.5
        sums = (
            np.bincount(columns, weights=weights[places])[inside] * factor
            for weights, factor in ((self.collaborative, scale), (self.content, scale * emphasis))
        )
        return NearbyScores(nums, *sums)

    def between(self, history: NDArray[np.int32], nums: NDArray[np.int32]) -> tuple[Vectors, Vectors]:
        """Return the collaborative and content weights S_ji of history items j for items i, each (len(nums), len(history))."""
        collaborative, content = np.zeros((2, len(nums), len(history)), dtype=np.float32)
        for column, num in enumerate(history.tolist()):
            row = slice(self.indptr[num], self.indptr[num + 1])
            _, here, there = np.intersect1d(nums, self.item_nums[row], assume_unique=True, return_indices=True)
            collaborative[here, column] = self.collaborative[row][there]
            content[here, column] = self.content[row][there]
        return collaborative, content

    def matrices(self) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
        """Return the collaborative and content weights, each (n_items, n_items)."""
        shape = (len(self), len(self))
        collaborative, content = (
            sparse.csr_matrix((weights, self.item_nums, self.indptr), shape=shape)
            for weights in (self.collaborative, self.content)
        )
        return collaborative, content


def _at(matrix: sparse.csr_matrix, rows: NDArray[np.int64], columns: NDArray[np.int32]) -> Vectors:
    """Return the values of a sparse matrix at sorted places that include all nonzero entries."""
    matrix = matrix.tocsr()
    width = np.int64(max(1, matrix.shape[1]))
    stored = matrix.data != 0  # explicit zeros are not neighbors
    own = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)) * width + matrix.indices
    values = np.zeros(len(rows), dtype=np.float32)
    values[np.searchsorted(rows * width + columns, own[stored])] = matrix.data[stored]
    return values
