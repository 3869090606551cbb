"""Ranking metrics by the book, per user, so that means and intervals can be taken over users.

Most take ``hits``, a boolean array (n_users, k): whether the item at each rank is relevant; and ``n_relevant`` (n_users,):
how many relevant items the user has in all, at least 1. Definitions as in Herlocker et al. 2004 and Jarvelin and
Kekalainen 2002. Every item of the catalogue is a candidate; only the leave-one-out figures at the end rank one relevant
item among sampled ones.
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
MOST_DRAWS = 1 << 18  # of a bootstrap at once: what stays in the processor's cache is fastest


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
    wanted = _sorted_pairs(relevant)
    pairs = np.arange(len(lists), dtype=np.int64)[:, None] * relevant.shape[1] + lists
    pairs[lists == NO_ITEM] = NO_ITEM
    found: Hits = wanted[np.searchsorted(wanted, pairs)] == pairs
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


def average_precision_at_k(hits: Hits, n_relevant: Counts) -> PerUser:
    """Sum over the hits of the precision at their ranks, divided by min(k, n_relevant); its mean over users is MAP@k.

    So a list of nothing but hits scores 1. trec_eval's ``map_cut`` divides by n_relevant instead.
    """
    k = hits.shape[1]
    precisions = np.cumsum(hits, axis=1) / np.arange(1, k + 1)
    return np.asarray((precisions * hits).sum(axis=1) / np.minimum(n_relevant, k))


def ndcg_at_k(hits: Hits, n_relevant: Counts) -> PerUser:
    """Sum of 1 / log2(rank + 1) over the hits, divided by that of an ideal list of min(k, n_relevant) hits.

    The ideal of LightGCN (He et al. 2020), BARS and trec_eval's ``ndcg_cut``.
    """
    k = hits.shape[1]
    return np.asarray(hits @ _gains(k) / np.cumsum(_gains(k))[np.minimum(n_relevant, k) - 1])


def ndcg_full_at_k(hits: Hits, n_relevant: Counts) -> PerUser:
    """Like `ndcg_at_k`, but the ideal holds all relevant items, also where they are more than k.

    As in Ferrari Dacrema et al. 2021; never above `ndcg_at_k`, and under 1 for every list where n_relevant > k.
    """
    ideal = np.cumsum(_gains(int(n_relevant.max(initial=1))))
    return np.asarray(hits @ _gains(hits.shape[1]) / ideal[n_relevant - 1])


def bootstrap_interval(values: PerUser, random_state: int, rounds: int = 1000) -> tuple[float, float]:
    """95% interval of the mean over users, by resampling users with replacement."""
    low, high = bootstrap_intervals(values[:, None], random_state, rounds)
    return float(low[0]), float(high[0])


def bootstrap_intervals(
    values: PerUser, random_state: int, rounds: int = 1000
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95% intervals of the means of several metrics (n_users, n_metrics), from the same resampled users.

    Returns
    -------
    low, high : float64 arrays (n_metrics,)
        Percentiles 2.5 and 97.5 of the resampled means (Efron and Tibshirani 1993).
    """
    random = np.random.default_rng(random_state)
    n = len(values)
    base = values.min(axis=0)  # equal values have an interval without width, without rounding
    above = values - base
    means = np.empty((rounds, values.shape[1]))
    size = max(1, MOST_DRAWS // n)
    for start in range(0, rounds, size):
        block = means[start : start + size]
        drawn = random.integers(0, n, (len(block), n)) + np.arange(len(block))[:, None] * n
        times = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape)
        block[:] = base + times.astype(np.float64) @ above / n
    low, high = np.quantile(means, [0.025, 0.975], axis=0)
    return low, high


def leave_one_out_ranks(positive_scores: NDArray[np.floating], negative_scores: NDArray[np.floating]) -> Counts:
    """Rank of one relevant item of each user among sampled items; ties count against it.

    Parameters
    ----------
    positive_scores : float array (n_users,)
    negative_scores : float array (n_users, n_negatives)

    Returns
    -------
    int64 array (n_users,)
        From 1, the best, to ``n_negatives + 1``; a score that is not a number counts against the relevant item too.
    """
    better = ~(negative_scores < positive_scores[:, None])
    return np.asarray(1 + better.sum(axis=1), dtype=np.int64)


def leave_one_out_hit_rate(ranks: Counts, k: int) -> PerUser:
    """1 where the rank is at most `k`, else 0 (HR@k of He et al. 2017)."""
    return np.asarray(ranks <= k, dtype=np.float64)


def leave_one_out_ndcg(ranks: Counts, k: int) -> PerUser:
    """1 / log2(rank + 1) where the rank is at most `k`, else 0 (NDCG@k of He et al. 2017)."""
    return np.asarray(np.where(ranks <= k, 1 / np.log2(ranks + 1), 0.0))


def _gains(k: int) -> NDArray[np.float64]:
    """The worth of a hit at each rank, 1 / log2(rank + 1), (k,)."""
    return np.asarray(1 / np.log2(np.arange(2, k + 2)))


def _sorted_pairs(relevant: sparse.csr_matrix) -> NDArray[np.int64]:
    """``row * n_items + column`` of every value that is not zero, rising, and above them a number that no pair has."""
    rows = np.repeat(np.arange(relevant.shape[0], dtype=np.int64), np.diff(relevant.indptr))
    pairs = (rows * relevant.shape[1] + relevant.indices)[relevant.data != 0]
    return np.append(np.sort(pairs), np.iinfo(np.int64).max)
