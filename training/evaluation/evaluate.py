"""Measures lists on what users did later."""

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
from training.evaluation.ranking_metrics import PerUser
from training.evaluation.results import Comparison, Figure, Gain, Measured
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
    """Measure several ways to recommend, lists as for :func:`measure` by name, on the same users; the model is the first.

    Raises
    ------
    DataError
        When the test part is empty.
    QueryError
        As :func:`measure`.
    """
    held_out = HeldOut(train, test, item_vectors)
    (model, ndcg), *others = (_measured(name, lists, held_out, k, random_state) for name, lists in ways.items())
    return Comparison(
        protocol,
        k,
        (model, *(other for other, _ in others)),
        list_metrics.share_by_tenth(test.item_nums, train.item_counts()),
        gains={other.name: gain(ndcg - values) for other, values in others},
    )


def gain(differences: PerUser) -> Gain:
    """Return the mean of differences of users (n_users,) with its standard error."""
    error = differences.std() / np.sqrt(max(len(differences) - 1, 1))
    return Gain(displayed(float(differences.mean())), displayed(float(error)))


def measure(name: str, lists: Iterable[Neighbors], held_out: HeldOut, k: int, random_state: int) -> Measured:
    """Compare lists with the test part.

    Parameters
    ----------
    lists : iterable of Neighbors
        The unseen top K of each of ``held_out.users``, in their order. ``K >= k``; items behind `k` count only for
        ``recall_over_k``.
    random_state : int
        Seed of the intervals; the same users are drawn for every way.

    Raises
    ------
    QueryError
        When the lists are not one for each user, or a list has an item twice.
    """
    return _measured(name, lists, held_out, k, random_state)[0]


def _measured(
    name: str, lists: Iterable[Neighbors], held_out: HeldOut, k: int, random_state: int
) -> tuple[Measured, PerUser]:
    """Return what :func:`measure` does, and the NDCG of each user."""
    users, counts = held_out.users, held_out.train.item_counts()
    rows = [row.nums for row in lists]
    if len(rows) != len(users):
        raise QueryError(f"{name}: {len(rows)} lists for {len(users)} users of the test part; give one for each")
    nums = list_metrics.padded(rows, k)
    relevant = held_out.test.matrix()[users]
    n_relevant = np.diff(relevant.indptr).astype(np.int64)
    hits, top = ranking_metrics.hits(nums, relevant), nums[:, :k]
    cut = hits[:, :k]
    lengths = held_out.history_lengths
    figures = list_metrics.figures(top, counts, len(np.unique(held_out.train.user_nums)), held_out.item_vectors)
    segments = user_segments(cut, n_relevant, lengths, random_state) + item_segments(cut, top, held_out, random_state)
    values = ranking_metrics.per_user(cut, n_relevant)
    recalls = {n: ranking_metrics.recall_at_k(hits[:, :n], n_relevant) for n in LENGTHS if n <= hits.shape[1]}
    measured = Measured(
        name,
        len(users),
        figures_of(values, random_state),
        {figure: displayed(value) for figure, value in figures.items()},
        tuple(segments),
        {n: float(recall.mean()) for n, recall in recalls.items()},
        over_history(cut, n_relevant, lengths, random_state),
        list_metrics.share_by_tenth(top[top != ranking_metrics.NO_ITEM], counts),
    )
    return measured, values[f"ndcg@{k}"]


def leave_one_out(
    scores: Scores, train: Interactions, test: Interactions, n_negatives: int, k: int, random_state: int
) -> dict[str, Figure]:
    """Rank one held-out item of each user among random items: "hr@k" and "ndcg@k" of He et al. 2017.

    The held-out item is the user's newest in the test part (a random one without timestamps or among equal ones); the
    others are drawn without replacement from the items that the user has in neither part. Figures are far above those
    of the whole catalog and order models differently (Krichene and Rendle 2020): they are for comparison with published
    tables.

    Parameters
    ----------
    scores : callable
        ``scores(user_nums, item_nums) -> float array (n,)`` for parallel arrays (n,).

    Raises
    ------
    DataError
        When the test part is empty, or a user has fewer than `n_negatives` items left to draw.
    """
    random = np.random.default_rng(random_state)
    users, positives = _newest(HeldOut(train, test), random)
    items = np.column_stack((positives, _negatives(users, train, test, n_negatives, random)))
    values = np.empty(items.shape)
    size = max(1, MOST_PAIRS // items.shape[1])
    for start in range(0, len(users), size):
        block = items[start : start + size]
        owners = np.repeat(users[start : start + size], items.shape[1])
        values[start : start + size] = scores(owners, block.ravel()).reshape(block.shape)
    ranks = ranking_metrics.leave_one_out_ranks(values[:, 0], values[:, 1:])
    hit_rates, gains = ranking_metrics.leave_one_out_hit_rate(ranks, k), ranking_metrics.leave_one_out_ndcg(ranks, k)
    return figures_of({f"hr@{k}": hit_rates, f"ndcg@{k}": gains}, random_state)


def _newest(held_out: HeldOut, random: np.random.Generator) -> tuple[Nums, Nums]:
    """Return the users of the test part, rising, and the newest item of each there."""
    test = held_out.test
    times = np.zeros(len(test), dtype=np.int64) if test.timestamps is None else test.timestamps
    order = np.lexsort((random.random(len(test)), times, test.user_nums))
    users = held_out.users
    last = np.searchsorted(test.user_nums[order], users, side="right") - 1
    return users, test.item_nums[order[last]]


def _negatives(users: Nums, train: Interactions, test: Interactions, n: int, random: np.random.Generator) -> Nums:
    """Return `n` random items that are in neither part for each user, (n_users, n).

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
