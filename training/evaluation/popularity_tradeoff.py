"""What a penalty of popularity costs in hits, and what it brings in variety."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recsys.index.exact import Neighbors
from recsys.recommend.batch import recommend_penalized
from recsys.recommend.recommender import Recommender
from recsys.score_order import displayed
from training.evaluation import list_metrics, ranking_metrics
from training.evaluation.results import Figure, TradeoffPoint
from training.evaluation.segments import HeldOut, figures_of

PENALTIES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
MOST_USERS = 1000


def measure(recommender: Recommender, held_out: HeldOut, k: int, random_state: int) -> tuple[TradeoffPoint, ...]:
    """The exact lists of the same users under each of PENALTIES, against what they did later.

    Parameters
    ----------
    recommender : Recommender
        Of the training part.
    k : int
        Length of the lists.
    random_state : int
        Seed of the users where there are more than MOST_USERS, and of the intervals.
    """
    users = held_out.users
    if len(users) > MOST_USERS:
        users = np.sort(np.random.default_rng(random_state).permutation(users)[:MOST_USERS])
    lists = list(recommend_penalized(recommender, users, k, PENALTIES))
    relevant = held_out.test.matrix()[users]
    n_relevant = np.diff(relevant.indptr).astype(np.int64)
    points = []
    for place, penalty in enumerate(PENALTIES):
        top = _padded([row[place] for row in lists], k)
        hits = ranking_metrics.hits(top, relevant)
        per_user = {
            "recall": ranking_metrics.recall_at_k(hits, n_relevant),
            "ndcg": ranking_metrics.ndcg_at_k(hits, n_relevant),
        }
        points.append(_point(penalty, top, figures_of(per_user, random_state), held_out))
    return tuple(points)


def _point(penalty: float, top: list_metrics.Lists, figures: dict[str, Figure], held_out: HeldOut) -> TradeoffPoint:
    counts = held_out.train.item_counts()
    n_users = len(np.unique(held_out.train.user_nums))
    of_lists = (
        list_metrics.catalog_coverage(top, len(counts)),
        list_metrics.exposure_gini(top, len(counts)),
        list_metrics.novelty(top, counts, max(1, n_users)),
        list_metrics.head_share(top, counts, 0.01),
        list_metrics.head_share(top, counts, 0.1),
        list_metrics.mean_popularity_percentile(top, counts),
    )
    return TradeoffPoint(penalty, figures["recall"], figures["ndcg"], *(displayed(value or 0.0) for value in of_lists))


def _padded(rows: Sequence[Neighbors], k: int) -> list_metrics.Lists:
    top = np.full((len(rows), k), ranking_metrics.NO_ITEM, dtype=np.int32)
    for row, found in enumerate(rows):
        top[row, : len(found)] = found.nums
    return top
