"""What the recommendation lists of all users are like together, whether or not they are right.

All take ``lists``, an int32 array (n_users, k) of item numbers, best first, -1 where a list is shorter; and most
``item_counts`` (n_items,): how many users each item of the catalogue has in the training part. Cold items have 0.
"""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.vectors import Vectors, unit_rows
from training.evaluation.ranking_metrics import NO_ITEM, Counts

Lists = NDArray[np.int32]
TENTHS = 10


def catalog_coverage(lists: Lists, n_items: int) -> float:
    """Share of the catalogue that stands in at least one list."""
    return len(np.unique(lists[lists != NO_ITEM])) / n_items


def novelty(lists: Lists, item_counts: Counts, n_users: int) -> float | None:
    """Mean self-information of the listed items in bits, -log2(users of the item / n_users); None without items.

    The mean over a list, then over the lists that are not empty (Zhou et al. 2010; Vargas and Castells 2011). A cold item,
    of which the formula would be infinite, counts as if it had one user.

    Parameters
    ----------
    n_users : int
        Users in the training part.
    """
    there = lists != NO_ITEM
    lengths = there.sum(axis=1)
    if not lengths.any():
        return None
    bits = np.log2(n_users) - np.log2(np.maximum(item_counts, 1))
    sums = np.where(there, bits[lists], 0.0).sum(axis=1)
    return float((sums[lengths > 0] / lengths[lengths > 0]).mean())


def intra_list_diversity(lists: Lists, vectors: Vectors) -> float | None:
    """Mean of 1 - cosine over the pairs of items in a list, then over the lists (Smyth and McClave 2001).

    From 0, all alike, over 1, unrelated, to 2. By ``sum of cosines over ordered pairs = |sum of unit vectors|^2 - m`` no
    pair is looked at.

    Parameters
    ----------
    vectors : float32 array (n_items, dim)
        An item whose vector is zero is left out: nothing is known of it.

    Returns
    -------
    float or None
        None when no list holds two items with a vector.
    """
    known = np.asarray(vectors.any(axis=1))
    chosen = (lists != NO_ITEM) & known[lists]
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
    """Mean over all listed places of the item's rank by popularity, 1 for the most popular; None without items.

    Items of the same popularity share the mean of their ranks.
    """
    nums = lists[lists != NO_ITEM]
    if not len(nums):
        return None
    _, group, sizes = np.unique(-item_counts, return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)
    return float(((last - (sizes - 1) / 2)[group])[nums].mean())


def exposure_gini(lists: Lists, n_items: int) -> float | None:
    """Gini coefficient of how often each item of the catalogue is listed; None without items.

    0 when all are listed equally often, ``1 - 1/n_items`` when one item has every place. With x rising,
    ``sum((2 i - n - 1) x_i) / (n sum(x))`` for i from 1 to n.
    """
    nums = lists[lists != NO_ITEM]
    if not len(nums):
        return None
    rising = np.sort(np.bincount(nums, minlength=n_items))
    return float((2 * np.arange(1, n_items + 1) - n_items - 1) @ rising / (n_items * len(nums)))


def head_share(lists: Lists, item_counts: Counts, part: float) -> float | None:
    """Share of the listed places that the most popular `part` of the catalogue's items have; None without items.

    Of `n_items`, ``part * n_items`` items, rounded up; of equal popularity those of the lower numbers.
    """
    nums = lists[lists != NO_ITEM]
    if not len(nums):
        return None
    head = np.zeros(len(item_counts), dtype=bool)
    head[head_first(item_counts)[: ceil(part * len(item_counts))]] = True
    return float(head[nums].mean())


def mean_popularity_percentile(lists: Lists, item_counts: Counts) -> float | None:
    """Mean over all listed places of the percentage of the catalogue's items that are less popular; None without items.

    Of the items of the same popularity, half count as less popular.
    """
    rank = mean_popularity_rank(lists, item_counts)
    return None if rank is None else 100 * (1 - (rank - 0.5) / len(item_counts))


def share_by_tenth(nums: NDArray[np.int32], item_counts: Counts) -> tuple[float, ...]:
    """Share of `nums` (n,), item numbers, that falls on each tenth of the items by popularity, from the tail to the head.

    Tenths of the items of the catalogue, cold ones at the very tail; equal popularity in the order of the item numbers,
    the lower number nearer to the head. Zeros when there are no numbers.
    """
    n_items = len(item_counts)
    tenths = np.empty(n_items, dtype=np.int64)
    tenths[head_first(item_counts)[::-1]] = np.arange(n_items) * TENTHS // max(1, n_items)
    counts = np.bincount(tenths[nums], minlength=TENTHS)
    return tuple((counts / max(1, len(nums))).tolist())


def head_first(item_counts: Counts) -> NDArray[np.int64]:
    """Item numbers by falling popularity; equal popularity in the order of the numbers."""
    return np.argsort(-item_counts, kind="stable")
