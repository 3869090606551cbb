"""Hits and variety of the lists under several penalties of popularity."""

from __future__ import annotations

import numpy as np

from recsys.recommend.batch import recommend_penalized
from recsys.recommend.recommender import Recommender
from recsys.score_order import displayed
from training.evaluation import list_metrics, ranking_metrics
from training.evaluation.results import TradeoffPoint
from training.evaluation.segments import HeldOut, figures_of

PENALTIES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
MOST_USERS = 1000
OF_LISTS = (
    *("catalog_coverage", "exposure_gini", "novelty"),
    *("head_1_percent", "head_10_percent", "mean_popularity_percentile"),
)


def measure(recommender: Recommender, held_out: HeldOut, k: int, random_state: int) -> tuple[TradeoffPoint, ...]:
    """Measure the exact lists of the same users under each of PENALTIES.

    Parameters
    ----------
    recommender : Recommender
        Of the training part.
    random_state : int
        Seed of the users where there are more than MOST_USERS, and of the intervals.
    """
    users, counts = held_out.users, held_out.train.item_counts()
    if len(users) > MOST_USERS:
        users = np.sort(np.random.default_rng(random_state).permutation(users)[:MOST_USERS])
    n_train_users = len(np.unique(held_out.train.user_nums))
    relevant = held_out.test.matrix()[users]
    n_relevant = np.diff(relevant.indptr).astype(np.int64)
    lists = recommend_penalized(recommender, users, k, PENALTIES)
    points = []
    for penalty, rows in zip(PENALTIES, zip(*lists, strict=True), strict=True):
        top = list_metrics.padded([row.nums for row in rows], k)
        per_user = ranking_metrics.per_user(ranking_metrics.hits(top, relevant), n_relevant, ("recall", "ndcg"))
        recall, ndcg = figures_of(per_user, random_state).values()
        figures = list_metrics.figures(top, counts, n_train_users)
        points.append(TradeoffPoint(penalty, recall, ndcg, *(displayed(figures.get(name, 0.0)) for name in OF_LISTS)))
    return tuple(points)
