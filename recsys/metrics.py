"""Ranking metrics by the book, per user, so that means and intervals can be taken over users.

All take ``hits``, a boolean array (n_users, k): whether the item at each rank is relevant; and ``n_relevant`` (n_users,):
how many relevant items the user has in all, at least 1. Definitions as in Herlocker et al. 2004 and Jarvelin and
Kekalainen 2002. Every item of the catalogue is a candidate; nothing is sampled.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.errors import QueryError

Hits = NDArray[np.bool_]
Counts = NDArray[np.int64]
PerUser = NDArray[np.float64]
NO_ITEM = -1


def hits(lists: NDArray[np.int32], relevant: sparse.csr_matrix) -> Hits:
    """Which entries of ranked lists are relevant.

    Parameters
    ----------
    lists : int32 array (n_users, k)
        Item numbers, best first; -1 where a list is shorter.
    relevant : sparse matrix (n_users, n_items)
        Not zero where an item is relevant for a user.

    Raises
    ------
    QueryError
        When an item stands twice in a list.
    """
    ranked = np.sort(lists, axis=1)
    if bool(np.any((ranked[:, 1:] == ranked[:, :-1]) & (ranked[:, 1:] != NO_ITEM))):
        raise QueryError("metrics: an item stands twice in a list")
    users = np.repeat(np.arange(len(lists)), lists.shape[1])
    values = np.asarray(relevant[users, np.maximum(lists, 0).ravel()]).reshape(lists.shape)
    found: Hits = (values != 0) & (lists != NO_ITEM)
    return found


def precision_at_k(hits: Hits) -> PerUser:
    """Hits / k."""
    return np.asarray(hits.mean(axis=1, dtype=np.float64))


def recall_at_k(hits: Hits, n_relevant: Counts) -> PerUser:
    """Hits / number of relevant items."""
    return np.asarray(hits.sum(axis=1) / n_relevant, dtype=np.float64)


def hit_rate_at_k(hits: Hits) -> PerUser:
    """1 where the list holds at least one relevant item, else 0."""
    return np.asarray(hits.any(axis=1), dtype=np.float64)


def mrr(hits: Hits) -> PerUser:
    """1 / rank of the first relevant item, 0 where the list holds none."""
    return np.asarray(np.where(hits.any(axis=1), 1 / (1 + hits.argmax(axis=1)), 0.0))


def ndcg_at_k(hits: Hits, n_relevant: Counts) -> PerUser:
    """Sum of 1 / log2(rank + 1) over the hits, divided by that of an ideal list of min(k, n_relevant) hits."""
    k = hits.shape[1]
    gains = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(gains)[np.minimum(n_relevant, k) - 1]
    return np.asarray(hits @ gains / ideal)


def catalog_coverage(lists: NDArray[np.int32], n_items: int) -> float:
    """Share of the catalogue that stands in at least one list."""
    return len(np.unique(lists[lists != NO_ITEM])) / n_items


def bootstrap_interval(values: PerUser, random_state: int, rounds: int = 1000) -> tuple[float, float]:
    """95% interval of the mean over users, by resampling users with replacement."""
    random = np.random.default_rng(random_state)
    means = [float(values[random.integers(0, len(values), len(values))].mean()) for _ in range(rounds)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
