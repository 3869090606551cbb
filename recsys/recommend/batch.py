"""Lists for many users at once, and scores for many given pairs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.vectors import Vectors
from recsys.index.exact import NOTHING, ExactIndex, Neighbors
from recsys.model.blending import emphases, user_vectors
from recsys.model.model import Model
from recsys.recommend.ranking import rank, scored, user_query
from recsys.recommend.recommender import Recommender

BLOCK = 128
MOST_SCORES = 1 << 24  # of a block at once: 64 MiB

Nums = NDArray[np.int32]


def recommend_many(
    recommender: Recommender, user_nums: Nums, k: int, *, exact: bool = False, penalty: float = 0.0
) -> Iterator[Neighbors]:
    """The unseen top `k` of each user, in the order of `user_nums`, the same as one by one.

    An exact answer is one matrix product for a block of users; an approximate index is asked once for each user.
    Users without a vector get the popular items.

    Parameters
    ----------
    penalty : float
        Of popularity, as :func:`recsys.recommend.ranking.rank` has it.
    """
    if exact or isinstance(recommender.model.items_for_user, ExactIndex):
        yield from (lists[0] for lists in recommend_penalized(recommender, user_nums, k, (penalty,)))
    else:
        yield from _in_blocks(recommender, user_nums, partial(_by_query, recommender, k, penalty))


def recommend_penalized(
    recommender: Recommender, user_nums: Nums, k: int, penalties: Sequence[float]
) -> Iterator[tuple[Neighbors, ...]]:
    """The exact unseen top `k` of each user under each penalty of popularity, for the price of little more than one."""
    parts = _Sparse.of(recommender.model)
    return _in_blocks(recommender, user_nums, partial(_by_product, recommender.model, parts, k, penalties))


def _in_blocks(recommender: Recommender, user_nums: Nums, answer: Callable[[Nums], list[Any]]) -> Iterator[Any]:
    size = max(1, min(BLOCK, MOST_SCORES // len(recommender.model.catalog)))
    blocks = [user_nums[start : start + size] for start in range(0, len(user_nums), size)]
    threads = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(blocks), 4 * threads):  # a bounded number of blocks is in memory at a time
            for block in pool.map(answer, blocks[start : start + 4 * threads]):
                yield from block


def recommend_users(
    recommender: Recommender, user_ids: Sequence[str], k: int, *, exact: bool = False, penalty: float = 0.0
) -> Iterator[list[tuple[str, float]]]:
    """Yield the ids and scores of the unseen top `k` of each user, in the order of `user_ids`.

    Unknown users get the popular items.
    """
    users, item_ids = recommender.users, list(recommender.items)
    lists = recommend_many(recommender, users.known(user_ids), k, exact=exact, penalty=penalty)
    popular = recommender.model.popularity.top(k, NOTHING)
    for user_id in user_ids:
        best = next(lists) if user_id in users else popular
        yield [(item_ids[num], score) for num, score in zip(best.nums.tolist(), best.scores.tolist(), strict=True)]


def score_pairs(
    recommender: Recommender, users: Sequence[int | None], items: Sequence[int | None]
) -> list[float | None]:
    """Return the score of each pair of row numbers; None where either is None (unknown)."""
    model = recommender.model
    scores: list[float | None] = [None] * len(users)
    rows_of: dict[int, list[int]] = {}
    for row, (user, item) in enumerate(zip(users, items, strict=True)):
        if user is not None and item is not None:
            rows_of.setdefault(user, []).append(row)
    for user, rows in rows_of.items():
        nums = np.unique(np.asarray([items[row] for row in rows], dtype=np.int32))
        ranked = scored(model, user_query(model, user), nums, len(nums)).found
        score_of = dict(zip(ranked.nums.tolist(), ranked.scores.tolist(), strict=True))
        for row in rows:
            scores[row] = score_of[items[row]]
    return scores


def _by_query(recommender: Recommender, k: int, penalty: float, user_nums: Nums) -> list[Neighbors]:
    model = recommender.model
    answers = []
    for num in user_nums.tolist():
        query, seen = user_query(model, num), model.seen(num)
        known = query.vector.any()
        answers.append(rank(model, query, k, seen, penalty=penalty).found if known else model.popularity.top(k, seen))
    return answers


@dataclass(frozen=True, eq=False)
class _Sparse:
    """The sparse matrices and the text part of a model, made once for all blocks."""

    history: sparse.csr_matrix
    texts: Vectors
    collaborative: sparse.csr_matrix
    content: sparse.csr_matrix

    @classmethod
    def of(cls, model: Model) -> _Sparse:
        table = model.items_for_user.table
        texts = table.vectors[:, model.layout.factors :][table.positions]
        return cls(model.histories.matrix(), texts, *model.neighborhood.matrices())

    def nearby(self, user_nums: Nums, short_history: float) -> sparse.csr_matrix:
        """What the neighborhood adds, (len(user_nums), n_items)."""
        history = self.history[user_nums]
        lengths = np.diff(history.indptr)
        scale = sparse.diags_array(np.maximum(1, lengths).astype(np.float32) ** np.float32(-0.5))
        emphasis = sparse.diags_array(emphases(lengths, short_history))
        added = scale @ (history @ self.collaborative + emphasis @ (history @ self.content))
        return sparse.csr_matrix(added)


def _by_product(
    model: Model, parts: _Sparse, k: int, penalties: Sequence[float], user_nums: Nums
) -> list[tuple[Neighbors, ...]]:
    table = model.items_for_user.table
    vectors = user_vectors(
        np.asarray(model.user_factors[user_nums]), parts.history[user_nums], parts.texts, model.layout
    )
    scores = vectors @ table.vectors.T
    nearby = parts.nearby(user_nums, model.layout.short_history)
    everything = np.arange(len(table))
    levels = model.popularity.levels(table.order)
    answers = []
    for place, (vector, row, num) in enumerate(zip(vectors, scores, user_nums.tolist(), strict=True)):
        seen = model.seen(num)
        if not vector.any():
            answers.append((model.popularity.top(k, seen),) * len(penalties))
            continue
        near = slice(nearby.indptr[place], nearby.indptr[place + 1])
        row[table.positions[nearby.indices[near]]] += nearby.data[near]
        largest = max(0.0, float(row.max(initial=0)))
        row[table.positions[seen]] = -np.inf
        found = []
        for penalty in penalties:
            lessened = row - np.float32(penalty * largest) * levels if penalty else row
            best = table.best(everything, lessened, k)
            found.append(best.without(NOTHING, int(np.isfinite(best.scores).sum())))
        answers.append(tuple(found))
    return answers
