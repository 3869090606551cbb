"""Neighbors of new items by their words, in the units of a trained neighborhood.

The similarity of two items is the cosine of their words weighted by idf: ``sum of idf(w)^2 over the words of both``, divided by
the lengths. It is scaled by the weights that the training gave to the nearest items of SAMPLE items, and a new item is a
neighbor of an item where it would have been among its nearest ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.vectors import Vectors
from recsys.index.exact import NOTHING, Nums
from recsys.live.grown_words import Counts
from recsys.model.model import Model
from recsys.model.neighborhood import Entries, NearbyScores, Neighborhood
from recsys.score_order import contenders, falling
from recsys.text.bm25 import Bm25, idf, weighted_words

SAMPLE = 200  # items whose nearest ones give the scale
COMMON = 0.2  # share of the items that have a word which says little
NearItems = tuple[Nums, Vectors]  # items, and their weights
NONE_NEAR: NearItems = (NOTHING, np.empty(0, dtype=np.float32))


class WordNeighbors:
    """Finds the neighbors of new items among the items of `model`, at most `most` of each."""

    def __init__(self, model: Model, most: int) -> None:
        self._model, self._most = model, most
        self._words = model.extra(Bm25)

    def near(self, counts: Counts) -> NearItems:
        """Return the items of which an item with these words is a neighbor, rising, and its weights there."""
        if self._words is None or not self._scale:
            return NONE_NEAR
        weights = self._scale * self._cosines(counts)
        nums = np.flatnonzero(weights > self._least).astype(np.int32)
        nums = nums[contenders(weights[nums], self._most)]
        nums = np.sort(nums[falling(weights[nums], nums)[: self._most]])
        return nums, weights[nums].astype(np.float32)

    def _cosines(self, counts: Counts) -> NDArray[np.float64]:
        assert self._words is not None
        words, squares = self._words, 0.0
        sums = np.zeros(words.n_items)
        for num in words.words.known(sorted(counts)).tolist():
            having = slice(words.indptr[num], words.indptr[num + 1])
            n = int(having.stop - having.start)
            square = idf(n, words.n_items) ** 2
            squares += square
            if n <= COMMON * words.n_items:
                sums[words.item_nums[having]] += square
        return np.asarray(sums / np.maximum(self._lengths * squares**0.5, 1e-9))

    @cached_property
    def _lengths(self) -> NDArray[np.float64]:
        """The lengths of the weighted words of the items, (n_items,)."""
        assert self._words is not None
        having = np.diff(self._words.indptr)
        n = self._words.n_items
        squares = np.log1p((n - having + 0.5) / (having + 0.5)) ** 2
        return np.sqrt(np.bincount(self._words.item_nums, weights=np.repeat(squares, having), minlength=n))

    @cached_property
    def _least(self) -> NDArray[np.float64]:
        """The weight that a neighbor of each item exceeds, (n_items,): that of its last one by words if it has `most`."""
        trained = self._model.neighborhood
        rows = np.repeat(np.arange(len(trained)), np.diff(trained.indptr))
        by_words = trained.content > 0
        rows, weights = rows[by_words], trained.content[by_words].astype(np.float64)
        least = np.full(len(trained), np.inf)
        np.minimum.at(least, rows, weights)
        least[np.bincount(rows, minlength=len(trained)) < self._most] = 0.0
        return least

    @cached_property
    def _scale(self) -> float:
        """The weight of a cosine of 1; 0 if the training found no neighbors by words."""
        trained, catalog = self._model.neighborhood, self._model.catalog
        step = max(1, len(trained) // SAMPLE)
        weights = cosines = 0.0
        for num in range(0, len(trained), step):
            row = slice(trained.indptr[num], trained.indptr[num + 1])
            if not (trained.content[row] > 0).any():
                continue
            nearest = int(np.argmax(trained.content[row]))
            item = catalog[num]
            cosines += float(self._cosines(weighted_words(item.text, item.title, ""))[trained.item_nums[row][nearest]])
            weights += float(trained.content[row][nearest])
        return weights / cosines if cosines > 0 else 0.0


@dataclass(frozen=True, eq=False)
class GrownNeighborhood(Neighborhood):
    """Neighborhood of a training, whose arrays it has, with the entries of new items."""

    new: Neighborhood | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", {"items": len(self)})

    @classmethod
    def of(cls, trained: Neighborhood, near: Sequence[NearItems]) -> GrownNeighborhood:
        """Return a neighborhood with new items behind, each a neighbor of the items near it, and they its neighbors."""
        n_old, n = len(trained), len(trained) + len(near)
        grown = trained.grown("items", n)
        new_nums = np.repeat(np.arange(n_old, n), [len(nums) for nums, _ in near])
        old_nums = np.concatenate([NOTHING, *(nums for nums, _ in near)])
        weights = np.concatenate([NONE_NEAR[1], *(found for _, found in near)])
        both = (np.concatenate((old_nums, new_nums)), np.concatenate((new_nums, old_nums)))
        by_words = sparse.csr_matrix((np.concatenate((weights, weights)), both), shape=(n, n), dtype=np.float32)
        new = Neighborhood.from_matrices(0 * by_words, by_words)
        return cls(grown.indptr, grown.item_nums, grown.collaborative, grown.content, new)

    def new_scores(self, history: Nums, emphasis: float) -> NearbyScores:
        assert self.new is not None
        return self.new.scores(history, emphasis)

    def entries(self, rows: Nums) -> Entries:
        assert self.new is not None
        old, new = super().entries(rows), self.new.entries(rows)
        return Entries(
            np.concatenate((old.nums, new.nums)),
            np.concatenate((old.collaborative, new.collaborative)),
            np.concatenate((old.content, new.content)),
            np.concatenate((old.of, new.of)),
        )
