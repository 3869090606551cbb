"""Parts of the users and of the test interactions, and how good lists are on each."""

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
from training.evaluation import list_metrics, ranking_metrics
from training.evaluation.results import Figure, HistoryBin, Segment

BINS = 6
HEAD = 5  # one of so many items with interactions is in the head

Nums = NDArray[np.int32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What lists are measured against: the two parts of the interactions, over the same users and items.

    Parameters
    ----------
    train, test : Interactions
    item_vectors : float32 array (n_items, dim) or None
        For the diversity of lists; a row of zeros where nothing is known.

    Raises
    ------
    DataError
        When the test part is empty.
    """

    train: Interactions
    test: Interactions
    item_vectors: Vectors | None = None

    def __post_init__(self) -> None:
        if not len(self.test):
            raise DataError("0 interactions are in the test part, so nothing can be measured; hold out a larger share")

    @cached_property
    def users(self) -> Nums:
        """Row numbers of the users with at least one interaction in the test part, rising, (n,)."""
        return np.unique(self.test.user_nums).astype(np.int32)

    @cached_property
    def history_lengths(self) -> NDArray[np.int64]:
        """How many interactions each of `users` has in the training part, (n,)."""
        return np.bincount(self.train.user_nums, minlength=len(self.train.users))[self.users]


def user_segments(
    hits: ranking_metrics.Hits, n_relevant: ranking_metrics.Counts, lengths: NDArray[np.int64], random_state: int
) -> list[Segment]:
    """Users by the length of their history: none, up to the median of those who have one, above it."""
    median = int(np.median(lengths[lengths > 0])) if lengths.any() else 1
    parts = (
        ("cold users", "no interaction to learn from", lengths == 0),
        ("light users", f"up to {_count(median)}, the median", (lengths > 0) & (lengths <= median)),
        ("heavy users", f"more than {_count(median)}", lengths > median),
    )
    return [
        Segment(name, rule, int(part.sum()), _recall_and_ndcg(hits[part], n_relevant[part], random_state))
        for name, rule, part in parts
    ]


def item_segments(hits: ranking_metrics.Hits, top: Nums, held_out: HeldOut, random_state: int) -> list[Segment]:
    """Test interactions by the popularity of the item; users count where they have one in the segment."""
    counts = held_out.train.item_counts()
    warm = int((counts > 0).sum())
    n_head = -(-warm // HEAD)  # rounded up
    ranks = np.empty(len(counts), dtype=np.int64)
    ranks[list_metrics.head_first(counts)] = np.arange(len(counts))
    parts = (
        ("cold items", f"{len(counts) - warm} items without interactions to learn from", ranks >= warm),
        (
            "tail items",
            f"the other {warm - n_head} of {warm} items with interactions",
            (ranks >= n_head) & (ranks < warm),
        ),
        ("head items", f"the most popular fifth, {n_head} of {warm} items with interactions", ranks < n_head),
    )
    return [_item_segment(name, rule, part, hits & part[top], held_out, random_state) for name, rule, part in parts]


def over_history(
    hits: ranking_metrics.Hits, n_relevant: ranking_metrics.Counts, lengths: NDArray[np.int64], random_state: int
) -> tuple[HistoryBin, ...]:
    """Mean NDCG in about six bins of equal width on a logarithmic scale; cold users have a bin of their own."""
    values = ranking_metrics.ndcg_at_k(hits, n_relevant)
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


def figures_of(per_user: dict[str, ranking_metrics.PerUser], random_state: int) -> dict[str, Figure]:
    """Means over users with intervals; none without users."""
    values = np.column_stack(list(per_user.values()))
    if not len(values):
        return {}
    means = values.mean(axis=0)
    low, high = ranking_metrics.bootstrap_intervals(values, random_state)
    columns = (means, np.minimum(low, means), np.maximum(high, means))  # rounding must not put a mean outside
    triples = zip(*(rounded(column).tolist() for column in columns), strict=True)
    return {metric: Figure(*triple) for metric, triple in zip(per_user, triples, strict=True)}


def _recall_and_ndcg(
    hits: ranking_metrics.Hits, n_relevant: ranking_metrics.Counts, random_state: int
) -> dict[str, Figure]:
    k = hits.shape[1]
    return figures_of(
        {
            f"recall@{k}": ranking_metrics.recall_at_k(hits, n_relevant),
            f"ndcg@{k}": ranking_metrics.ndcg_at_k(hits, n_relevant),
        },
        random_state,
    )


def _item_segment(
    name: str, rule: str, part: Flags, hits: ranking_metrics.Hits, held_out: HeldOut, random_state: int
) -> Segment:
    """`part` (n_items,) are the items of the segment, `hits` (n_users, k) those on them."""
    test = held_out.test
    there = part[test.item_nums]
    n_relevant = np.bincount(test.user_nums[there], minlength=len(test.users))[held_out.users]
    chosen = n_relevant > 0
    return Segment(name, rule, int(chosen.sum()), _recall_and_ndcg(hits[chosen], n_relevant[chosen], random_state))


def _count(n: int) -> str:
    return f"{n} interaction{'s' * (n != 1)}"
