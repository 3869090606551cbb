"""A model that is certainly too bad is refused, with the reason; what may be chance is not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import sqrt

import numpy as np
import pytest

from recsys.config import EvaluateConfig
from recsys.errors import ModelRejectedError
from training.evaluation import quality_gate
from training.evaluation.evaluate import gain
from training.evaluation.quality_gate import CERTAINTY, FEWEST_USERS, POPULARITY
from training.evaluation.results import Comparison, Figure, Gain, Measured

PROTOCOL = "last 10% of each user's interactions by time"
CONFIG = EvaluateConfig(margin=0.1)
ERROR = "gain ndcg@10 standard error"


def comparison(
    model: float, popular: float = 0.2, users: int = FEWEST_USERS, k: int = 10, error: float = 0.0
) -> Comparison:
    ways = tuple(
        Measured(name, users, {f"ndcg@{k}": Figure(mean, mean, mean), f"recall@{k}": Figure(mean / 2, 0, 1)}, {})
        for name, mean in (("blended", model), ("item-KNN", 0.9), (POPULARITY, popular))
    )
    return Comparison(PROTOCOL, k, ways, gains={POPULARITY: Gain(model - popular, error)})


def manifest(ndcg: float, popular: float = 0.2, error: float = 0.0, **changes: float) -> Mapping[str, float]:
    return {"ndcg@10": ndcg, "popularity ndcg@10": popular, ERROR: error, "users": 50.0} | changes


def test_a_model_that_is_worse_than_popularity_is_refused() -> None:
    message = (
        f"gate: ndcg@10 of the model is 0.1999, that of the popular items 0.2000, on the {PROTOCOL}; search better values "
        "with --tune 20, or publish it anyway with --force"
    )
    with pytest.raises(ModelRejectedError, match=f"^{re.escape(message)}$"):
        quality_gate.check(comparison(0.1999), None, CONFIG)


@pytest.mark.parametrize("model", [0.2, 0.2001, 0.9])
def test_a_model_as_good_as_popularity_passes(model: float) -> None:
    assert quality_gate.check(comparison(model), None, CONFIG) == []


def test_worse_than_popularity_within_chance_passes_with_a_note() -> None:
    (note,) = quality_gate.check(comparison(0.15, error=0.02), None, CONFIG)
    assert note == (
        "gate: ndcg@10 of the model is 0.1500, that of the popular items 0.2000, but within chance, so it is published "
        "(0.0500 below the bar, standard error 0.0200)"
    )
    with pytest.raises(ModelRejectedError, match="that of the popular items"):
        quality_gate.check(comparison(0.2 - CERTAINTY * 0.02 - 1e-5, error=0.02), None, CONFIG)


def test_a_model_that_is_worse_than_the_current_one_by_more_than_the_margin_is_refused() -> None:
    message = (
        "gate: ndcg@10 of the model is 0.3599, 0.1599 ± 0.0000 above popularity; that of the current one was 0.4000, 0.2000 "
        "± 0.0000 above popularity: worse by more than evaluate.margin = 0.1; look at what changed in the data, or publish "
        "it anyway with --force"
    )
    with pytest.raises(ModelRejectedError, match=f"^{re.escape(message)}$"):
        quality_gate.check(comparison(0.3599), manifest(0.4), CONFIG)


@pytest.mark.parametrize(("model", "margin"), [(0.3601, 0.1), (0.4, 0.0), (0.5, 0.0), (0.2, 1.0)])
def test_a_model_within_the_margin_passes(model: float, margin: float) -> None:
    assert quality_gate.check(comparison(model), manifest(0.4), EvaluateConfig(margin=margin)) == []


def test_the_bar_follows_popularity() -> None:
    # the held-out interactions are less predictable: both lose 0.1, which is a quarter of the ndcg
    assert quality_gate.check(comparison(0.3, popular=0.1), manifest(0.4), CONFIG) == []


def test_the_error_of_the_difference_is_that_of_both_models() -> None:
    error = 0.05  # of the difference, from 0.03 and 0.04
    bar = 0.4 - 0.1 * 0.4
    below = bar - CERTAINTY * error
    (note,) = quality_gate.check(comparison(below + 1e-5, error=0.03), manifest(0.4, error=0.04), CONFIG)
    assert "worse by more than evaluate.margin = 0.1, but within chance, so it is published (0.12" in note
    assert note.endswith("below the bar, standard error 0.0500)")
    with pytest.raises(ModelRejectedError, match=r"0\.4000, 0\.2000 ± 0\.1030 above popularity: worse by more"):
        quality_gate.check(comparison(below - 1e-5, error=0.03), manifest(0.4, error=0.04), CONFIG)


def test_the_error_is_estimated_where_the_manifest_has_none() -> None:
    old = {name: value for name, value in manifest(0.4, users=200.0).items() if name != ERROR}
    bar = 0.4 - 0.1 * 0.4
    below = bar - CERTAINTY * sqrt(0.04**2 + 0.02**2)  # four times the users, half the error
    notes = quality_gate.check(comparison(below + 1e-5, error=0.04), old, CONFIG)
    assert notes[0] == (
        "the manifest of the current model has no standard error; it is estimated by that of the new model"
    )
    with pytest.raises(ModelRejectedError, match="that of the current one was"):
        quality_gate.check(comparison(below - 1e-5, error=0.04), old, CONFIG)


def test_the_margin_is_a_share_of_what_the_current_model_had() -> None:
    with pytest.raises(ModelRejectedError, match=r"evaluate\.margin = 0\.5;"):
        quality_gate.check(comparison(0.39, popular=0.0), manifest(0.8, 0.0), EvaluateConfig(margin=0.5))
    quality_gate.check(comparison(0.41, popular=0.0), manifest(0.8, 0.0), EvaluateConfig(margin=0.5))


@pytest.mark.parametrize("current", [{}, {"tags genres f1": 0.5}, manifest(0.9, users=49.0)])
def test_what_cannot_be_compared_is_said(current: Mapping[str, float]) -> None:
    assert quality_gate.check(comparison(0.3), current, CONFIG) == [
        "not compared with the current model: its manifest has no ndcg@10 of at least 50 users"
    ]


def test_another_length_of_the_lists_is_not_compared() -> None:
    (note,) = quality_gate.check(comparison(0.3, k=5), manifest(0.9), CONFIG)
    assert "its manifest has no ndcg@5" in note
    with pytest.raises(ModelRejectedError, match=r"gate: ndcg@5 of the model is 0\.3000"):
        quality_gate.check(comparison(0.3, k=5), quality_gate.metrics_of(comparison(0.9, k=5)), CONFIG)


def test_popularity_is_judged_first() -> None:
    with pytest.raises(ModelRejectedError, match="that of the popular items"):
        quality_gate.check(comparison(0.1), manifest(0.9), CONFIG)


def test_few_users_are_not_judged() -> None:
    assert quality_gate.check(comparison(0.0, users=FEWEST_USERS - 1), manifest(0.9), CONFIG) == [
        "not judged: 49 users have held-out interactions; fewer than 50 are too few to judge"
    ]


def test_what_was_not_measured_passes() -> None:
    assert quality_gate.check(None, manifest(0.9), CONFIG) == []
    assert quality_gate.metrics_of(None) == {}


def test_the_manifest_keeps_what_the_next_gate_needs() -> None:
    kept = quality_gate.metrics_of(comparison(0.3, error=0.01))
    expected = {"ndcg@10": 0.3, "recall@10": 0.15, "popularity ndcg@10": 0.2, "users": 50.0, ERROR: 0.01}
    assert kept == expected
    with pytest.raises(ModelRejectedError, match=r"that of the current one was 0\.3000"):
        quality_gate.check(comparison(0.2), kept, CONFIG)


def draws(mean: float, seed: int, n_users: int = 150) -> np.ndarray:
    """Gains of users: that of a model whose hits are rare and all of the same size, minus as rare hits of popularity."""
    random = np.random.default_rng(seed)
    return 0.6 * (random.random(n_users) < mean / 0.6 + 0.1) - 0.6 * (random.random(n_users) < 0.1)


def refused(mean: float, before: float) -> int:
    """Return how many of 400 draws are refused after another draw."""
    n = 0
    for seed in range(400):
        new, old = gain(draws(mean, seed)), gain(draws(before, 1000 + seed))
        metrics = manifest(old.mean + 0.1, 0.1, old.error)
        made = Comparison(PROTOCOL, 10, comparison(new.mean + 0.1, 0.1).measured, gains={POPULARITY: new})
        try:
            quality_gate.check(made, metrics, CONFIG)
        except ModelRejectedError:
            n += 1
    return n


@pytest.mark.parametrize("mean", [0.0, 0.1, 0.3])
def test_of_a_hundred_draws_of_one_law_at_most_one_is_refused(mean: float) -> None:
    assert refused(mean, mean) <= 4


def test_a_model_that_lost_its_gain_is_refused() -> None:
    assert refused(0.0, 0.3) > 390


def test_the_error_of_a_gain_is_that_of_a_mean() -> None:
    values = np.array([0.0, 0.5, 1.0, -0.5])
    assert gain(values) == Gain(0.25, round(float(values.std(ddof=1)) / 2, 6))
    assert gain(np.array([0.5])) == Gain(0.5, 0.0)
