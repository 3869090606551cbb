"""Segments of the users and of the test interactions, and how good lists are for each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import Interactions
from recsys.data.vectors import Vectors
from recsys.errors import DataError
from recsys.score_order import rounded
from training.evaluation import list_metrics
from training.evaluation.ranking_metrics import Counts, Hits, PerUser, bootstrap_intervals, ndcg_at_k, per_user
from training.evaluation.results import Figure, HistoryBin, Segment

BINS = 6
HEAD = 5  # the most popular 1 / HEAD of the items with interactions are the head

Nums = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Train and test part, over the same users and items.

    `item_vectors` (n_items, dim) are for the diversity of lists, with a row of zeros for an item without a vector. An
    empty test part raises DataError.
    """

    train: Interactions
    test: Interactions
    item_vectors: Vectors | None = None

    def __post_init__(self) -> None:
        if not len(self.test):
            raise DataError("0 interactions are in the test part, so nothing can be measured; hold out a larger share")

    @cached_property
    def users(self) -> Nums:
        """Row numbers of the users with an interaction in the test part, rising, (n,)."""
        return np.unique(self.test.user_nums).astype(np.int32)

    @cached_property
    def history_lengths(self) -> NDArray[np.int64]:
        """Number of interactions of each of `users` in the training part, (n,)."""
        return np.bincount(self.train.user_nums, minlength=len(self.train.users))[self.users]


def user_segments(hits: Hits, n_relevant: Counts, lengths: NDArray[np.int64], random_state: int) -> list[Segment]:
    """Return segments of users by the length of the history: none, up to the median of the others, above it."""
    median = int(np.median(lengths[lengths > 0])) if lengths.any() else 1
    count = f"{median} interaction{'s' * (median != 1)}"
    parts = (
        ("cold users", "no interaction to learn from", lengths == 0),
        ("light users", f"up to {count}, the median", (lengths > 0) & (lengths <= median)),
        ("heavy users", f"more than {count}", lengths > median),
    )
    return [_segment(name, rule, hits[part], n_relevant[part], random_state) for name, rule, part in parts]


def item_segments(hits: Hits, top: Nums, held_out: HeldOut, random_state: int) -> list[Segment]:
    """Return segments of test interactions by the popularity of the item; a user with one of them counts."""
    test, counts = held_out.test, held_out.train.item_counts()
    warm = int((counts > 0).sum())
    n_head = -(-warm // HEAD)  # rounded up
    ranks = np.empty(len(counts), dtype=np.int64)
    ranks[list_metrics.head_first(counts)] = np.arange(len(counts))
    tail = f"the other {warm - n_head} of {warm} items with interactions"
    parts = (
        ("cold items", f"{len(counts) - warm} items without interactions to learn from", ranks >= warm),
        ("tail items", tail, (ranks >= n_head) & (ranks < warm)),
        ("head items", f"the most popular fifth, {n_head} of {warm} items with interactions", ranks < n_head),
    )
    segments = []
    for name, rule, part in parts:
        users = test.user_nums[part[test.item_nums]]
        n_relevant = np.bincount(users, minlength=len(test.users))[held_out.users]
        chosen = n_relevant > 0
        segments.append(_segment(name, rule, (hits & part[top])[chosen], n_relevant[chosen], random_state))
    return segments


def over_history(
    hits: Hits, n_relevant: Counts, lengths: NDArray[np.int64], random_state: int
) -> tuple[HistoryBin, ...]:
    """Return the mean NDCG in about six bins of equal width on a logarithmic scale; cold users have their own bin."""
    values = ndcg_at_k(hits, n_relevant)
    warm = lengths[lengths > 0]
    edges = [0, 1] if len(warm) < len(lengths) else []
    if len(warm):
        shape = np.geomspace(warm.min(), warm.max() + 1, BINS + 1)
        edges = sorted({*edges, *np.rint(shape).astype(int).tolist()})
    bins = []
    for low, after in pairwise(edges):
        part = (lengths >= low) & (lengths < after)
        if part.any():
            ndcg = figures_of({"ndcg": values[part]}, random_state)["ndcg"]
            bins.append(HistoryBin(low, after - 1, int(part.sum()), ndcg))
    return tuple(bins)


def figures_of(values_of: dict[str, PerUser], random_state: int) -> dict[str, Figure]:
    """Return means over users with intervals, by metric; empty without users."""
    values = np.column_stack(list(values_of.values()))
    if not len(values):
        return {}
    means = values.mean(axis=0)
    low, high = bootstrap_intervals(values, random_state)
    columns = (means, np.minimum(low, means), np.maximum(high, means))  # rounding must not put a mean outside
    triples = zip(*(rounded(column).tolist() for column in columns), strict=True)
    return {metric: Figure(*triple) for metric, triple in zip(values_of, triples, strict=True)}


def _segment(name: str, rule: str, hits: Hits, n_relevant: Counts, random_state: int) -> Segment:
    figures = figures_of(per_user(hits, n_relevant, ("recall", "ndcg")), random_state)
    return Segment(name, rule, len(hits), figures)
