"""Ranking metrics of each user, and intervals of their means over users.

Most take ``hits``, a boolean array (n_users, k): whether the item at each rank is relevant; and ``n_relevant``
(n_users,): how many relevant items the user has in all, at least 1. Definitions as in Herlocker et al. 2004 and
Jarvelin and Kekalainen 2002.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.errors import QueryError

Hits = NDArray[np.bool_]
Counts = NDArray[np.int64]
PerUser = NDArray[np.float64]
NO_ITEM = -1
MOST_DRAWS = 1 << 18  # of a bootstrap at once, so that they stay in the processor's cache


def hits(lists: NDArray[np.int32], relevant: sparse.csr_matrix) -> Hits:
    """Return which entries of ranked lists are relevant.

    Parameters
    ----------
    lists : int32 array (n_users, k)
        Item numbers, best first; -1 where a list is shorter.
    relevant : sparse matrix (n_users, n_items)
        Not zero where an item is relevant for a user.

    Raises
    ------
    QueryError
        When a list has an item twice.
    """
    ranked = np.sort(lists, axis=1)
    if bool(np.any((ranked[:, 1:] == ranked[:, :-1]) & (ranked[:, 1:] != NO_ITEM))):
        raise QueryError("metrics: a list has an item twice")
    rows = np.arange(len(lists), dtype=np.int64)
    stored = (np.repeat(rows, np.diff(relevant.indptr)) * relevant.shape[1] + relevant.indices)[relevant.data != 0]
    stored = np.append(np.sort(stored), np.iinfo(np.int64).max)
    pairs = rows[:, None] * relevant.shape[1] + lists
    pairs[lists == NO_ITEM] = NO_ITEM
    return np.asarray(stored[np.searchsorted(stored, pairs)] == pairs)


def precision_at_k(hits: Hits) -> PerUser:
    """Return hits / k."""
    return np.asarray(hits.mean(axis=1, dtype=np.float64))


def recall_at_k(hits: Hits, n_relevant: Counts) -> PerUser:
    """Return hits / number of relevant items."""
    return np.asarray(hits.sum(axis=1) / n_relevant, dtype=np.float64)


def hit_rate_at_k(hits: Hits) -> PerUser:
    """Return 1 where the list holds a relevant item, else 0."""
    return np.asarray(hits.any(axis=1), dtype=np.float64)


def mrr(hits: Hits) -> PerUser:
    """Return 1 / rank of the first relevant item, 0 where the list holds none."""
    return np.asarray(np.where(hits.any(axis=1), 1 / (1 + hits.argmax(axis=1)), 0.0))


def average_precision_at_k(hits: Hits, n_relevant: Counts) -> PerUser:
    """Return the sum over the hits of the precision at their ranks, divided by min(k, n_relevant).

    The mean over users is MAP@k. trec_eval's ``map_cut`` divides by n_relevant instead.
    """
    k = hits.shape[1]
    precisions = np.cumsum(hits, axis=1) / np.arange(1, k + 1)
    return np.asarray((precisions * hits).sum(axis=1) / np.minimum(n_relevant, k))


def ndcg_at_k(hits: Hits, n_relevant: Counts) -> PerUser:
    """Return the sum of 1 / log2(rank + 1) over the hits, divided by that of an ideal list of min(k, n_relevant) hits.

    The ideal of LightGCN (He et al. 2020), BARS and trec_eval's ``ndcg_cut``.
    """
    k = hits.shape[1]
    return np.asarray(hits @ _gains(k) / np.cumsum(_gains(k))[np.minimum(n_relevant, k) - 1])


def ndcg_full_at_k(hits: Hits, n_relevant: Counts) -> PerUser:
    """Return `ndcg_at_k` with an ideal of all relevant items, also of more than k (Ferrari Dacrema et al. 2021)."""
    ideal = np.cumsum(_gains(int(n_relevant.max(initial=1))))
    return np.asarray(hits @ _gains(hits.shape[1]) / ideal[n_relevant - 1])


METRICS: dict[str, Callable[[Hits, Counts], PerUser]] = {
    "recall": recall_at_k,
    "precision": lambda hits, _: precision_at_k(hits),
    "ndcg": ndcg_at_k,
    "ndcg_full": ndcg_full_at_k,
    "map": average_precision_at_k,
    "mrr": lambda hits, _: mrr(hits),
    "hit_rate": lambda hits, _: hit_rate_at_k(hits),
}


def per_user(hits: Hits, n_relevant: Counts, names: Iterable[str] = METRICS) -> dict[str, PerUser]:
    """Return some of METRICS, by names such as "ndcg@10"."""
    return {f"{name}@{hits.shape[1]}": METRICS[name](hits, n_relevant) for name in names}


def bootstrap_intervals(
    values: PerUser, random_state: int, rounds: int = 1000
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return 95% intervals of the means of several metrics (n_users, n_metrics), from the same resampled users.

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
    """Return the rank, from 1, of a relevant item of each user (n_users,) among sampled ones (n_users, n_negatives).

    Ties and scores that are not numbers count against the relevant item.
    """
    better = ~(negative_scores < positive_scores[:, None])
    return np.asarray(1 + better.sum(axis=1), dtype=np.int64)


def leave_one_out_hit_rate(ranks: Counts, k: int) -> PerUser:
    """Return 1 where the rank is at most `k`, else 0 (HR@k of He et al. 2017)."""
    return np.asarray(ranks <= k, dtype=np.float64)


def leave_one_out_ndcg(ranks: Counts, k: int) -> PerUser:
    """Return 1 / log2(rank + 1) where the rank is at most `k`, else 0 (NDCG@k of He et al. 2017)."""
    return np.asarray(np.where(ranks <= k, 1 / np.log2(ranks + 1), 0.0))


def _gains(k: int) -> NDArray[np.float64]:
    return np.asarray(1 / np.log2(np.arange(2, k + 2)))
