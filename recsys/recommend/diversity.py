"""Maximal marginal relevance: a list whose items are good and unlike each other (Carbonell and Goldstein, SIGIR 1998).

Items are taken one after another. The next one is that of the largest ``(1 - d) rel_i - d max_j sim(i, j)``, where rel
is the score, brought to 0..1 over the pool of the best items, j are the items taken before and sim is the likeness of
two items as :mod:`recsys.model.blending` has it, below 0 counting as 0. The pool has the same size for every question,
so a longer list begins with the shorter one, and a page after the first repeats nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors
from recsys.recommend.ranking import Ranked
from recsys.score_order import rounded, shown

POOL = 200


def diversified(ranked: Ranked, rows: Vectors, diversity: float, n: int) -> Ranked:
    """The first `n` of `ranked` by marginal relevance; behind the pool they stand by score alone.

    Parameters
    ----------
    ranked : Ranked
        By falling score.
    rows : float32 array (min(POOL, len(ranked)), dim)
        Vectors of the pool, whose inner products are the likenesses.
    diversity : float
        The d of the formula, 0..1.
    n : int
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
    likenesses = rounded(rows @ rows.T)
    likest = np.zeros(len(scores))
    taken = np.empty(n, dtype=np.int64)
    left = np.ones(len(scores), dtype=bool)
    for place in range(n):
        marginal = np.where(left, (1 - diversity) * relevance - diversity * likest, -np.inf)
        best = int(np.argmax(shown(marginal)))  # the first of equal ones
        taken[place], left[best] = best, False
        likest = np.maximum(likest, likenesses[best])
    return taken
