"""Vector index by inner product: protocol and exact implementation.

A single contract serves both kinds of query: items for a user, where lengths matter, and items like an item, where the product
of two rows is a mean of cosines.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Protocol

import numpy as np
from numpy.typing import NDArray

from recsys.data.part import Column, Part
from recsys.data.vectors import Vectors
from recsys.errors import ModelRejectedError, QueryError
from recsys.score_order import SLACK, Scores, contenders, falling, floor, shown

FIRST_BLOCK = 1024
FEW_OF_A_BLOCK = 0.25
FEW_OF_A_TABLE = 8  # gather rows if they are less than 1 / FEW_OF_A_TABLE of the table
ROUNDING = np.float32(1 + 1e-5)
Nums = NDArray[np.int32]
Mask = NDArray[np.bool_]
NOTHING: Nums = np.empty(0, dtype=np.int32)


@dataclass(frozen=True, eq=False)
class Neighbors:
    """Best rows of a query: row numbers (k,) by falling displayed score (k,); equal scores are ordered by row number."""

    nums: Nums
    scores: Vectors

    def __post_init__(self) -> None:
        if self.nums.shape != self.scores.shape or bool(np.any(self.scores[1:] > self.scores[:-1])):
            raise QueryError("neighbors: numbers and scores differ in length, or the scores do not fall")

    @classmethod
    def unordered(cls, nums: Nums, scores: Vectors) -> Neighbors:
        """Return rows in an order other than that of their scores, such as by diversity."""
        neighbors = object.__new__(cls)
        object.__setattr__(neighbors, "nums", nums)
        object.__setattr__(neighbors, "scores", scores)
        return neighbors

    def __len__(self) -> int:
        return len(self.nums)

    def without(self, skip: Nums, k: int) -> Neighbors:
        """Return the first `k` rows that are not in `skip`."""
        places = np.flatnonzero(~np.isin(self.nums, skip))[:k]
        return Neighbors(self.nums[places], self.scores[places])


class VectorIndex(Protocol):
    """Index of the vectors with the largest inner product.

    ``query`` returns the best `k` rows that are not in `skip` (unique row numbers), all of them where fewer are left. An
    approximate index may return other rows than the exact index, but never fewer. ``candidates`` returns an unordered superset
    of their row numbers, for callers that rank them.
    """

    @property
    def table(self) -> VectorTable: ...

    def __len__(self) -> int: ...

    def query(self, vector: Scores, k: int, skip: Nums = NOTHING) -> Neighbors: ...

    def candidates(self, vector: Scores, k: int, skip: Nums = NOTHING) -> Nums: ...


@dataclass(frozen=True, eq=False)
class VectorTable(Part):
    """Vectors sorted by falling Euclidean length, so that a scan can stop early.

    ``order[position]`` is the row number of a vector in the rest of the model, `positions` the inverse of `order`.
    """

    name = "index"
    vectors: Annotated[Vectors, Column(np.float32, ("rows", "dim"))]
    order: Annotated[Nums, Column(np.int32, "rows", low=0, below="rows")]
    norms: Annotated[Vectors, Column(np.float32, "rows")]
    positions: Annotated[Nums, Column(np.int32, "rows", low=0, below="rows")]

    def sound(self) -> bool:
        return bool(np.array_equal(self.positions[self.order], np.arange(len(self.order))))

    @classmethod
    def from_vectors(cls, vectors: Vectors) -> VectorTable:
        """Sort `vectors` (n, dim), where row ``i`` has number ``i``; raises ModelRejectedError when a vector is not finite."""
        norms = np.linalg.norm(vectors, axis=1).astype(np.float32)
        if not bool(np.all(np.isfinite(norms))):
            raise ModelRejectedError(
                "index: a vector is not finite; check als.alpha, als.regularization and blend.beta"
            )
        order = np.lexsort((np.arange(len(norms)), -norms)).astype(np.int32)
        positions = np.empty_like(order)
        positions[order] = np.arange(len(order), dtype=np.int32)
        return cls(np.ascontiguousarray(vectors[order], dtype=np.float32), order, norms[order], positions)

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def dim(self) -> int:
        return int(self.vectors.shape[1])

    @property
    def longest(self) -> float:
        """The largest length of a vector; 0 without vectors."""
        return float(self.norms[0]) if len(self.norms) else 0.0

    def nonzero(self) -> Mask | None:
        """Return the mask of the rows that are not zero, (n,); None where all are not."""
        n = len(self.norms) - int(np.searchsorted(self.norms[::-1], 0, side="right"))  # zero rows are the last ones
        if n == len(self.norms):
            return None
        mask = np.zeros(len(self.norms), dtype=bool)
        mask[self.order[:n]] = True
        return mask

    def multiplied(self, vectors: Vectors, nums: Nums) -> Vectors:
        """Return the products of rows with `vectors` (m, dim) in single precision, (len(nums), m)."""
        if FEW_OF_A_TABLE * len(nums) < len(self.vectors):
            return np.asarray(self.vectors[self.positions[nums]] @ vectors.T)
        every: Vectors = self.vectors @ vectors.T  # without a copy
        return np.asarray(every[self.positions[nums]])

    def rows(self, nums: Nums) -> Vectors:
        """Return the vectors of row numbers, (len(nums), dim)."""
        return np.asarray(self.vectors[self.positions[nums]])

    def checked(self, vector: Scores, k: int) -> Vectors:
        """Return `vector` as float32; raises QueryError for a wrong dimension, a non-finite number, or k < 1."""
        if vector.shape != (self.dim,):
            raise QueryError(f"query vector of shape {vector.shape}; the index has dimension {self.dim}")
        if k < 1:
            raise QueryError(f"k is {k}; it must be at least 1")
        if not bool(np.all(np.isfinite(vector))):
            raise QueryError("query vector holds a number that is not finite")
        return np.ascontiguousarray(vector, dtype=np.float32)

    def slack(self, vector: Scores) -> float:
        """Return the largest combined error of two single-precision products of rows with `vector` (dim,)."""
        return 2 * SLACK * math.sqrt(float(vector @ vector)) * self.longest

    def slacks(self, vectors: Scores) -> NDArray[np.float64]:
        """Return :meth:`slack` for each of `vectors` (n, dim)."""
        return np.asarray(2 * SLACK * np.linalg.norm(vectors, axis=1).astype(np.float64) * self.longest)

    def scan(self, vector: Scores, k: int, skip: Nums = NOTHING, eligible: Mask | None = None) -> tuple[Nums, int]:
        """Return a superset of the best `k` rows, within the mask `eligible` (n,) if given, and the number of rows scanned.

        The scan stops once no later row can enter the answer. By the Cauchy-Schwarz inequality ``q . v <= |q| |v|``: when
        ``|q|`` times the length of the next row is below the k-th best score so far, so are all later, shorter rows.
        Differences below the displayed digits do not count.
        """
        query = self.checked(vector, k)
        bound = math.sqrt(float(query @ query)) * float(ROUNDING)
        slack = self.slack(query)
        barred = np.sort(self.positions[skip])
        left = len(self) - len(barred)
        if eligible is not None:
            if len(skip):
                eligible = eligible.copy()
                eligible[skip] = False
            left = int(np.count_nonzero(eligible))
        k = min(k, left)
        positions, scores = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        start, size = 0, max(FIRST_BLOCK, 2 * k)
        while k and start < len(self):
            stop = min(start + size, len(self))
            places = self._places(start, stop, barred, eligible)
            positions = np.concatenate((positions, places))
            scores = np.concatenate((scores, self._products(places, start, stop, query)))
            start, size = stop, 2 * size
            if len(scores) < k:
                continue
            least = floor(scores, k, slack)
            best = scores >= least
            positions, scores = positions[best], scores[best]
            if start < len(self) and bound * float(self.norms[start]) < least:
                break
        return np.asarray(self.order[positions]), start

    def _places(self, start: int, stop: int, barred: Nums, eligible: Mask | None) -> NDArray[np.int64]:
        """Return the eligible positions of a block; without a mask, those not in `barred`."""
        if eligible is not None:
            return start + np.flatnonzero(eligible[self.order[start:stop]])
        places = np.arange(start, stop)
        first, last = np.searchsorted(barred, (start, stop))
        return np.delete(places, barred[first:last] - start) if first < last else places

    def _products(self, places: NDArray[np.int64], start: int, stop: int, query: Vectors) -> Vectors:
        """Return products with some rows of a block; gathering many rows costs more than multiplying all."""
        if len(places) < FEW_OF_A_BLOCK * (stop - start):
            return np.asarray(self.vectors[places] @ query)
        block: Vectors = self.vectors[start:stop] @ query
        return block if len(places) == stop - start else block[places - start]


@dataclass(frozen=True, eq=False)
class ExactIndex:
    """Exact scan, see :meth:`VectorTable.scan`."""

    table: VectorTable

    def __len__(self) -> int:
        return len(self.table)

    def query(self, vector: Scores, k: int, skip: Nums = NOTHING, eligible: Mask | None = None) -> Neighbors:
        return best_of_rows(self.table, self.candidates(vector, k, skip, eligible), vector, k)

    def candidates(self, vector: Scores, k: int, skip: Nums = NOTHING, eligible: Mask | None = None) -> Nums:
        return self.table.scan(vector, k, skip, eligible)[0]


def products(rows: Vectors, vector: Scores) -> NDArray[np.float64]:
    """Return the inner product of each row with `vector`, (len(rows),), in double precision and without BLAS.

    The order of summation in BLAS depends on the processor and the position of a row. Equal rows would differ in the last
    digit, and their order would change with the length of the list.
    """
    return np.asarray(np.einsum("ij,j->i", rows, np.asarray(vector, dtype=np.float64)))


def products_of_pairs(rows: Vectors, vectors: Scores) -> NDArray[np.float64]:
    """Return the inner product of each row with the vector beside it, (len(rows),), as :func:`products` does."""
    return np.asarray(np.einsum("ij,ij->i", rows, vectors, dtype=np.float64))


def best_of_rows(table: VectorTable, nums: Nums, vector: Scores, k: int) -> Neighbors:
    """Return the `k` best of `nums` by their inner products with `vector`."""
    return best_of(nums, products(table.rows(nums), vector), k)


def best_of(nums: Nums, scores: Scores, k: int) -> Neighbors:
    """Return the `k` best of scored row numbers; equal scores are ordered by row number."""
    best = contenders(scores, k)
    nums, scores = nums[best], shown(scores[best])
    ranked = falling(scores, nums)[:k]
    return Neighbors(nums[ranked], scores[ranked])


NO_INDEX = ExactIndex(VectorTable.from_vectors(np.zeros((0, 0), dtype=np.float32)))
