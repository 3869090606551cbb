"""Precomputed lists, so that the service answers for known users and items by a look-up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recsys.config import IndexConfig
from recsys.data.vectors import Vectors
from recsys.index.exact import Nums, VectorTable
from recsys.model.model import Model
from recsys.model.precomputed_lists import ItemLists, UserLists
from recsys.recommend.batch import in_blocks, ranked_lists
from recsys.recommend.query_block import QueryBlock
from recsys.recommend.ranking import Ranked
from recsys.recommend.recommender import Recommender

BLOCK_SCORES = 1 << 22  # of a block of items at once: 16 MiB


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
    size = max(1, BLOCK_SCORES // max(1, len(table)))
    blocks = [np.arange(start, min(start + size, len(table)), dtype=np.int32) for start in range(0, len(table), size)]

    def ranked(nums: Nums) -> list[Ranked]:
        rows = table.rows(nums)
        block = QueryBlock(table, model.layout.factors, rows, _products(rows, table))
        block.leave_out(nums, np.arange(len(nums) + 1))
        return block.ranked(length)

    for num, of_item in enumerate(in_blocks(blocks, ranked)):  # empty for an item without a vector
        lists.set(num, of_item.found, of_item.collaborative)
        advance(1)
    return lists


def _products(rows: Vectors, table: VectorTable) -> Vectors:
    return np.asarray(rows @ table.vectors.T)
