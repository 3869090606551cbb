"""Batch recommendation: lists for many users, and scores of many pairs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import numpy as np

from recsys.events.changes import NO_CHANGES, Changes
from recsys.index.exact import NOTHING, ExactIndex, Neighbors, Nums
from recsys.model.model import Model
from recsys.recommend.query_block import QueryBlock
from recsys.recommend.ranking import Ranked, UserQuery, rank_for_user, rank_items, user_query
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest

T = TypeVar("T")
BLOCK = 128
MOST_CELLS = 1 << 22  # scores of items and neighbors of histories in a block: 16 MiB, about 32 MiB while it is ranked


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
        yield from in_blocks(blocks, partial(_by_query, recommender, k, penalty, hidden))


def recommend_penalized(
    recommender: Recommender, user_nums: Nums, k: int, penalties: Sequence[float], hidden: Nums = NOTHING
) -> Iterator[tuple[Neighbors, ...]]:
    """Yield the exact unseen top `k` of each user under each popularity penalty; all penalties share a product."""
    model = recommender.model
    lists = ranked_lists(recommender, user_nums, k, penalties, hidden)
    for num, ranked in zip(user_nums.tolist(), lists, strict=True):
        if ranked:
            yield tuple(ranking.found for ranking in ranked)
        else:
            yield (model.popularity.top(k, _without(model, num, hidden)),) * len(penalties)


def ranked_lists(
    recommender: Recommender, user_nums: Nums, k: int, penalties: Sequence[float] = (0.0,), hidden: Nums = NOTHING
) -> Iterator[tuple[Ranked, ...]]:
    """Yield the exact unseen top `k` under each penalty for each user with a vector, an empty tuple for others."""
    model = recommender.model
    return in_blocks(_blocks(model, user_nums), partial(_by_product, model, k, penalties, hidden))


def in_blocks(blocks: Sequence[Nums], answer: Callable[[Nums], Iterable[T]]) -> Iterator[T]:
    """Yield the answers to all row numbers of the blocks, in their order; a thread for each processor answers blocks."""
    threads = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(blocks), 4 * threads):  # a bounded number of blocks is in memory at a time
            for block in pool.map(answer, blocks[start : start + 4 * threads]):
                yield from block


def _blocks(model: Model, user_nums: Nums) -> list[Nums]:
    """Cut users into blocks of at most BLOCK users, and of MOST_CELLS scores and neighbors or a single user."""
    most_neighbors = int(np.diff(model.neighborhood.indptr).max(initial=0))
    lengths = model.histories.indptr[user_nums + 1] - model.histories.indptr[user_nums]
    cells = np.maximum(len(model.catalog) + lengths * most_neighbors, MOST_CELLS // BLOCK)
    _, starts = np.unique(np.cumsum(cells) // MOST_CELLS, return_index=True)
    return np.split(user_nums, starts[1:]) if len(user_nums) else []


def recommend_users(
    recommender: Recommender, user_ids: Sequence[str], request: ListRequest, changes: Changes = NO_CHANGES
) -> Iterator[list[tuple[str, float]]]:
    """Yield the ids and scores of the unseen top `k` of each user, in the order of `user_ids`.

    Of `request` only `k`, `exact`, `filters` and `popularity_penalty` count; with filters, all items are scanned. Unknown users
    get the popular items, as do users who were deleted since training. The events of other changed users count. Raises
    EventStoreError.
    """
    users, item_ids = recommender.users, list(recommender.items)
    changed, hidden = changes.users, recommender.nums(changes.hidden)
    same = users.known(user_id for user_id in user_ids if user_id not in changed)
    penalty, exact = request.popularity_penalty, request.exact
    if (eligible := recommender.eligible(request)) is not None:
        hidden, exact = np.union1d(hidden, np.flatnonzero(~eligible)).astype(np.int32), True
    lists = recommend_many(recommender, same, request.k, exact=exact, penalty=penalty, hidden=hidden)
    popular = recommender.model.popularity.top(request.k, hidden)
    for user_id in user_ids:
        if user_id in changed:
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
    model: Model, k: int, penalties: Sequence[float], hidden: Nums, user_nums: Nums
) -> list[tuple[Ranked, ...]]:
    """Rank the items of all users of a block together."""
    block = QueryBlock.of_users(model, user_nums)
    if any(penalties):
        levels = model.popularity.levels(block.table.order)
        tops = np.array([max(0.0, *ranked.found.scores.tolist()) if len(ranked) else 0.0 for ranked in block.ranked(1)])
    for seen in (model.histories, model.seen_only):
        block.leave_out(*seen.items_of_many(user_nums))
    block.leave_out(np.tile(hidden, len(user_nums)), np.arange(len(user_nums) + 1) * len(hidden))
    lists = [block.ranked(k, penalty * tops, levels) if penalty else block.ranked(k) for penalty in penalties]
    known = np.asarray(block.vectors.any(axis=1)).tolist()
    return [
        rankings if has_vector else () for has_vector, rankings in zip(known, zip(*lists, strict=True), strict=True)
    ]
