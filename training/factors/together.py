"""The items of the same baskets (:mod:`recsys.model.extras.together`).

Baskets with both of two items are counted by a sparse product, some items at a time, so that memory stays bounded. A pair of
fewer than `least` baskets, or that is no more frequent than by chance, is left out; of the others each item keeps the best.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.config import TogetherConfig
from recsys.index.exact import Nums
from recsys.model.extras.together import Together, lift, score
from recsys.score_order import shown
from training.ingest.baskets import Baskets

PRODUCTS = 20_000_000  # at a time


def count_pairs(
    baskets: Baskets, n_items: int, config: TogetherConfig, advance: Callable[[int], None] = lambda _: None
) -> Together:
    """Return the best pairs of each item; `advance` takes numbers of items."""
    n_baskets = int(baskets.basket_nums.max(initial=-1)) + 1
    by_basket = sparse.csr_matrix(
        (np.ones(len(baskets.item_nums), dtype=np.int32), (baskets.basket_nums, baskets.item_nums)),
        shape=(n_baskets, n_items),
    )
    by_item = by_basket.T.tocsr()
    counts = np.diff(by_item.indptr).astype(np.int32)
    total = float(np.count_nonzero(np.diff(by_basket.indptr)))
    lengths, columns, both = [np.zeros(1, np.int64)], [np.empty(0, np.int32)], [np.empty(0, np.int32)]
    for rows in _blocks(np.asarray(by_item @ np.diff(by_basket.indptr).astype(np.int64))):
        pairs = (by_item[rows] @ by_basket).tocoo()
        kept = (pairs.data >= config.min_baskets) & (pairs.row + rows.start != pairs.col)
        first, second, n = pairs.row[kept], pairs.col[kept], pairs.data[kept].astype(np.float64)
        lifts = lift(n, counts[first + rows.start], counts[second], total)
        best = _best(first, second, score(lifts, n, config.shrinkage), config.n_items)
        lengths.append(np.bincount(first[best], minlength=rows.stop - rows.start))
        columns.append(second[best].astype(np.int32))
        both.append(n[best].astype(np.int32))
        advance(rows.stop - rows.start)
    indptr = np.cumsum(np.concatenate(lengths)).astype(np.int64)
    return Together(indptr, np.concatenate(columns), np.concatenate(both), counts, total, config.shrinkage)


def _blocks(products: NDArray[np.int64]) -> Iterator[slice]:
    """Yield slices of the items, each with about PRODUCTS of the numbers of products (n_items,), and at least one item."""
    bounds = np.flatnonzero(np.diff(np.cumsum(products) // PRODUCTS)) + 1
    ends = [0, *bounds.tolist(), len(products)]
    return (slice(first, last) for first, last in pairwise(ends) if first < last)


def _best(first: Nums, second: Nums, scores: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """Return the places of at most `most` positive scores (n,) of each first item, by first item, best first."""
    order = np.lexsort((second, -shown(scores), first))
    order = order[shown(scores[order]) > 0]
    begins = np.searchsorted(first[order], first[order])
    return np.asarray(order[np.arange(len(order)) - begins < most])
