"""The candidates of validation users, with every part of their scores.

For each user a few hundred items are kept: the best unseen ones by each part of the score. Once the parts are there, any set of
weights is a sum of arrays, and its ranking metric a matter of milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    """What does not depend on the factors: centred unit text vectors (n_items, text_dim), and the nearest items by words and,
    for each power of the grid, by behaviour."""

    texts: Vectors
    words: sparse.csr_matrix
    behaviour: dict[float, sparse.csr_matrix]

    @property
    def is_there(self) -> bool:
        return bool(self.texts.shape[1] or self.words.nnz)

    def left_out(self) -> Content:
        """The same items without any content or neighbor."""
        nobody = neighbors.no_neighbors(self.words.shape[0])
        return Content(self.texts[:, :0], nobody, dict.fromkeys(self.behaviour, nobody))


@dataclass(frozen=True, eq=False)
class Candidates:
    """The parts of the scores of some users' candidates, each (n_users, n), -inf in `own` where there are fewer.

    `counts` are the interactions of each candidate, -1 where its text neighbors say nothing of its factors; `lengths`
    (n_users,) those of each user; `n_relevant` (n_users,) how many items are to be found, also those that are no candidates.
    """

    own: Vectors
    prior: Vectors
    text: Vectors
    words: Vectors
    behaviour: dict[float, Vectors]
    counts: Vectors
    relevant: NDArray[np.bool_]
    lengths: NDArray[np.int64]
    n_relevant: NDArray[np.int64]


def behaviour_by_power(train: Interactions, blend: BlendConfig, random_state: int) -> dict[float, sparse.csr_matrix]:
    """The nearest items by behaviour for each power that is tried."""
    return {power: neighbors.by_behaviour(train, blend.n_neighbors, power, random_state) for power in NEIGHBOR_POWERS}


def collect(validation: Validation, factors: Factors, content: Content, start: Weights, k: int) -> list[Candidates]:
    """The candidates of all validation users, in blocks."""
    return list(_Collector(validation, factors, content, start, k).blocks())


def measure(block: Candidates, weights: Weights, unit: float, metric: Metric, k: int) -> Vectors:
    """The metric at `k` of each user of a block, float64 (n_users,)."""
    scores = _scores(block, weights, unit)
    k = min(k, scores.shape[1])
    hits = np.take_along_axis(block.relevant, score_order.best_places(scores, k), 1)
    if metric == "recall":
        return np.asarray(hits.sum(axis=1) / block.n_relevant)
    gains = 1 / np.log2(np.arange(2, k + 2))
    return np.asarray(hits @ gains / np.cumsum(gains)[np.minimum(block.n_relevant, k) - 1])


def _scores(block: Candidates, weights: Weights, unit: float) -> Vectors:
    emphasis = blending.emphases(block.lengths, weights["short_history"])[:, None]
    scale = np.maximum(block.lengths, 1).astype(np.float32)[:, None] ** np.float32(-0.5)
    counts = np.maximum(block.counts, 0)
    own = np.where(block.counts < 0, 1, counts / np.maximum(counts + np.float32(weights["prior_at"]), np.float32(1e-9)))
    content = np.float32(weights["beta"]) * block.text + np.float32(weights["lexical"]) * scale * block.words
    near = np.float32(weights["neighbors"]) * scale * block.behaviour[weights["neighbor_power"]]
    return np.asarray(own * block.own + (1 - own) * block.prior + np.float32(unit) * (emphasis * content + near))


class _Collector:
    """Computes the parts of the scores for blocks of users and keeps the candidates."""

    def __init__(self, validation: Validation, factors: Factors, content: Content, start: Weights, k: int) -> None:
        self.users, self.factors, self.content, self.start = validation.users, factors, content, start
        self.history = validation.train.matrix()
        self.history.data[:] = 1
        self.test = validation.test.matrix()
        self.counts = validation.train.item_counts()
        self.prior = neighbors.factor_prior(content.words, factors.items, self.counts)
        self.told = np.where(self.prior.any(axis=1), self.counts, -1).astype(np.float32)
        self.unit = blending.score_unit(factors.users, factors.items)
        self.most = min(max(CANDIDATES, 2 * k), len(self.counts))

    def blocks(self) -> Iterator[Candidates]:
        parts = [self.users[start : start + USERS_AT_ONCE] for start in range(0, len(self.users), USERS_AT_ONCE)]
        with ThreadPoolExecutor() as pool:
            yield from pool.map(self._block, parts)

    def _block(self, users: NDArray[np.int32]) -> Candidates:
        history = self.history[users]
        lengths = np.diff(history.indptr).astype(np.int64)
        vectors = self.factors.users[users]
        dense = {"own": vectors @ self.factors.items.T}
        if self.prior.any():
            dense["prior"] = vectors @ self.prior.T
        if self.content.texts.shape[1]:
            dense["text"] = unit_rows(np.asarray(history @ self.content.texts)) @ self.content.texts.T
        nearby = {"words": history @ self.content.words}
        nearby |= {str(power): history @ matrix for power, matrix in self.content.behaviour.items()}
        everything = {name: matrix.toarray() for name, matrix in nearby.items()} | dense
        everything.setdefault("prior", dense["own"])
        everything.setdefault("text", np.zeros((1, 1), dtype=np.float32))
        total = _scores(_view(everything, self.told[None, :], lengths), self.start, self.unit)
        marked = np.zeros(total.shape, dtype=bool)
        seen = (np.repeat(np.arange(len(users)), lengths), history.indices)
        for scores in (*dense.values(), total):
            _mark_largest(marked, scores, seen, self.most)
        for matrix in nearby.values():
            _mark_largest_stored(marked, matrix.tocsr(), self.most)
        marked[seen] = False
        everything["text"] = np.broadcast_to(everything["text"], total.shape)
        return self._candidates(users, everything, _places(marked), lengths)

    def _candidates(
        self, users: NDArray[np.int32], parts: dict[str, Vectors], chosen: NDArray[np.int64], lengths: NDArray[np.int64]
    ) -> Candidates:
        absent = chosen < 0
        at = np.maximum(chosen, 0)
        taken = {name: np.take_along_axis(matrix, at, axis=1) for name, matrix in parts.items()}
        taken["own"] = np.where(absent, -np.inf, taken["own"])
        taken["prior"] = np.where(absent, 0, taken["prior"])
        test = self.test[users]
        places = np.repeat(np.arange(len(users)), at.shape[1])
        relevant = np.asarray(test[places, at.ravel()]).reshape(at.shape) != 0
        return Candidates(
            own=taken["own"].astype(np.float32),
            prior=taken["prior"].astype(np.float32),
            text=taken["text"],
            words=taken["words"],
            behaviour={power: taken[str(power)] for power in self.content.behaviour},
            counts=np.where(absent, -1, self.told[at]).astype(np.float32),
            relevant=relevant & ~absent,
            lengths=lengths,
            n_relevant=np.diff(test.indptr).astype(np.int64),
        )


def _mark_largest(
    marked: NDArray[np.bool_], scores: Vectors, seen: tuple[NDArray[np.int64], NDArray[np.int32]], n: int
) -> None:
    hidden = scores.copy()
    hidden[seen] = -np.inf
    marked |= score_order.marked(hidden, n)


def _mark_largest_stored(marked: NDArray[np.bool_], matrix: sparse.csr_matrix, n: int) -> None:
    for row in range(len(marked)):
        stored = slice(matrix.indptr[row], matrix.indptr[row + 1])
        values = matrix.data[stored]
        places = score_order.contenders(values, n)
        marked[row, matrix.indices[stored][places[score_order.falling(values[places])[:n]]]] = True


def _places(marked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The marked columns of each row, (n_rows, most), -1 where there are fewer."""
    sizes = marked.sum(axis=1)
    found = np.full((len(marked), max(1, int(sizes.max(initial=0)))), -1, dtype=np.int64)
    rows, columns = np.nonzero(marked)
    found[rows, np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)] = columns
    return found


def _view(parts: dict[str, Vectors], counts: Vectors, lengths: NDArray[np.int64]) -> Candidates:
    """All items as candidates."""
    return Candidates(
        own=parts["own"],
        prior=parts["prior"],
        text=parts["text"],
        words=parts["words"],
        behaviour={float(name): matrix for name, matrix in parts.items() if name[0].isdigit()},
        counts=counts,
        relevant=np.empty(0, dtype=bool),
        lengths=lengths,
        n_relevant=lengths,
    )
