"""What the search measures is what the model serves."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.config import AlsConfig, BlendConfig, Config
from recsys.model import blending
from recsys.recommend.batch import recommend_many
from recsys.recommend.recommender import Recommender
from tests.support import tastes
from training.evaluation import ranking_metrics
from training.evaluation.validation import Validation, held_out
from training.factors import als
from training.factors.als import Factors
from training.factors.blend import FittedParts, empty_histories, exact_model
from training.tuning import candidates
from training.tuning.candidates import Content, Metric, Weights

Case = Literal["with content", "without content", "cold items", "texts of some"]
CASES: tuple[Case, ...] = ("with content", "without content", "cold items", "texts of some")
N_ITEMS = 36


def made(case: Case, n_items: int = N_ITEMS) -> tuple[Validation, Factors, Content]:
    pairs = tastes.tastes(n_items=n_items, cold=9 if case == "cold items" else 0, loyalty=0.7)
    texts = tastes.texts(n_items)
    if case == "without content":
        texts = [""] * n_items
    if case == "texts of some":
        texts[::3] = [""] * len(texts[::3])
    validation = held_out(pairs, "auto", 0.3, 0)
    assert validation is not None
    factors = als.fit(validation.train, AlsConfig(factors=5, iterations=4))
    return validation, factors, tastes.content(validation.train, texts)


def drawn(seed: int) -> Weights:
    random = np.random.default_rng(seed)
    weights = {name: float(random.gamma(1.0)) for name in ("beta", "neighbors", "lexical", "short_history")}
    return {**weights, "prior_at": float(random.uniform(0, 8)), "neighbor_power": float(random.choice([0.5, 1.0]))}


def served(
    made_of: tuple[Validation, Factors, Content], weights: Weights, metric: Metric, k: int
) -> NDArray[np.float64]:
    """The metric of each user's list of the model with these weights, by the metrics of the core."""
    validation, factors, content = made_of
    parts = FittedParts(
        catalog=tastes.catalog([""] * len(validation.train.items)),
        interactions=validation.train,
        seen_only=empty_histories(validation.train),
        factors=factors,
        texts=content.texts,
        behavior=content.behavior[weights["neighbor_power"]],
        words=content.words,
    )
    recommender = Recommender(exact_model(parts, Config(blend=BlendConfig(**weights))), "")
    lists = np.full((len(validation.users), k), ranking_metrics.NO_ITEM, dtype=np.int32)
    for row, found in enumerate(recommend_many(recommender, validation.users, k, exact=True)):
        lists[row, : len(found)] = found.nums
    relevant = validation.test.matrix()[validation.users]
    compute = {"ndcg": ranking_metrics.ndcg_at_k, "recall": ranking_metrics.recall_at_k}[metric]
    return compute(ranking_metrics.hits(lists, relevant), np.diff(relevant.indptr).astype(np.int64))


def measured(
    made_of: tuple[Validation, Factors, Content], start: Weights, weights: Weights, metric: Metric, k: int
) -> NDArray[np.float64]:
    validation, factors, content = made_of
    unit = blending.score_unit(factors.users, factors.items)
    blocks = candidates.collect(validation, factors, content, start, k)
    return np.concatenate([candidates.measure(block, weights, unit, metric, k) for block in blocks])


@pytest.mark.parametrize("metric", ["ndcg", "recall"])
@pytest.mark.parametrize("case", CASES)
def test_the_metric_of_any_weights_is_that_of_the_lists_that_are_served(case: Case, metric: Metric) -> None:
    made_of = made(case)
    values = []
    for seed in range(12):
        weights, k = drawn(seed), (1, 3, 10, 36)[seed % 4]
        expected = served(made_of, weights, metric, k)
        assert measured(made_of, drawn(100), weights, metric, k) == pytest.approx(expected, abs=1e-9)
        values.append(expected.mean())
    assert len(set(values)) > 6  # the weights matter
    assert len(expected) == 60


@pytest.mark.parametrize("name", ["beta", "lexical", "neighbors", "prior_at", "short_history"])
def test_each_weight_alone(name: str) -> None:
    made_of = made("cold items")
    base = {**dict.fromkeys(drawn(0), 0.0), "neighbor_power": 0.5, **({"beta": 0.5} if name == "short_history" else {})}
    weights = {**base, name: 3.0}
    expected = served(made_of, weights, "ndcg", 10)
    assert measured(made_of, base, weights, "ndcg", 10) == pytest.approx(expected, abs=1e-9)
    assert not np.allclose(expected, served(made_of, base, "ndcg", 10))


@pytest.mark.parametrize("case", CASES)
def test_few_candidates_hold_the_lists_of_the_weights_that_they_were_collected_with(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "CANDIDATES", 5)
    made_of = made(case, n_items=120)
    for seed in range(6):
        start = drawn(seed)
        expected = served(made_of, start, "ndcg", 5)
        assert measured(made_of, start, start, "ndcg", 5) == pytest.approx(expected, abs=1e-9)
    blocks = candidates.collect(*made_of, drawn(0), 2)
    assert max(block.parts["own"].shape[1] for block in blocks) < 60


def test_blocks_of_users_stay_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    made_of = made("with content")
    whole = measured(made_of, drawn(0), drawn(1), "ndcg", 10)
    monkeypatch.setattr(candidates, "USERS_AT_ONCE", 7)
    assert np.array_equal(measured(made_of, drawn(0), drawn(1), "ndcg", 10), whole)


def test_nothing_that_was_seen_is_a_candidate() -> None:
    validation, factors, content = made("with content")
    for block in candidates.collect(validation, factors, content, drawn(0), 10):
        assert (np.isfinite(block.parts["own"]).sum(axis=1) == N_ITEMS - block.lengths).all()
        assert (block.relevant.sum(axis=1) == block.n_relevant).all()
        assert not block.relevant[np.isinf(block.parts["own"])].any()


def test_content_that_is_left_out_leaves_the_factors_alone() -> None:
    validation, factors, content = made("with content")
    bare = content.left_out()
    assert content.is_there
    assert not bare.is_there
    weights = drawn(3)
    alone = {**weights, "beta": 0.0, "lexical": 0.0, "neighbors": 0.0, "prior_at": 0.0}
    assert np.array_equal(
        measured((validation, factors, bare), weights, weights, "ndcg", 10),
        measured((validation, factors, content), weights, alone, "ndcg", 10),
    )


def test_a_user_without_a_history_and_one_who_saw_nearly_everything_are_measured() -> None:
    validation, factors, content = made("with content")
    pairs = validation.train
    kept = pairs.user_nums != 0
    emptied = replace(validation, train=pairs.take(kept))
    values = measured((emptied, factors, content), drawn(0), drawn(0), "recall", 10)
    assert np.isfinite(values).all()
    assert ((values >= 0) & (values <= 1)).all()
