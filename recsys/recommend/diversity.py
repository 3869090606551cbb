"""Maximal marginal relevance: lists of relevant and mutually dissimilar items (Carbonell and Goldstein, SIGIR 1998).

The next item is always that of the largest ``(1 - d) rel_i - d max_j sim(i, j)``, where rel is the score, scaled to 0..1 over
the pool of the best items, j are the items already taken, and sim is the similarity of :mod:`recsys.model.blending`, at least
0. The pool has a constant size, so a longer list begins with the shorter list, and pages do not overlap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors
from recsys.recommend.ranking import Ranked
from recsys.score_order import rounded, shown

POOL = 200


def diversified(ranked: Ranked, rows: Vectors, diversity: float, n: int) -> Ranked:
    """Return the first `n` of `ranked` by marginal relevance with d = `diversity`; items after the pool are ordered by score.

    `rows` (min(POOL, len(ranked)), dim) are the vectors of the pool, whose inner products are the similarities.
    """
    pool = len(rows)
    order = _order(ranked.found.scores[:pool].astype(np.float64), rows.astype(np.float64), diversity, min(n, pool))
    rest = np.arange(pool, max(pool, min(n, len(ranked))))
    return ranked.take(np.concatenate((order, rest)))


def _order(scores: NDArray[np.float64], rows: NDArray[np.float64], diversity: float, n: int) -> NDArray[np.int64]:
    if not len(scores):
        return np.empty(0, dtype=np.int64)
    spread = float(scores.max() - scores.min())
    relevance = (scores - scores.min()) / spread if spread > 0 else np.zeros_like(scores)
    similarities = rounded(rows @ rows.T)
    largest = np.zeros(len(scores))  # similarity to an item already taken
    taken = np.empty(n, dtype=np.int64)
    left = np.ones(len(scores), dtype=bool)
    for place in range(n):
        marginal = np.where(left, (1 - diversity) * relevance - diversity * largest, -np.inf)
        best = int(np.argmax(shown(marginal)))  # the first on ties
        taken[place], left[best] = best, False
        largest = np.maximum(largest, similarities[best])
    return taken
