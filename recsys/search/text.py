"""Text search: by meaning, by words, and hybrid.

By meaning, a text's score is the cosine of its vector and the query's, both as the encoder makes them. By words it is that of
:mod:`recsys.text.bm25`. Both together are fused by reciprocal ranks (Cormack, Clarke and Buettcher, SIGIR 2009), so scales of
scores do not matter: ``1 / (FUSION + rank by meaning) + c^2 / (FUSION + rank by words)``, of the first MOST_FUSED of each list,
where c is the share of the query, by idf, that the text has. A text that has all words counts by them as much as by its
meaning, and one that has a single word of many hardly: "Mission: Impossible" is not what "a mission in space goes wrong" means.
The power was chosen among 0 to 3 by labelled queries (docs/search.md). Of equal sums the first by meaning comes first. Texts
that are called as the whole query get ``2 / (FUSION + 1)`` more, as much as any other can have: who types a title wants that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors
from recsys.errors import UnansweredError
from recsys.index.exact import NOTHING, ExactIndex, Neighbors, VectorIndex, VectorTable, best_of
from recsys.recommend.ranking import Mask, Nums, rank_by_vector
from recsys.score_order import shown
from recsys.text.bm25 import Bm25

Mode = Literal["semantic", "keyword", "hybrid"]
MODES: tuple[Mode, ...] = ("semantic", "keyword", "hybrid")
FUSION = 60
MOST_FUSED = 500
POWER = 2
CALLED = 2
NO_NEIGHBORS = Neighbors(NOTHING, np.empty(0, dtype=np.float32))


@dataclass(frozen=True, eq=False)
class TextQuery:
    """Text query.

    Parameters
    ----------
    vector : float32 array (text_dim,) or None
        Encoded query of length 1, or zero for a text without known words; None for "keyword".
    called : tuple of int
        Row numbers of items named like the query, for "hybrid".
    """

    text: str
    mode: Mode
    vector: Vectors | None = None
    called: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Results:
    """Ranked texts or pictures, best first, as arrays (n,)."""

    nums: Nums
    scores: Vectors  # falling
    by_meaning: Mask  # whether meaning found each
    by_words: Mask

    @classmethod
    def of(cls, neighbors: Neighbors, *, by_meaning: bool) -> Results:
        """Return neighbors that meaning found, or that words found."""
        mark = np.full(len(neighbors), by_meaning)
        return cls(neighbors.nums, neighbors.scores, mark, ~mark)

    def __len__(self) -> int:
        return len(self.nums)

    def take(self, places: NDArray[np.integer] | Sequence[int] | slice) -> Results:
        """Return the texts at `places`, in that order."""
        return Results(self.nums[places], self.scores[places], self.by_meaning[places], self.by_words[places])

    def sources(self) -> list[Mode]:
        """Return the mode that found each text."""
        return [
            "hybrid" if meaning and word else "semantic" if meaning else "keyword"
            for meaning, word in zip(self.by_meaning.tolist(), self.by_words.tolist(), strict=True)
        ]


@dataclass(frozen=True, eq=False)
class Corpus:
    """Searchable texts."""

    index: VectorIndex  # of their unit vectors; of dimension 0 without vectors
    keywords: Bm25 | None

    @classmethod
    def of(cls, texts: Sequence[str], vectors: Vectors | None) -> Corpus:
        """Build a corpus of texts, with vectors (len(texts), dim) or None."""
        if vectors is None:
            vectors = np.zeros((len(texts), 0), dtype=np.float32)
        return cls(ExactIndex(VectorTable.from_vectors(vectors)), Bm25.from_texts(texts))

    def modes(self) -> tuple[Mode, ...]:
        """Return the available modes."""
        has_words = self.keywords is not None and len(self.keywords.words) > 0
        if not self.index.table.dim:
            return ("keyword",) if has_words else ()
        return MODES if has_words else ("semantic",)

    def chosen(self, mode: Mode | None) -> Mode:
        """Return `mode`, or the best available mode; raises UnansweredError if `mode` is not available."""
        modes = self.modes()
        if not modes:
            raise UnansweredError("the items have no texts that could be searched (data.items, content.columns)")
        if mode is not None and mode not in modes:
            missing = "texts" if modes == ("semantic",) else "text vectors (content.encoder)"
            raise UnansweredError(f"mode {mode} is not there: the model was trained without {missing}; use {modes[0]}")
        return mode or modes[-1]

    def find(self, query: TextQuery, depth: int, skip: Nums = NOTHING, eligible: Mask | None = None) -> Results:
        """Return the best `depth` eligible texts that are not in `skip`, fewer if fewer match the query."""
        if query.mode == "semantic":
            return Results.of(self._by_meaning(query, depth, skip, eligible), by_meaning=True)
        if query.mode == "keyword":
            return Results.of(self._by_words(query, depth, skip, eligible), by_meaning=False)
        by_meaning = self._by_meaning(query, MOST_FUSED, skip, eligible)
        by_words = self._by_words(query, MOST_FUSED, skip, eligible)
        called = np.array([num for num in query.called if eligible is None or eligible[num]], dtype=np.int32)
        called = called[~np.isin(called, skip)]
        coverage = by_words.scores if self.keywords is None else self.keywords.coverage(query.text, by_words.nums)
        return fuse(by_meaning, by_words, coverage, called).take(slice(depth))

    def _by_meaning(self, query: TextQuery, depth: int, skip: Nums, eligible: Mask | None) -> Neighbors:
        assert query.vector is not None, "the query was not encoded"
        return nearest(self.index, query.vector, depth, skip, eligible) if query.text.strip() else NO_NEIGHBORS

    def _by_words(self, query: TextQuery, depth: int, skip: Nums, eligible: Mask | None) -> Neighbors:
        if self.keywords is None:
            return NO_NEIGHBORS
        nums, scores = self.keywords.scores(query.text)
        allowed = np.ones(len(nums), dtype=bool) if eligible is None else eligible[nums]
        if len(skip):
            allowed &= ~np.isin(nums, skip)
        return best_of(nums[allowed], scores[allowed], depth)


def nearest(index: VectorIndex, vector: Vectors, depth: int, skip: Nums, eligible: Mask | None) -> Neighbors:
    """Return the best `depth` eligible rows that are not zero and not in `skip`; none for a zero vector."""
    if not vector.any():
        return NO_NEIGHBORS
    has_vector = index.table.nonzero()
    if has_vector is not None:
        eligible = has_vector if eligible is None else eligible & has_vector
    if eligible is None and isinstance(index, ExactIndex):
        return index.query(vector, depth, skip)
    return rank_by_vector(index, vector, 0, depth, skip, eligible=eligible).found


def fuse(by_meaning: Neighbors, by_words: Neighbors, coverage: Vectors, called: Nums = NOTHING) -> Results:
    """Fuse two lists by their reciprocal ranks; texts `called` as the query, (n,), come first.

    `coverage`, (len(by_words),), is the share of the query that each text by words has.
    """
    n = len(by_meaning)
    nums = np.concatenate((by_meaning.nums, by_words.nums, called))
    ranks = np.concatenate((np.arange(n), np.arange(len(by_words)), np.zeros(len(called)))) + 1
    weights = np.concatenate((np.ones(n), coverage.astype(np.float64) ** POWER, np.full(len(called), CALLED)))
    order = np.argsort(nums, kind="stable")  # of a text that is in several lists, meaning comes first
    shares = np.asarray(weights / (FUSION + ranks), dtype=np.float64)[order]
    nums = nums[order]
    begins = np.flatnonzero(np.append(True, nums[1:] != nums[:-1])[: len(nums)])
    scores = shown(np.add.reduceat(shares, begins) if len(begins) else shares)
    twice = np.diff(np.append(begins, len(nums))) > 1
    meant, nums = (order < n)[begins], nums[begins]
    by_rank = np.where(meant, ranks[order][begins], len(order) + 1)
    best = np.lexsort((nums, by_rank, -scores))
    return Results(nums.astype(np.int32), scores, meant, ~meant | twice).take(best)
