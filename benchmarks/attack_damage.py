"""Effect of planted profiles on the lists of genuine users."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.attackers import Attack, Planted
from recsys.config import Config
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions
from recsys.model.model import Model
from recsys.progress import Stages
from recsys.recommend.batch import recommend_many, score_pairs
from recsys.recommend.recommender import Recommender
from training import measure
from training.evaluation import ranking_metrics
from training.evaluation.validation import Validation, held_out
from training.factors.blend import exact_model
from training.ingest.dataset import Ratings
from training.pipeline import prepare_data
from training.presets.movielens import THRESHOLD
from training.run import TrainingRun

K = 10
SHARE = 0.2
HEAD = (
    *("attack", "size", "target in top 10, clean", "attacked", "without suspects"),
    *("shift of the score, attacked", "without suspects", "recall@10, attacked", "without suspects"),
)

Suspects = Callable[[Ratings], NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Lists:
    """Lists of ten of all genuine users, and their scores of one item."""

    top: NDArray[np.int32]
    scores: NDArray[np.float64]
    recall: float

    def hit_rate(self, item: int, users: NDArray[np.bool_]) -> float:
        """Return the share of `users` whose list contains an item."""
        return float((self.top[users] == item).any(axis=1).mean())


@dataclass(frozen=True, eq=False)
class Bench:
    """Genuine data, split once: the last fifth of each history is held out."""

    prepared: TrainingRun
    config: Config
    validation: Validation
    clean: Model
    clean_recall: float

    @classmethod
    def of(cls, config: Config) -> Bench:
        """Read, split and fit the genuine data."""
        prepared, seed = prepare_data(config, Stages(quiet=True)), config.als.random_state
        validation = held_out(prepared.dataset.interactions, "temporal", SHARE, seed, with_cold_items=False)
        assert validation is not None
        bench = cls(prepared, config, validation, None, 0.0)  # type: ignore[arg-type]
        clean = bench.fitted(validation.train)
        bench = replace(bench, clean=clean)
        return replace(bench, clean_recall=bench.lists(clean, 0).recall)

    @property
    def n_users(self) -> int:
        return len(self.validation.train.users)

    def fitted(self, train: Interactions) -> Model:
        """Return a model of `train` with the configured values and exact indexes."""
        parts = measure.fitted_parts(self.prepared, replace(self.validation, train=train))
        return exact_model(parts, self.config)

    def lists(self, model: Model, item: int) -> Lists:
        """Return the lists of genuine users."""
        recommender = Recommender(model, "")
        users = np.arange(self.n_users, dtype=np.int32)
        top = np.full((self.n_users, K), ranking_metrics.NO_ITEM, dtype=np.int32)
        for num, found in enumerate(recommend_many(recommender, users, K, exact=True)):
            top[num, : len(found)] = found.nums
        test = self.validation.test.matrix()
        tested = self.validation.users
        relevant = test[tested]
        n_relevant = np.diff(relevant.indptr).astype(np.int64)
        recall = float(ranking_metrics.recall_at_k(ranking_metrics.hits(top[tested], relevant), n_relevant).mean())
        scores = np.array(score_pairs(recommender, users.tolist(), [item] * len(users)), dtype=np.float64)
        return Lists(top, scores, recall)

    def attacked(self, planted: Planted, left_out: NDArray[np.int64]) -> Interactions:
        """Return training data: the genuine train part and the false profiles, without some users."""
        train, ratings = self.validation.train, planted.ratings
        assert ratings.values is not None
        assert ratings.timestamps is not None
        assert train.timestamps is not None
        liked = (ratings.user_nums >= planted.n_genuine) & (ratings.values >= THRESHOLD)
        names = [*train.users, *(f"false-{num}" for num in range(ratings.n_users - planted.n_genuine))]
        columns = (
            np.concatenate((train.user_nums, ratings.user_nums[liked])),
            np.concatenate((train.item_nums, ratings.item_nums[liked])),
            np.concatenate((train.weights, np.ones(int(liked.sum()), dtype=np.float32))),
            np.concatenate((train.timestamps, ratings.timestamps[liked])),
        )
        whole = Interactions(IdMap.from_ids(names), train.items, *columns)
        return whole.take(~np.isin(whole.user_nums, left_out))


def row(bench: Bench, planted: Sequence[Planted], attack: Attack, suspects: Suspects) -> tuple[str, ...]:
    """Return means over several attacks of a kind, for users who have not rated the target."""
    cells = np.array([_figures(bench, one, suspects) for one in planted]).mean(axis=0)
    clean, attacked, excluded, shift, left, recall, recall_left = cells.tolist()
    return (
        f"{attack.kind} {attack.direction}",
        f"{attack.size:.0%}",
        *(f"{share:.1%}" for share in (clean, attacked, excluded)),
        *(f"{one:+.3f}" for one in (shift, left)),
        *(f"{one:.4f}" for one in (recall, recall_left)),
    )


def _figures(bench: Bench, planted: Planted, suspects: Suspects) -> tuple[float, ...]:
    target, ratings = planted.target, planted.ratings
    rated = np.zeros(ratings.n_users, dtype=bool)
    rated[ratings.user_nums[ratings.item_nums == target]] = True
    users = ~rated[: planted.n_genuine]
    no_users = np.empty(0, dtype=np.int64)
    before = bench.lists(bench.clean, target)
    attacked = bench.lists(bench.fitted(bench.attacked(planted, no_users)), target)
    without = bench.lists(bench.fitted(bench.attacked(planted, suspects(ratings))), target)
    shifts = [float((after.scores - before.scores)[users].mean()) for after in (attacked, without)]
    rates = [one.hit_rate(target, users) for one in (before, attacked, without)]
    return (*rates, *shifts, attacked.recall, without.recall)
