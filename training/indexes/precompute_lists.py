"""Precomputed lists, so that the service answers for known users and items by a look-up."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from recsys.config import IndexConfig
from recsys.data.vectors import Vectors
from recsys.index.exact import NOTHING, VectorTable
from recsys.model.model import Model
from recsys.model.precomputed_lists import ItemLists, UserLists
from recsys.recommend.batch import ranked_lists
from recsys.recommend.ranking import rank_items_by_vector
from recsys.recommend.recommender import Recommender
from recsys.score_order import UNIT, contenders

BLOCK_SCORES = 1 << 23  # of a block of items at once: 32 MiB


def with_lists(model: Model, config: IndexConfig, advance: Callable[[int], None] = lambda _: None) -> Model:
    """Return the model with the exact lists of its users and items, or without any if they are too many to be computed.

    `advance` takes the number of lists just computed.
    """
    if config.lists == 0 or gflop(model) > config.lists_gflop:
        return model
    length = min(config.lists, len(model.catalog))
    return model.with_extras(_of_users(model, length, advance), _of_items(model, length, advance))


def gflop(model: Model) -> float:
    """Return the cost of the lists in 10^9 operations: a product for each user and item with each item."""
    return 2e-9 * (len(model.users) + len(model.catalog)) * len(model.catalog) * model.layout.dim


def _of_users(model: Model, length: int, advance: Callable[[int], None]) -> UserLists:
    lists = UserLists.empty(len(model.users), length)
    users = np.arange(len(model.users), dtype=np.int32)
    for num, of_user in enumerate(ranked_lists(Recommender(model, ""), users, length)):
        for ranked in of_user:  # none for a user without a vector, who gets the popular items
            lists.set(num, ranked.found, ranked.collaborative)
        advance(1)
    return lists


def _of_items(model: Model, length: int, advance: Callable[[int], None]) -> ItemLists:
    table = model.items_like_item.table
    lists = ItemLists.empty(len(table), length)
    for num, nums in _nearest(table, length):
        vector = table.rows(np.asarray([num]))[0]
        ranked = rank_items_by_vector(table, vector, model.layout.factors, nums, length)
        lists.set(num, ranked.found, ranked.collaborative)
        advance(1)
    return lists


def _nearest(table: VectorTable, k: int) -> Iterator[tuple[int, NDArray[np.int32]]]:
    """Yield each row number with others among which are its `k` nearest; none for a vector of zeros."""
    size = max(1, BLOCK_SCORES // len(table))

    def of_block(start: int) -> list[tuple[int, NDArray[np.int32]]]:
        nums = np.arange(start, min(start + size, len(table)), dtype=np.int32)
        products = _products(table.rows(nums), table)
        return [(num, _others(table, num, row, k)) for num, row in zip(nums.tolist(), products, strict=True)]

    threads = len(os.sched_getaffinity(0))
    starts = range(0, len(table), size)
    with ThreadPoolExecutor(threads) as pool:
        for first in range(0, len(starts), 2 * threads):  # a bounded number of blocks is in memory at a time
            for block in pool.map(of_block, starts[first : first + 2 * threads]):
                yield from block


def _products(rows: Vectors, table: VectorTable) -> Vectors:
    return np.asarray(rows @ table.vectors.T)


def _others(table: VectorTable, num: int, products: Vectors, k: int) -> NDArray[np.int32]:
    position = table.positions[num]
    if table.norms[position] == 0:
        return NOTHING
    products[position] = -np.inf
    nearest = contenders(products, k, table.slack(table.vectors[position]) + UNIT)
    return np.asarray(table.order[nearest[nearest != position]])
