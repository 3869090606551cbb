"""How good lists are on what users did later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys import metrics
from recsys.index import Neighbors
from recsys.interactions import Interactions


@dataclass(frozen=True)
class Figure:
    """A mean over users with its 95% bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Measured:
    """The figures of one way to recommend, by metric."""

    name: str
    users: int
    figures: dict[str, Figure]
    coverage: float


def measure(
    name: str, answers: Iterable[Neighbors], users: NDArray[np.int32], test: Interactions, k: int, random_state: int
) -> Measured:
    """Compare lists with the test part.

    Parameters
    ----------
    answers : iterable of Neighbors
        The unseen top `k` of each of `users`, in their order.
    users : int32 array (n,)
        Users with at least one interaction in the test part.
    """
    lists = np.full((len(users), k), metrics.NO_ITEM, dtype=np.int32)
    for row, found in enumerate(answers):
        lists[row, : len(found)] = found.nums[:k]
    relevant = test.matrix()[users]
    n_relevant = np.diff(relevant.indptr).astype(np.int64)
    hits = metrics.hits(lists, relevant)
    per_user = {
        f"recall@{k}": metrics.recall_at_k(hits, n_relevant),
        f"ndcg@{k}": metrics.ndcg_at_k(hits, n_relevant),
        f"precision@{k}": metrics.precision_at_k(hits),
        f"hit_rate@{k}": metrics.hit_rate_at_k(hits),
        f"mrr@{k}": metrics.mrr(hits),
    }
    figures = {
        metric: Figure(float(values.mean()), *metrics.bootstrap_interval(values, random_state))
        for metric, values in per_user.items()
    }
    return Measured(name, len(users), figures, metrics.catalog_coverage(lists, len(test.items)))
