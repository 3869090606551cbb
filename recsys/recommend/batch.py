"""Batch recommendation: lists for many users, and scores of many pairs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.events.changes import NO_CHANGES, Changes
from recsys.index.block_scan import LARGEST, Penalty
from recsys.index.exact import NOTHING, ExactIndex, Neighbors, Nums
from recsys.index.grown import GrownTable
from recsys.model.model import Model
from recsys.recommend.query_block import QueryBlock, RankedRows
from recsys.recommend.ranking import UserQuery, rank_for_user, rank_items, user_query
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest

T = TypeVar("T")
BLOCK = 256
MOST_CELLS = 1 << 21  # scores and neighbors of histories in a block: about 50 MiB while they are added up


@dataclass(frozen=True, eq=False)
class RankedUsers:
    """Lists of users under each of several penalties; `known` (n,) are the users with a vector, the others have empty lists."""

    nums: Nums
    known: NDArray[np.bool_]
    rows: tuple[RankedRows, ...]


def recommend_many(
    recommender: Recommender,
    user_nums: Nums,
    k: int,
    *,
    exact: bool = False,
    penalty: float = 0.0,
    hidden: Nums = NOTHING,
) -> Iterator[Neighbors]:
    """Yield the unseen top `k` of each user, in the order of `user_nums`, equal to single recommendations.

    An exact ranking is a matrix product for a block of users; an approximate index is queried for each user.
    Users without a vector get the popular items. `penalty` is the popularity penalty of
    :func:`recsys.recommend.ranking.rank_for_user`; `hidden` are row numbers of items to leave out, rising.
    """
    if exact or isinstance(recommender.model.items_for_user, ExactIndex):
        yield from (lists[0] for lists in recommend_penalized(recommender, user_nums, k, (penalty,), hidden))
    else:
        blocks = _blocks(recommender.model, user_nums)
        for answers in in_blocks(blocks, partial(_by_query, recommender, k, penalty, hidden)):
            yield from answers


def recommend_penalized(
    recommender: Recommender, user_nums: Nums, k: int, penalties: Sequence[float], hidden: Nums = NOTHING
) -> Iterator[tuple[Neighbors, ...]]:
    """Yield the exact unseen top `k` of each user under each popularity penalty."""
    model = recommender.model
    for block in ranked_users(model, user_nums, k, penalties, hidden):
        lists = zip(*(rows.lists() for rows in block.rows), strict=True)
        for num, known, ranked in zip(block.nums.tolist(), block.known.tolist(), lists, strict=True):
            if known:
                yield tuple(ranking.found for ranking in ranked)
            else:
                yield (model.popularity.top(k, _without(model, num, hidden)),) * len(penalties)


def ranked_users(
    model: Model, user_nums: Nums, k: int, penalties: Sequence[float] = (0.0,), hidden: Nums = NOTHING
) -> Iterator[RankedUsers]:
    """Yield the exact unseen top `k` under each penalty of blocks of users."""
    neighbors = model.neighborhood.matrix(model.items_for_user.table.positions)
    return in_blocks(_blocks(model, user_nums, k), partial(_by_product, model, neighbors, k, penalties, hidden))


def in_blocks(blocks: Sequence[Nums], answer: Callable[[Nums], T]) -> Iterator[T]:
    """Yield the answers to blocks of row numbers, in their order; a thread for each processor answers blocks."""
    threads = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(blocks), 4 * threads):  # a bounded number of blocks is in memory at a time
            yield from pool.map(answer, blocks[start : start + 4 * threads])


def _blocks(model: Model, user_nums: Nums, k: int = 1) -> list[Nums]:
    """Cut users into blocks of at most BLOCK users, and of MOST_CELLS scores and neighbors or a single user."""
    most_neighbors = int(np.diff(model.neighborhood.indptr).max(initial=0))
    lengths = model.histories.indptr[user_nums + 1] - model.histories.indptr[user_nums]
    cells = np.maximum(LARGEST + 3 * min(k, len(model.catalog)) + lengths * most_neighbors, MOST_CELLS // BLOCK)
    _, starts = np.unique(np.cumsum(cells) // MOST_CELLS, return_index=True)
    return np.split(user_nums, starts[1:]) if len(user_nums) else []


def recommend_users(
    recommender: Recommender, user_ids: Sequence[str], request: ListRequest, changes: Changes = NO_CHANGES
) -> Iterator[list[tuple[str, float]]]:
    """Yield the ids and scores of the unseen top `k` of each user, in the order of `user_ids`.

    Of `request` only `k`, `exact`, `filters`, `popularity_penalty` and `rotation` count; with filters, all items are scanned,
    and with rotation or items that came after the training, each user is asked for alone. Users without a history get what
    :meth:`Recommender.recommend` gives them, as do deleted users. The events of other changed users count. Raises
    EventStoreError.
    """
    if request.rotation or isinstance(recommender.model.items_for_user.table, GrownTable):
        for user_id in user_ids:
            events = changes.shown_to(user_id) if request.rotation else changes.of_user(user_id)
            answer = recommender.recommend(user_id, request, events)
            yield [(item.item_id, item.score) for item in answer.items]
        return
    users, item_ids = recommender.users, list(recommender.items)
    changed, hidden = changes.users, recommender.nums(changes.hidden)
    alone = {user_id for user_id in user_ids if user_id in changed or recommender.is_cold(user_id)}
    same = users.known(user_id for user_id in user_ids if user_id not in alone)
    penalty, exact = request.popularity_penalty, request.exact
    if (eligible := recommender.eligible(request)) is not None:
        hidden, exact = np.union1d(hidden, np.flatnonzero(~eligible)).astype(np.int32), True
    lists = recommend_many(recommender, same, request.k, exact=exact, penalty=penalty, hidden=hidden)
    popular = recommender.model.popularity.top(request.k, hidden)
    for user_id in user_ids:
        if user_id in alone:
            answer = recommender.recommend(user_id, request, changes.of_user(user_id))
            yield [(item.item_id, item.score) for item in answer.items]
            continue
        best = next(lists) if user_id in users else popular
        yield [(item_ids[num], score) for num, score in zip(best.nums.tolist(), best.scores.tolist(), strict=True)]


def score_pairs(
    recommender: Recommender,
    users: Sequence[int | UserQuery | None],
    items: Sequence[int | None],
) -> list[float | None]:
    """Return the score of each pair, of a user's row number or query, and an item's row number.

    The score is None where either is None (unknown).
    """
    model = recommender.model
    scores: list[float | None] = [None] * len(users)
    rows_of: dict[int | UserQuery, list[int]] = {}
    for row, (user, item) in enumerate(zip(users, items, strict=True)):
        if user is not None and item is not None:
            rows_of.setdefault(user, []).append(row)
    for user, rows in rows_of.items():
        nums = np.unique(np.asarray([items[row] for row in rows], dtype=np.int32))
        query = user_query(model, user) if isinstance(user, int) else user
        ranked = rank_items(model, query, nums, len(nums)).found
        score_of = dict(zip(ranked.nums.tolist(), ranked.scores.tolist(), strict=True))
        for row in rows:
            scores[row] = score_of[items[row]]
    return scores


def _without(model: Model, user_num: int, hidden: Nums) -> Nums:
    """Return the items that a list of the user must not contain, rising."""
    seen = model.seen(user_num)
    return np.union1d(seen, hidden).astype(np.int32) if len(hidden) else seen


def _by_query(recommender: Recommender, k: int, penalty: float, hidden: Nums, user_nums: Nums) -> list[Neighbors]:
    model = recommender.model
    answers = []
    for num in user_nums.tolist():
        query, skip = user_query(model, num), _without(model, num, hidden)
        if query.vector.any():
            answers.append(rank_for_user(model, query, k, skip, penalty=penalty).found)
        else:
            answers.append(model.popularity.top(k, skip))
    return answers


def _by_product(
    model: Model,
    neighbors: sparse.csr_matrix,
    k: int,
    penalties: Sequence[float],
    hidden: Nums,
    user_nums: Nums,
) -> RankedUsers:
    """Rank the items of all users of a block together."""
    block = QueryBlock.of_users(model, neighbors, user_nums)
    for_all = np.tile(hidden, len(user_nums)), np.arange(len(user_nums) + 1) * len(hidden)
    skipped = *(seen.items_of_many(user_nums) for seen in (model.histories, model.seen_only)), for_all
    costs = np.zeros(len(user_nums))
    if any(penalties):
        levels = model.popularity.levels(block.table.order)
        costs = np.array([max([0.0, *best.found.scores.tolist()]) for best in block.ranked(1).lists()])
    rows = [block.ranked(k, skipped, Penalty(penalty * costs, levels) if penalty else None) for penalty in penalties]
    return RankedUsers(user_nums, np.asarray(block.vectors.any(axis=1)), tuple(rows))
