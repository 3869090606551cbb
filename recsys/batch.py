"""Lists for many users at once, and scores for many given pairs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from recsys.blending import user_vectors
from recsys.embeddings import Vectors
from recsys.index import ExactIndex, Neighbors
from recsys.model import Model
from recsys.recommender import NOTHING, Recommender, top_eligible

BLOCK = 128


def recommend_many(
    recommender: Recommender, user_nums: NDArray[np.int32], k: int, *, exact: bool = False
) -> Iterator[Neighbors]:
    """The unseen top `k` of each user, in the order of `user_nums`, the same as one by one.

    An exact answer is one matrix product for a block of users; an approximate index is asked once for each user.
    Users without a vector get the popular items.
    """
    blocks = [user_nums[start : start + BLOCK] for start in range(0, len(user_nums), BLOCK)]
    by_product = exact or isinstance(recommender.model.items_for_user, ExactIndex)
    answer: Callable[[NDArray[np.int32]], list[Neighbors]]
    if by_product:
        table = recommender.model.items_for_user.table
        texts = table.rows(np.arange(len(table), dtype=np.int32))[:, recommender.model.layout.factors :]
        answer = lambda nums: _by_product(recommender.model, texts, nums, k)  # noqa: E731
    else:
        answer = lambda nums: [_by_query(recommender, num, k) for num in nums.tolist()]  # noqa: E731
    threads = os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(blocks), 4 * threads):  # a bounded number of blocks is in memory at a time
            for block in pool.map(answer, blocks[start : start + 4 * threads]):
                yield from block


def score_pairs(model: Model, users: Sequence[int | None], items: Sequence[int | None]) -> list[float | None]:
    """The score of each pair of row numbers; None where either is None (unknown)."""
    scores: list[float | None] = [None] * len(users)
    recommender = Recommender(model, "")
    by_user: dict[int, list[int]] = {}
    for row, (user, item) in enumerate(zip(users, items, strict=True)):
        if user is not None and item is not None:
            by_user.setdefault(user, []).append(row)
    for user, rows in by_user.items():
        nums = np.asarray([items[row] for row in rows], dtype=np.int32)
        products = model.items_for_user.table.rows(nums) @ recommender.user_vector(user)
        for row, score in zip(rows, products.tolist(), strict=True):
            scores[row] = score
    return scores


def _by_query(recommender: Recommender, user_num: int, k: int) -> Neighbors:
    model = recommender.model
    vector, seen = recommender.user_vector(user_num), model.histories.items_of(user_num)
    if not vector.any():
        return model.popularity.top(k, seen)
    return top_eligible(model.items_for_user, vector, k, seen)


def _by_product(model: Model, texts: Vectors, nums: NDArray[np.int32], k: int) -> list[Neighbors]:
    table = model.items_for_user.table
    seen = [model.histories.items_of(num) for num in nums.tolist()]
    vectors = _vectors(model, texts, nums)
    scores = vectors @ table.vectors.T
    for row, items in enumerate(seen):
        scores[row, table.positions[items]] = -np.inf
    everything = np.arange(len(table))
    answers = []
    for row, items in enumerate(seen):
        if not vectors[row].any():
            answers.append(model.popularity.top(k, items))
            continue
        best = table.best(everything, scores[row], k)
        answers.append(best.without(NOTHING, int(np.isfinite(best.scores).sum())))
    return answers


def _vectors(model: Model, texts: Vectors, nums: NDArray[np.int32]) -> Vectors:
    factors = np.asarray(model.user_factors[nums])
    if not model.layout.text_dim:
        return factors
    return user_vectors(factors, model.histories.matrix()[nums], texts)
