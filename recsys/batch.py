"""Lists for many users at once, and scores for many given pairs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.blending import user_vectors
from recsys.embeddings import Vectors
from recsys.index import NOTHING, ExactIndex, Neighbors
from recsys.model import Model
from recsys.recommender import Recommender

BLOCK = 128
MOST_SCORES = 1 << 24  # of a block at once: 64 MiB

Nums = NDArray[np.int32]


def recommend_many(recommender: Recommender, user_nums: Nums, k: int, *, exact: bool = False) -> Iterator[Neighbors]:
    """The unseen top `k` of each user, in the order of `user_nums`, the same as one by one.

    An exact answer is one matrix product for a block of users; an approximate index is asked once for each user.
    Users without a vector get the popular items.
    """
    by_product = exact or isinstance(recommender.model.items_for_user, ExactIndex)
    answer: Callable[[Nums], list[Neighbors]] = (
        partial(_by_product, recommender.model, *_history_and_texts(recommender.model), k)
        if by_product
        else partial(_by_query, recommender, k)
    )
    size = max(1, min(BLOCK, MOST_SCORES // len(recommender.model.catalog)))
    blocks = [user_nums[start : start + size] for start in range(0, len(user_nums), size)]
    threads = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(blocks), 4 * threads):  # a bounded number of blocks is in memory at a time
            for block in pool.map(answer, blocks[start : start + 4 * threads]):
                yield from block


def score_pairs(model: Model, users: Sequence[int | None], items: Sequence[int | None]) -> list[float | None]:
    """The score of each pair of row numbers; None where either is None (unknown)."""
    scores: list[float | None] = [None] * len(users)
    recommender = Recommender(model, "")
    rows_of: dict[int, list[int]] = {}
    for row, (user, item) in enumerate(zip(users, items, strict=True)):
        if user is not None and item is not None:
            rows_of.setdefault(user, []).append(row)
    for user, rows in rows_of.items():
        nums = np.asarray([items[row] for row in rows], dtype=np.int32)
        products = model.items_for_user.table.rows(nums) @ recommender.user_vector(user)
        for row, score in zip(rows, products.tolist(), strict=True):
            scores[row] = score
    return scores


def _by_query(recommender: Recommender, k: int, user_nums: Nums) -> list[Neighbors]:
    model = recommender.model
    answers = []
    for num in user_nums.tolist():
        vector, seen = recommender.user_vector(num), model.seen(num)
        found = model.items_for_user.query(vector, k, seen) if vector.any() else model.popularity.top(k, seen)
        answers.append(found)
    return answers


def _by_product(model: Model, history: sparse.csr_matrix, texts: Vectors, k: int, user_nums: Nums) -> list[Neighbors]:
    table = model.items_for_user.table
    vectors = user_vectors(np.asarray(model.user_factors[user_nums]), history[user_nums], texts)
    scores = vectors @ table.vectors.T
    everything = np.arange(len(table))
    answers = []
    for vector, row, num in zip(vectors, scores, user_nums.tolist(), strict=True):
        seen = model.seen(num)
        if not vector.any():
            answers.append(model.popularity.top(k, seen))
            continue
        row[table.positions[seen]] = -np.inf
        best = table.best(everything, row, k)
        answers.append(best.without(NOTHING, int(np.isfinite(best.scores).sum())))
    return answers


def _history_and_texts(model: Model) -> tuple[sparse.csr_matrix, Vectors]:
    """Ones where a user consumed an item, and the text part of all items."""
    table = model.items_for_user.table
    texts = table.vectors[:, model.layout.factors :][table.positions]
    return model.histories.matrix(), texts
