"""Metrics of the lists of all users together, right or wrong.

All take ``lists``, an int32 array (n_users, k) of item numbers, best first, -1 where a list is shorter; and most
``item_counts`` (n_items,): how many users each item of the catalog has in the training part. Cold items have 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import rankdata

from recsys.data.vectors import Vectors, unit_rows
from training.evaluation.ranking_metrics import NO_ITEM, Counts

Lists = NDArray[np.int32]
TENTHS = 10


def padded(rows: Sequence[NDArray[np.int32]], k: int) -> Lists:
    """Return lists of item numbers as an array (n_users, at least k)."""
    lists = np.full((len(rows), max([k, *map(len, rows)])), NO_ITEM, dtype=np.int32)
    for num, row in enumerate(rows):
        lists[num, : len(row)] = row
    return lists


def figures(lists: Lists, item_counts: Counts, n_users: int, vectors: Vectors | None = None) -> dict[str, float]:
    """Return the metrics below that have a value, by name; the diversity only with `vectors`."""
    n_items = len(item_counts)
    values = {
        "catalog_coverage": catalog_coverage(lists, n_items),
        "novelty": novelty(lists, item_counts, max(1, n_users)),
        "diversity": None if vectors is None else intra_list_diversity(lists, vectors),
        "mean_popularity_rank": mean_popularity_rank(lists, item_counts),
        "mean_popularity_percentile": mean_popularity_percentile(lists, item_counts),
        "exposure_gini": exposure_gini(lists, n_items),
        "head_1_percent": head_share(lists, item_counts, 0.01),
        "head_10_percent": head_share(lists, item_counts, 0.1),
    }
    return {name: value for name, value in values.items() if value is not None}


def catalog_coverage(lists: Lists, n_items: int) -> float:
    """Return the share of the catalog that is in at least one list."""
    return len(np.unique(lists[lists != NO_ITEM])) / n_items


def novelty(lists: Lists, item_counts: Counts, n_users: int) -> float | None:
    """Return the mean self-information of the listed items in bits, -log2(users of the item / n_users); None without
    items.

    The mean over a list, then over the lists that are not empty (Zhou et al. 2010; Vargas and Castells 2011). A cold
    item, whose value would be infinite, counts as if it had one user. `n_users` are those of the training part.
    """
    there = lists != NO_ITEM
    lengths = there.sum(axis=1)
    if not lengths.any():
        return None
    bits = np.log2(n_users) - np.log2(np.maximum(item_counts, 1))
    sums = np.where(there, bits[lists], 0.0).sum(axis=1)
    return float((sums[lengths > 0] / lengths[lengths > 0]).mean())


def intra_list_diversity(lists: Lists, vectors: Vectors) -> float | None:
    """Return the mean of 1 - cosine over the pairs of items in a list, then over the lists (Smyth and McClave 2001).

    From 0, all alike, over 1, unrelated, to 2; None when no list holds two items with a vector. Computed without pairs:
    ``sum of cosines over ordered pairs = |sum of unit vectors|^2 - m``. Zero rows of `vectors` (n_items, dim) are left
    out.
    """
    chosen = (lists != NO_ITEM) & np.asarray(vectors.any(axis=1))[lists]
    m = chosen.sum(axis=1)
    indptr = np.concatenate(([0], np.cumsum(m)))
    shape = (len(lists), len(vectors))
    listed = sparse.csr_matrix((np.ones(int(m.sum()), dtype=vectors.dtype), lists[chosen], indptr), shape=shape)
    sums = np.asarray(listed @ unit_rows(vectors))[m > 1]
    m = m[m > 1]
    if not len(m):
        return None
    cosines = (np.einsum("ud,ud->u", sums, sums, dtype=np.float64) - m) / (m * (m - 1))
    return float(np.clip(1 - cosines, 0, 2).mean())


def mean_popularity_rank(lists: Lists, item_counts: Counts) -> float | None:
    """Return the mean rank by popularity of the listed items, 1 for the most popular; None without items.

    Items of the same popularity share the mean of their ranks.
    """
    nums = lists[lists != NO_ITEM]
    return float(rankdata(-item_counts)[nums].mean()) if len(nums) else None


def exposure_gini(lists: Lists, n_items: int) -> float | None:
    """Return the Gini coefficient of how often each item of the catalog is listed; None without items.

    0 when all are listed equally often, ``1 - 1/n_items`` when one item has every place. With x rising,
    ``sum((2 i - n - 1) x_i) / (n sum(x))`` for i from 1 to n.
    """
    nums = lists[lists != NO_ITEM]
    if not len(nums):
        return None
    rising = np.sort(np.bincount(nums, minlength=n_items))
    return float((2 * np.arange(1, n_items + 1) - n_items - 1) @ rising / (n_items * len(nums)))


def head_share(lists: Lists, item_counts: Counts, part: float) -> float | None:
    """Return the share of the listed places with one of the ``ceil(part * n_items)`` most popular items, or None."""
    nums = lists[lists != NO_ITEM]
    head = head_first(item_counts)[: ceil(part * len(item_counts))]
    return float(np.isin(nums, head).mean()) if len(nums) else None


def mean_popularity_percentile(lists: Lists, item_counts: Counts) -> float | None:
    """Return the mean percentage of the catalog's items that are less popular than a listed one; None without items.

    Of the items of the same popularity, half count as less popular.
    """
    rank = mean_popularity_rank(lists, item_counts)
    return None if rank is None else 100 * (1 - (rank - 0.5) / len(item_counts))


def share_by_tenth(nums: NDArray[np.int32], item_counts: Counts) -> tuple[float, ...]:
    """Return the share of item numbers (n,) in each tenth of the catalog by popularity, from the tail to the head.

    Cold items are at the very tail; zeros when there are no numbers.
    """
    n_items = len(item_counts)
    tenths = np.empty(n_items, dtype=np.int64)
    tenths[head_first(item_counts)[::-1]] = np.arange(n_items) * TENTHS // max(1, n_items)
    counts = np.bincount(tenths[nums], minlength=TENTHS)
    return tuple((counts / max(1, len(nums))).tolist())


def head_first(item_counts: Counts) -> NDArray[np.int64]:
    """Return item numbers by falling popularity; equal popularity in the order of the numbers."""
    return np.argsort(-item_counts, kind="stable")
