"""Candidate items of validation users, with every part of their scores.

They are the few hundred best unseen items by each part of the score. From the parts, the ranking metric of any weights
is computed in milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys import score_order
from recsys.config import BlendConfig
from recsys.data.interactions import Interactions
from recsys.data.vectors import Vectors, unit_rows
from recsys.model import blending
from training.evaluation.ranking_metrics import ndcg_at_k, recall_at_k
from training.evaluation.validation import Validation
from training.factors import neighbors
from training.factors.als import Factors

NEIGHBOR_POWERS = (0.5, 1.0)
USERS_AT_ONCE = 32  # so that the scores of all items stay in the cache
CANDIDATES = 150  # of each part, or twice the length of the lists where that is more

Weights = dict[str, float]
Metric = Literal["ndcg", "recall"]


@dataclass(frozen=True, eq=False)
class Content:
    """Data that does not depend on the factors: centered unit text vectors (n_items, text_dim), and the nearest items
    by words and, for each power of the grid, by behavior."""

    texts: Vectors
    words: sparse.csr_matrix
    behavior: dict[float, sparse.csr_matrix]

    @property
    def is_there(self) -> bool:
        return bool(self.texts.shape[1] or self.words.nnz)

    def left_out(self) -> Content:
        """Return the same items without any content or neighbor."""
        nothing = neighbors.no_neighbors(self.words.shape[0])
        return Content(self.texts[:, :0], nothing, dict.fromkeys(self.behavior, nothing))


@dataclass(frozen=True, eq=False)
class Candidates:
    """The parts of the scores of some users' candidates, each (n_users, n).

    `parts` are "own", -inf where there are fewer candidates, "prior", "text", "words" and, by behavior, "0.5" and
    "1.0". `counts` are the interactions of each candidate, -1 where its text neighbors say nothing of its factors;
    `lengths` (n_users,) those of each user; `n_relevant` (n_users,) the relevant items, also those that are no
    candidates.
    """

    parts: dict[str, Vectors]
    counts: Vectors
    relevant: NDArray[np.bool_]
    lengths: NDArray[np.int64]
    n_relevant: NDArray[np.int64]


def behavior_by_power(train: Interactions, blend: BlendConfig, random_state: int) -> dict[float, sparse.csr_matrix]:
    """Return the nearest items by behavior for each of NEIGHBOR_POWERS."""
    return {power: neighbors.by_behavior(train, blend.n_neighbors, power, random_state) for power in NEIGHBOR_POWERS}


def collect(validation: Validation, factors: Factors, content: Content, start: Weights, k: int) -> list[Candidates]:
    """Return the candidates of all validation users, in blocks."""
    users, collector = validation.users, _Collector(validation, factors, content, start, k)
    with ThreadPoolExecutor() as pool:
        blocks = [users[start : start + USERS_AT_ONCE] for start in range(0, len(users), USERS_AT_ONCE)]
        return list(pool.map(collector.candidates, blocks))


def measure(block: Candidates, weights: Weights, unit: float, metric: Metric, k: int) -> Vectors:
    """Return the metric at `k` of each user of a block, float64 (n_users,)."""
    scores = _scores(block.parts, block.counts, block.lengths, weights, unit)
    hits = np.take_along_axis(block.relevant, score_order.best_places(scores, min(k, scores.shape[1])), 1)
    return np.asarray((recall_at_k if metric == "recall" else ndcg_at_k)(hits, block.n_relevant))


def _scores(
    parts: Mapping[str, Vectors], n: Vectors, lengths: NDArray[np.int64], weights: Weights, unit: float
) -> Vectors:
    emphasis = blending.emphases(lengths, weights["short_history"])[:, None]
    scale = np.maximum(lengths, 1).astype(np.float32)[:, None] ** np.float32(-0.5)
    counts = np.maximum(n, 0)
    own = np.where(n < 0, 1, counts / np.maximum(counts + np.float32(weights["prior_at"]), np.float32(1e-9)))
    content = np.float32(weights["beta"]) * parts["text"] + np.float32(weights["lexical"]) * scale * parts["words"]
    near = np.float32(weights["neighbors"]) * scale * parts[str(weights["neighbor_power"])]
    return np.asarray(own * parts["own"] + (1 - own) * parts["prior"] + np.float32(unit) * (emphasis * content + near))


class _Collector:
    """Computes the parts of the scores of blocks of users for all items, and takes those of the candidates."""

    def __init__(self, validation: Validation, factors: Factors, content: Content, start: Weights, k: int) -> None:
        self.factors, self.content, self.start = factors, content, start
        self.history = validation.train.matrix()
        self.history.data[:] = 1
        self.test = validation.test.matrix()
        counts = validation.train.item_counts()
        self.prior = neighbors.factor_prior(content.words, factors.items, counts)
        self.counts = np.where(self.prior.any(axis=1), counts, -1).astype(np.float32)
        self.unit = blending.score_unit(factors.users, factors.items)
        self.most = min(max(CANDIDATES, 2 * k), len(counts))

    def candidates(self, users: NDArray[np.int32]) -> Candidates:
        history = self.history[users]
        lengths = np.diff(history.indptr).astype(np.int64)
        vectors = self.factors.users[users]
        dense = {"own": vectors @ self.factors.items.T}
        if self.prior.any():
            dense["prior"] = vectors @ self.prior.T
        if self.content.texts.shape[1]:
            dense["text"] = unit_rows(np.asarray(history @ self.content.texts)) @ self.content.texts.T
        nearby = {"words": history @ self.content.words}
        nearby |= {str(power): history @ matrix for power, matrix in self.content.behavior.items()}
        parts = {name: matrix.toarray() for name, matrix in nearby.items()} | dense
        parts.setdefault("prior", dense["own"])
        parts.setdefault("text", np.zeros((1, 1), dtype=np.float32))
        total = _scores(parts, self.counts[None, :], lengths, self.start, self.unit)
        marked = np.zeros(total.shape, dtype=bool)
        seen = (np.repeat(np.arange(len(users)), lengths), history.indices)
        for scores in (*dense.values(), total):
            unseen = scores.copy()
            unseen[seen] = -np.inf
            marked |= score_order.marked(unseen, self.most)
        for matrix in nearby.values():
            _mark_largest(marked, matrix.tocsr(), self.most)
        marked[seen] = False
        parts["text"] = np.broadcast_to(parts["text"], total.shape)
        return self._take(users, parts, _places(marked), lengths)

    def _take(
        self, users: NDArray[np.int32], parts: dict[str, Vectors], places: NDArray[np.int64], lengths: NDArray[np.int64]
    ) -> Candidates:
        absent, at = places < 0, np.maximum(places, 0)
        taken = {name: np.take_along_axis(matrix, at, axis=1) for name, matrix in parts.items()}
        for name, nothing in (("own", -np.inf), ("prior", 0)):
            taken[name] = np.where(absent, nothing, taken[name]).astype(np.float32)
        test = self.test[users]
        rows = np.repeat(np.arange(len(users)), at.shape[1])
        relevant = np.asarray(test[rows, at.ravel()]).reshape(at.shape) != 0
        counts = np.where(absent, -1, self.counts[at]).astype(np.float32)
        return Candidates(taken, counts, relevant & ~absent, lengths, np.diff(test.indptr).astype(np.int64))


def _mark_largest(marked: NDArray[np.bool_], matrix: sparse.csr_matrix, n: int) -> None:
    """Mark the `n` largest stored values of each row."""
    for row in range(len(marked)):
        stored = slice(matrix.indptr[row], matrix.indptr[row + 1])
        values = matrix.data[stored]
        places = score_order.contenders(values, n)
        marked[row, matrix.indices[stored][places[score_order.falling(values[places])[:n]]]] = True


def _places(marked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the marked columns of each row, (n_rows, most), -1 where there are fewer."""
    sizes = marked.sum(axis=1)
    places = np.full((len(marked), max(1, int(sizes.max(initial=0)))), -1, dtype=np.int64)
    rows, columns = np.nonzero(marked)
    places[rows, np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)] = columns
    return places
