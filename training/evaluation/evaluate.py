"""How good lists are on what users did later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import Interactions
from recsys.data.vectors import Vectors
from recsys.errors import DataError, QueryError
from recsys.index.exact import Neighbors
from recsys.score_order import displayed
from training.evaluation import list_metrics, ranking_metrics
from training.evaluation.results import Comparison, Figure, Measured
from training.evaluation.segments import HeldOut, figures_of, item_segments, over_history, user_segments

LENGTHS = (1, 2, 5, 10, 20, 50, 100)  # of the lists, for the curve of recall
MOST_PAIRS = 1 << 16  # scored at once

Nums = NDArray[np.int32]
Scores = Callable[[Nums, Nums], NDArray[np.floating]]


def compare(
    ways: Mapping[str, Iterable[Neighbors]],
    train: Interactions,
    test: Interactions,
    protocol: str,
    k: int,
    random_state: int,
    item_vectors: Vectors | None = None,
) -> Comparison:
    """Measure several ways to recommend on the same users.

    Parameters
    ----------
    ways : mapping
        By name, the unseen top K of each user of the test part, users rising, as for `measure`.
    protocol : str
        How the test part was cut, for a person.

    Raises
    ------
    DataError
        When the test part is empty.
    QueryError
        When a way does not have one list for each user, or an item twice in a list.
    """
    held_out = HeldOut(train, test, item_vectors)
    measured = tuple(measure(name, lists, held_out, k, random_state) for name, lists in ways.items())
    return Comparison(protocol, k, measured, list_metrics.share_by_tenth(test.item_nums, train.item_counts()))


def measure(name: str, lists: Iterable[Neighbors], held_out: HeldOut, k: int, random_state: int) -> Measured:
    """Compare lists with the test part.

    Parameters
    ----------
    lists : iterable of Neighbors
        The unseen top K of each of ``held_out.users``, in their order. ``K >= k``; what lies behind `k` counts only for
        ``recall_over_k``.
    random_state : int
        Seed of the intervals; the same users are drawn for every way.

    Raises
    ------
    QueryError
        When there is not one list for each user, or an item stands twice in a list.
    """
    users = held_out.users
    nums = _padded(name, lists, len(users), k)
    relevant = held_out.test.matrix()[users]
    n_relevant = np.diff(relevant.indptr).astype(np.int64)
    hits, top = ranking_metrics.hits(nums, relevant), nums[:, :k]
    cut = hits[:, :k]
    lengths = held_out.history_lengths
    return Measured(
        name,
        len(users),
        figures_of(_per_user(cut, n_relevant), random_state),
        _list_figures(top, held_out),
        (
            *user_segments(cut, n_relevant, lengths, random_state),
            *item_segments(cut, top, held_out, random_state),
        ),
        {
            length: float(ranking_metrics.recall_at_k(hits[:, :length], n_relevant).mean())
            for length in LENGTHS
            if length <= hits.shape[1]
        },
        over_history(cut, n_relevant, lengths, random_state),
        list_metrics.share_by_tenth(top[top != ranking_metrics.NO_ITEM], held_out.train.item_counts()),
    )


def leave_one_out(
    scores: Scores, train: Interactions, test: Interactions, n_negatives: int, k: int, random_state: int
) -> dict[str, Figure]:
    """The sampled protocol of He et al. 2017: rank one held-out item of each user among random items.

    The held-out item is the user's newest in the test part (a random one without timestamps or among equal ones); the
    others are drawn without replacement from the items that the user has in neither part. Ties count against the held-out
    item. Figures are far above those of the whole catalogue and order models differently (Krichene and Rendle 2020): they
    are for comparison with published tables.

    Parameters
    ----------
    scores : callable
        ``scores(user_nums, item_nums) -> float array (n,)`` for parallel arrays (n,).

    Returns
    -------
    dict of Figure
        "hr@k" and "ndcg@k".

    Raises
    ------
    DataError
        When the test part is empty, or a user has fewer than `n_negatives` items left to draw.
    """
    random = np.random.default_rng(random_state)
    users, positives = _newest(HeldOut(train, test), random)
    items = np.column_stack((positives, _negatives(users, train, test, n_negatives, random)))
    found = np.empty(items.shape)
    size = max(1, MOST_PAIRS // items.shape[1])
    for start in range(0, len(users), size):
        block = items[start : start + size]
        owners = np.repeat(users[start : start + size], items.shape[1])
        found[start : start + size] = scores(owners, block.ravel()).reshape(block.shape)
    ranks = ranking_metrics.leave_one_out_ranks(found[:, 0], found[:, 1:])
    per_user = {
        f"hr@{k}": ranking_metrics.leave_one_out_hit_rate(ranks, k),
        f"ndcg@{k}": ranking_metrics.leave_one_out_ndcg(ranks, k),
    }
    return figures_of(per_user, random_state)


def _padded(name: str, lists: Iterable[Neighbors], n_users: int, k: int) -> Nums:
    """The item numbers of the lists, (n_users, at least k), -1 where a list is shorter than the longest."""
    rows = [found.nums for found in lists]
    if len(rows) != n_users:
        raise QueryError(f"{name}: {len(rows)} lists for {n_users} users of the test part; give one for each")
    nums = np.full((n_users, max([k, *map(len, rows)])), ranking_metrics.NO_ITEM, dtype=np.int32)
    for row, found in enumerate(rows):
        nums[row, : len(found)] = found
    return nums


def _per_user(hits: ranking_metrics.Hits, n_relevant: ranking_metrics.Counts) -> dict[str, ranking_metrics.PerUser]:
    k = hits.shape[1]
    return {
        f"recall@{k}": ranking_metrics.recall_at_k(hits, n_relevant),
        f"precision@{k}": ranking_metrics.precision_at_k(hits),
        f"ndcg@{k}": ranking_metrics.ndcg_at_k(hits, n_relevant),
        f"ndcg_full@{k}": ranking_metrics.ndcg_full_at_k(hits, n_relevant),
        f"map@{k}": ranking_metrics.average_precision_at_k(hits, n_relevant),
        f"mrr@{k}": ranking_metrics.mrr(hits),
        f"hit_rate@{k}": ranking_metrics.hit_rate_at_k(hits),
    }


def _list_figures(top: Nums, held_out: HeldOut) -> dict[str, float]:
    """Figures of all lists together, but for those that have no value."""
    train, vectors = held_out.train, held_out.item_vectors
    counts = train.item_counts()
    n_users = len(np.unique(train.user_nums))
    found = {
        "catalog_coverage": list_metrics.catalog_coverage(top, len(counts)),
        "novelty": list_metrics.novelty(top, counts, max(1, n_users)),
        "diversity": None if vectors is None else list_metrics.intra_list_diversity(top, vectors),
        "mean_popularity_rank": list_metrics.mean_popularity_rank(top, counts),
        "mean_popularity_percentile": list_metrics.mean_popularity_percentile(top, counts),
        "exposure_gini": list_metrics.exposure_gini(top, len(counts)),
        "head_1_percent": list_metrics.head_share(top, counts, 0.01),
        "head_10_percent": list_metrics.head_share(top, counts, 0.1),
    }
    return {name: displayed(value) for name, value in found.items() if value is not None}


def _newest(held_out: HeldOut, random: np.random.Generator) -> tuple[Nums, Nums]:
    """Each user of the test part, rising, and the newest item of each there."""
    test = held_out.test
    times = np.zeros(len(test), dtype=np.int64) if test.timestamps is None else test.timestamps
    order = np.lexsort((random.random(len(test)), times, test.user_nums))
    users = held_out.users
    last = np.searchsorted(test.user_nums[order], users, side="right") - 1
    return users, test.item_nums[order[last]]


def _negatives(users: Nums, train: Interactions, test: Interactions, n: int, random: np.random.Generator) -> Nums:
    """`n` random items for each user that stand in neither part, (n_users, n).

    Of ``n + seen`` different random items at least `n` are unseen, and the first `n` of those are a fair draw.
    """
    n_items = len(train.items)
    seen_by = (train.matrix() + test.matrix())[users]
    drawn = np.empty((len(users), n), dtype=np.int32)
    for row, (start, stop) in enumerate(pairwise(seen_by.indptr)):
        seen = seen_by.indices[start:stop]
        if n_items - len(seen) < n:
            raise DataError(
                f"user {train.users.id(int(users[row]))!r} has {n_items - len(seen)} items without an interaction, and {n} "
                "are to be drawn; draw fewer"
            )
        items = random.choice(n_items, n + len(seen), replace=False)
        drawn[row] = items[~np.isin(items, seen)][:n]
    return drawn
