"""Neighbors of each item by behavior and by content, as rows of a sparse matrix that can be memory-mapped.

For a user with a history H of n items, item i gets the sum ``n^-1/2 sum over j in H of S_ji`` (item-based
collaborative filtering, Deshpande and Karypis, TOIS 2004). S has only the nearest items of each j, so the sum is zero for
all but a few thousand items; the others are scored by their vectors alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.histories import places_of_rows
from recsys.data.part import Column, Part, Pointers
from recsys.data.vectors import Vectors

MANY = 16
Weights = Annotated[Vectors, Column(np.float32, "entries", low=0, finite=True)]


@dataclass(frozen=True, eq=False)
class NearbyScores:
    """Sums by behavior and by content, not negative, that the neighborhood adds to the scores of items; `nums` rise."""

    nums: NDArray[np.int32]
    collaborative: NDArray[np.float64]
    content: NDArray[np.float64]

    @classmethod
    def none(cls) -> NearbyScores:
        """Return the sums of no items."""
        return cls(np.empty(0, dtype=np.int32), np.empty(0), np.empty(0))

    @property
    def total(self) -> NDArray[np.float64]:
        return self.collaborative + self.content

    def times(self, factor: float) -> NearbyScores:
        """Return the sums multiplied by a factor, which is not negative."""
        return NearbyScores(self.nums, factor * self.collaborative, factor * self.content)

    def plus(self, other: NearbyScores) -> NearbyScores:
        """Return the sums with others added."""
        nums = np.union1d(self.nums, other.nums).astype(np.int32)
        added = np.zeros((2, len(nums)))
        for part in (self, other):
            places = np.searchsorted(nums, part.nums)
            added[0, places] += part.collaborative
            added[1, places] += part.content
        return NearbyScores(nums, *added)


class Entries(NamedTuple):
    """Neighbors of some items, (n,), with their two weights; each is of the item at place `of`."""

    nums: NDArray[np.int32]
    collaborative: Vectors
    content: Vectors
    of: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Neighborhood(Part):
    """Neighbors of item ``j``: ``item_nums[indptr[j]:indptr[j + 1]]``, rising, with two weights each.

    The weights are the similarity by behavior and by content, in units of the score.
    """

    name = "neighborhood"
    indptr: Annotated[NDArray[np.int64], Pointers("items", "entries")]
    item_nums: Annotated[NDArray[np.int32], Column(np.int32, "entries", low=0, below="items")]
    collaborative: Weights
    content: Weights

    @classmethod
    def empty(cls, n_items: int) -> Neighborhood:
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
        """Return the scores that a history adds to its neighbors, ``n^-1/2 sum S_ji``, content times `emphasis`."""
        neighbors, collaborative, content, _ = self.entries(history)
        if MANY * len(neighbors) < len(self):
            columns: NDArray[np.integer]
            nums, columns = np.unique(neighbors, return_inverse=True)
            inside: slice | NDArray[np.int32] = slice(None)
        else:  # counting all items takes less time than sorting these
            nums, columns = np.flatnonzero(np.bincount(neighbors)).astype(np.int32), neighbors
            inside = nums
        scale = max(1, len(history)) ** -0.5
        sums = (
            np.bincount(columns, weights=weights)[inside] * factor
            for weights, factor in ((collaborative, scale), (content, scale * emphasis))
        )
        return NearbyScores(nums, *sums)

    def new_scores(self, history: NDArray[np.int32], emphasis: float) -> NearbyScores:
        """Return :meth:`scores` of the items that came after the training; here there are none."""
        return self.scores(history[:0], emphasis)

    def entries(self, rows: NDArray[np.int32]) -> Entries:
        """Return the neighbors of some items."""
        places, bounds = places_of_rows(self.indptr, rows)
        of = np.repeat(np.arange(len(rows)), np.diff(bounds))
        return Entries(self.item_nums[places], self.collaborative[places], self.content[places], of)

    def matrix(self, positions: NDArray[np.int32]) -> sparse.csr_matrix:
        """Return the weights S_ji by behavior, and as imaginary part by content if there is any, (n_items, n_items).

        Item i is in column ``positions[i]``. A product with a row of ones for a history adds up its weights in double
        precision, in the order of the history, as :meth:`scores` does.
        """
        weights: NDArray[np.inexact] = self.collaborative.astype(np.float64)
        if self.content.any():
            weights = weights + 1j * self.content.astype(np.float64)
        return sparse.csr_matrix((weights, positions[self.item_nums], self.indptr), (len(self), len(self)))

    def between(self, history: NDArray[np.int32], nums: NDArray[np.int32]) -> tuple[Vectors, Vectors]:
        """Return the collaborative and content weights S_ji of history items j for items i, each (len(nums), len(history))."""
        collaborative, content = np.zeros((2, len(nums), len(history)), dtype=np.float32)
        found, rising = self.entries(history), np.argsort(nums)
        places = np.minimum(np.searchsorted(nums[rising], found.nums), max(0, len(nums) - 1))
        there = np.flatnonzero(nums[rising][places] == found.nums) if len(nums) else places[:0]
        cells = rising[places[there]], found.of[there]
        collaborative[cells], content[cells] = found.collaborative[there], found.content[there]
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
