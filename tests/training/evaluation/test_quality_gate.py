"""A model that is too bad is refused, and told why."""

from __future__ import annotations

import re

import pytest

from recsys.config import EvaluateConfig
from recsys.errors import ModelRejectedError
from training.evaluation import quality_gate
from training.evaluation.quality_gate import FEWEST_USERS, POPULARITY
from training.evaluation.results import Comparison, Figure, Measured

PROTOCOL = "last 10% of each user's interactions by time"
CONFIG = EvaluateConfig(margin=0.1)


def comparison(model: float, popular: float = 0.2, users: int = FEWEST_USERS, k: int = 10) -> Comparison:
    ways = tuple(
        Measured(name, users, {f"ndcg@{k}": Figure(mean, mean, mean), f"recall@{k}": Figure(mean / 2, 0, 1)}, {})
        for name, mean in (("blended", model), ("item-KNN", 0.9), (POPULARITY, popular))
    )
    return Comparison(PROTOCOL, k, ways)


def test_a_model_that_is_worse_than_popularity_is_refused() -> None:
    message = (
        f"gate: ndcg@10 of the model is 0.1999, that of the popular items 0.2000, on the {PROTOCOL}; search better values "
        "with --tune 20, or publish it anyway with --force"
    )
    with pytest.raises(ModelRejectedError, match=f"^{re.escape(message)}$"):
        quality_gate.check(comparison(0.1999), {}, CONFIG)


@pytest.mark.parametrize("model", [0.2, 0.2001, 0.9])
def test_a_model_as_good_as_popularity_passes(model: float) -> None:
    quality_gate.check(comparison(model), {}, CONFIG)


def test_a_model_that_is_worse_than_the_current_one_by_more_than_the_margin_is_refused() -> None:
    message = (
        "gate: ndcg@10 of the model is 0.3599, that of the current one was 0.4000: worse by more than "
        "evaluate.margin = 0.1; look at what changed in the data, or publish it anyway with --force"
    )
    with pytest.raises(ModelRejectedError, match=f"^{re.escape(message)}$"):
        quality_gate.check(comparison(0.3599), {"ndcg@10": 0.4}, CONFIG)


@pytest.mark.parametrize(("model", "margin"), [(0.3601, 0.1), (0.4, 0.0), (0.5, 0.0), (0.2, 1.0)])
def test_a_model_within_the_margin_passes(model: float, margin: float) -> None:
    quality_gate.check(comparison(model), {"ndcg@10": 0.4}, EvaluateConfig(margin=margin))


def test_the_margin_is_a_share_of_what_the_current_model_had() -> None:
    with pytest.raises(ModelRejectedError, match=r"evaluate\.margin = 0\.5;"):
        quality_gate.check(comparison(0.39, popular=0.0), {"ndcg@10": 0.8}, EvaluateConfig(margin=0.5))
    quality_gate.check(comparison(0.41, popular=0.0), {"ndcg@10": 0.8}, EvaluateConfig(margin=0.5))


def test_another_length_of_the_lists_is_not_compared() -> None:
    quality_gate.check(comparison(0.3, k=5), {"ndcg@10": 0.9}, CONFIG)
    with pytest.raises(ModelRejectedError, match=r"gate: ndcg@5 of the model is 0\.3000"):
        quality_gate.check(comparison(0.3, k=5), {"ndcg@5": 0.9}, CONFIG)


def test_popularity_is_told_first() -> None:
    with pytest.raises(ModelRejectedError, match="that of the popular items"):
        quality_gate.check(comparison(0.1), {"ndcg@10": 0.9}, CONFIG)


def test_few_users_say_nothing() -> None:
    quality_gate.check(comparison(0.0, users=FEWEST_USERS - 1), {"ndcg@10": 0.9}, CONFIG)


def test_what_was_not_measured_passes() -> None:
    quality_gate.check(None, {"ndcg@10": 0.9}, CONFIG)
    assert quality_gate.metrics_of(None) == {}


def test_the_manifest_keeps_what_the_next_gate_needs() -> None:
    kept = quality_gate.metrics_of(comparison(0.3))
    assert kept == {"ndcg@10": 0.3, "recall@10": 0.15, "popularity ndcg@10": 0.2, "users": 50.0}
    with pytest.raises(ModelRejectedError, match=r"that of the current one was 0\.3000"):
        quality_gate.check(comparison(0.2), kept, CONFIG)
