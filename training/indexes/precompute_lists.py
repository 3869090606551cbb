"""Precomputed lists, so that the service answers for known users and items by a look-up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recsys.config import IndexConfig
from recsys.index.exact import Nums
from recsys.model.model import Model
from recsys.model.precomputed_lists import ItemLists, Lists, UserLists
from recsys.recommend.batch import in_blocks, ranked_users
from recsys.recommend.query_block import Nearby, QueryBlock, RankedRows

BLOCK = 256  # items at once


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
    for block in ranked_users(model, np.arange(len(model.users), dtype=np.int32), length):
        _fill(lists, block.nums, block.rows[0])  # empty for a user without a vector, who gets the popular items
        advance(len(block.nums))
    return lists


def _of_items(model: Model, length: int, advance: Callable[[int], None]) -> ItemLists:
    table = model.items_like_item.table
    lists = ItemLists.empty(len(table), length)
    items = np.arange(len(table), dtype=np.int32)

    def ranked(nums: Nums) -> tuple[Nums, RankedRows]:
        block = QueryBlock(table, model.layout.factors, table.rows(nums), Nearby.none(len(nums), table))
        return nums, block.ranked(length, ((nums, np.arange(len(nums) + 1)),))

    for nums, rows in in_blocks(np.split(items, range(BLOCK, len(items), BLOCK)), ranked):
        _fill(lists, nums, rows)  # empty for an item without a vector
        advance(len(nums))
    return lists


def _fill(lists: Lists, nums: Nums, rows: RankedRows) -> None:
    lists.fill(nums, rows.bounds, rows.ranked.found, rows.ranked.collaborative)
