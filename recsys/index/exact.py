"""Nearest vectors by inner product: the protocol and the exact implementation.

Every index answers by inner product, so one contract serves both questions: items for a user, where lengths matter, and
items like an item, whose rows are built so that their product is a mean of cosines.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from recsys.data.part import Column, Fields, Part
from recsys.data.vectors import Vectors
from recsys.errors import ModelRejectedError, QueryError
from recsys.score_order import SLACK, Scores, contenders, falling, floor, shown

FIRST_BLOCK = 1024
FEW_OF_A_BLOCK = 0.25
ROUNDING = np.float32(1 + 1e-5)
NOTHING: NDArray[np.int32] = np.empty(0, dtype=np.int32)


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The best rows, best first.

    Parameters
    ----------
    nums : int32 array (k,)
        Row numbers; equal scores stand in the order of their numbers.
    scores : float32 array (k,)
        As they are shown (:mod:`recsys.score_order`), falling.
    """

    nums: NDArray[np.int32]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.nums.shape != self.scores.shape or bool(np.any(self.scores[1:] > self.scores[:-1])):
            raise QueryError("neighbors: numbers and scores differ in length, or the scores do not fall")

    @classmethod
    def unordered(cls, nums: NDArray[np.int32], scores: NDArray[np.float32]) -> Neighbors:
        """Rows in an order that something else than the score decides, such as diversity."""
        found = object.__new__(cls)
        object.__setattr__(found, "nums", nums)
        object.__setattr__(found, "scores", scores)
        return found

    def __len__(self) -> int:
        return len(self.nums)

    def without(self, skip: NDArray[np.int32], k: int) -> Neighbors:
        """The first `k` whose number is not in `skip`."""
        kept = np.flatnonzero(~np.isin(self.nums, skip))[:k]
        return Neighbors(self.nums[kept], self.scores[kept])


class VectorIndex(Protocol):
    """What finds the vectors with the largest inner product.

    ``query`` returns the best `k` rows that are not in `skip`, row numbers each given once, and all of them where fewer
    are left; an approximate index may return other rows than the exact one, but never fewer. ``candidates`` returns row numbers
    among which those are, in no order, for what ranks them itself.
    """

    @property
    def table(self) -> VectorTable: ...

    def __len__(self) -> int: ...

    def query(self, vector: Scores, k: int, skip: NDArray[np.int32] = NOTHING) -> Neighbors: ...

    def candidates(self, vector: Scores, k: int, skip: NDArray[np.int32] = NOTHING) -> NDArray[np.int32]: ...


@dataclass(frozen=True, eq=False)
class VectorTable(Part):
    """Vectors in the order of falling Euclidean length, so that a scan can stop early.

    Parameters
    ----------
    vectors : float32 array (n, dim)
        Row ``position``; lengths fall.
    order : int32 array (n,)
        ``order[position]`` is the row number that the rest of the model uses.
    norms : float32 array (n,)
        Length of each row.
    positions : int32 array (n,)
        ``positions[num]`` is the inverse of `order`.
    """

    name: ClassVar[str] = "index"
    fields: ClassVar[Fields] = {
        "vectors": Column(np.float32, ("rows", "dim")),
        "order": Column(np.int32, "rows", low=0, below="rows"),
        "norms": Column(np.float32, "rows"),
        "positions": Column(np.int32, "rows", low=0, below="rows"),
    }

    vectors: Vectors
    order: NDArray[np.int32]
    norms: NDArray[np.float32]
    positions: NDArray[np.int32]

    def sound(self) -> bool:
        return bool(np.array_equal(self.positions[self.order], np.arange(len(self.order))))

    @classmethod
    def from_vectors(cls, vectors: Vectors) -> VectorTable:
        """Sort `vectors` (n, dim), whose row ``i`` has number ``i``; raises ModelRejectedError when one is not finite."""
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

    def rows(self, nums: NDArray[np.int32]) -> Vectors:
        """The vectors of the given row numbers, (len(nums), dim)."""
        return np.asarray(self.vectors[self.positions[nums]])

    def checked(self, vector: Scores, k: int) -> Vectors:
        """`vector` as float32; raises QueryError for another dimension, a number that is not finite, or k < 1."""
        if vector.shape != (self.dim,):
            raise QueryError(f"query vector of shape {vector.shape}; the index has dimension {self.dim}")
        if k < 1:
            raise QueryError(f"k is {k}; it must be at least 1")
        if not bool(np.all(np.isfinite(vector))):
            raise QueryError("query vector holds a number that is not finite")
        return np.ascontiguousarray(vector, dtype=np.float32)

    def slack(self, vector: Scores) -> float:
        """How far two products of rows with `vector` (dim,) in single precision may be off together."""
        return 2 * SLACK * math.sqrt(float(vector @ vector)) * float(self.norms[0]) if len(self) else 0.0


@dataclass(frozen=True, eq=False)
class ExactIndex:
    """A scan in the order of falling length that stops once no later row can enter the answer.

    By the Cauchy-Schwarz inequality ``q . v <= |q| |v|``: when ``|q|`` times the length of the next row lies under the
    k-th best score so far, all later rows, being shorter, lie under it too. What is less under it than the digits that are
    shown can tell is not.
    """

    table: VectorTable

    def __len__(self) -> int:
        return len(self.table)

    def query(
        self,
        vector: Scores,
        k: int,
        skip: NDArray[np.int32] = NOTHING,
        eligible: NDArray[np.bool_] | None = None,
    ) -> Neighbors:
        return best_of_rows(self.table, self.candidates(vector, k, skip, eligible), vector, k)

    def candidates(
        self,
        vector: Scores,
        k: int,
        skip: NDArray[np.int32] = NOTHING,
        eligible: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.int32]:
        return self.scan(vector, k, skip, eligible)[0]

    def scan(
        self,
        vector: Scores,
        k: int,
        skip: NDArray[np.int32] = NOTHING,
        eligible: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.int32], int]:
        """The candidates, of the eligible rows where some (n,) are marked, and how many rows were passed to find them."""
        table = self.table
        query = table.checked(vector, k)
        bound = math.sqrt(float(query @ query)) * float(ROUNDING)
        slack = table.slack(query)
        barred = np.sort(table.positions[skip])
        left = len(table) - len(barred)
        if eligible is not None:
            if len(skip):
                eligible = eligible.copy()
                eligible[skip] = False
            left = int(np.count_nonzero(eligible))
        k = min(k, left)
        positions = np.empty(0, dtype=np.int64)
        scores = np.empty(0, dtype=np.float32)
        start, size = 0, max(FIRST_BLOCK, 2 * k)
        while k and start < len(table):
            stop = min(start + size, len(table))
            places = self._places(start, stop, barred, eligible)
            positions = np.concatenate((positions, places))
            scores = np.concatenate((scores, self._products(places, start, stop, query)))
            start, size = stop, 2 * size
            if len(scores) < k:
                continue
            least = floor(scores, k, slack)
            kept = scores >= least
            positions, scores = positions[kept], scores[kept]
            if start < len(table) and bound * float(table.norms[start]) < least:
                break
        return np.asarray(table.order[positions]), start

    def _places(
        self, start: int, stop: int, barred: NDArray[np.int32], eligible: NDArray[np.bool_] | None
    ) -> NDArray[np.int64]:
        """Positions of a block that are eligible, or where none are marked not barred."""
        if eligible is not None:
            return start + np.flatnonzero(eligible[self.table.order[start:stop]])
        places = np.arange(start, stop)
        first, last = np.searchsorted(barred, (start, stop))
        return np.delete(places, barred[first:last] - start) if first < last else places

    def _products(self, places: NDArray[np.int64], start: int, stop: int, query: Vectors) -> Vectors:
        """Products with some of the rows of a block: with all of them where they are many, as gathering them costs more."""
        if len(places) < FEW_OF_A_BLOCK * (stop - start):
            return np.asarray(self.table.vectors[places] @ query)
        found: Vectors = self.table.vectors[start:stop] @ query
        return found if len(places) == stop - start else found[places - start]


def products(rows: Vectors, vector: Scores) -> NDArray[np.float64]:
    """The inner product of each row with `vector`, (len(rows),), in double precision and without BLAS.

    BLAS adds up in an order that depends on the processor and on the place of a row among the others. Equal rows would then
    differ in the last digit, and their order would change with the length of the list.
    """
    return np.asarray(np.einsum("ij,j->i", rows, np.asarray(vector, dtype=np.float64)))


def best_of_rows(table: VectorTable, nums: NDArray[np.int32], vector: Scores, k: int) -> Neighbors:
    """The `k` best of some row numbers by their inner products with `vector`."""
    return best_of(nums, products(table.rows(nums), vector), k)


def best_of(nums: NDArray[np.int32], scores: Scores, k: int) -> Neighbors:
    """The `k` best of some scored row numbers, equal scores in the order of their numbers."""
    kept = contenders(scores, k)
    nums, scores = nums[kept], shown(scores[kept])
    ranked = falling(scores, nums)[:k]
    return Neighbors(nums[ranked], scores[ranked])


NO_INDEX = ExactIndex(VectorTable.from_vectors(np.zeros((0, 0), dtype=np.float32)))
