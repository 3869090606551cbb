"""The search for the weights of the blend finds what was planted, and never loses what it had."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys.config import BlendConfig
from recsys.data.interactions import Interactions
from recsys.model import blending
from tests.support import factories, tastes
from training.evaluation.validation import Validation, held_out
from training.factors import neighbors
from training.factors.als import Factors
from training.tuning import blend_search, candidates
from training.tuning.blend_search import FACTORS_ALONE, GRIDS, OF_CONTENT
from training.tuning.candidates import Content, Metric, Weights

FACTORS = 4


def cut(pairs: Interactions) -> Validation:
    found = held_out(pairs, "random", 0.25, 0)
    assert found is not None
    return found


def noise(of: Validation, seed: int = 5) -> Factors:
    """Factors that know nothing, but are zero where nothing is to be known."""
    train = of.train
    users = factories.random_vectors(len(train.users), FACTORS, seed)
    items = factories.random_vectors(len(train.items), FACTORS, seed + 1)
    items[train.item_counts() == 0] = 0
    return Factors(users, items)


def knowing(of: Validation) -> Factors:
    """Factors that are the tastes."""
    eye = np.eye(3, FACTORS, dtype=np.float32)
    train = of.train
    return Factors(eye[np.arange(len(train.users)) % 3], eye[np.arange(len(train.items)) % 3])


def without_words(of: Content) -> Content:
    return replace(of, words=neighbors.no_neighbors(of.words.shape[0]))


def without_behavior(of: Content) -> Content:
    nobody = neighbors.no_neighbors(of.words.shape[0])
    return replace(of, behavior=dict.fromkeys(of.behavior, nobody))


def value(of: Validation, factors: Factors, content: Content, weights: Weights, k: int = 10) -> float:
    blocks = candidates.collect(of, factors, content, weights, k)
    unit = blending.score_unit(factors.users, factors.items)
    return float(np.concatenate([candidates.measure(block, weights, unit, "ndcg", k) for block in blocks]).mean())


@pytest.fixture(scope="module")
def validation() -> Validation:
    return cut(tastes.tastes())


@pytest.fixture(scope="module")
def content(validation: Validation) -> Content:
    return tastes.content(validation.train, tastes.texts())


def searched(
    validation: Validation, factors: Factors, content: Content, start: Weights = FACTORS_ALONE
) -> tuple[Weights, float]:
    return blend_search.search(validation, factors, content, start, "ndcg", 10)


def test_what_only_the_texts_tell_gives_them_weight(validation: Validation, content: Content) -> None:
    factors, before = noise(validation), value(validation, noise(validation), content, FACTORS_ALONE)
    weights, found = searched(validation, factors, without_behavior(content))
    assert max(weights["beta"], weights["lexical"]) >= 1
    assert found > before + 0.2
    assert found == pytest.approx(value(validation, factors, without_behavior(content), weights))
    dense, _ = searched(validation, factors, without_behavior(without_words(content)))
    assert dense["beta"] >= 1
    assert dense["lexical"] == 0


def test_what_only_rare_words_tell_gives_them_weight(validation: Validation, content: Content) -> None:
    lexical = replace(without_behavior(content), texts=content.texts[:, :0])
    weights, found = searched(validation, noise(validation), lexical)
    assert weights["lexical"] >= 0.7
    assert weights["beta"] == 0
    assert found > value(validation, noise(validation), content, FACTORS_ALONE) + 0.2


def test_what_only_the_neighbors_tell_gives_them_weight(validation: Validation, content: Content) -> None:
    alone = replace(without_words(content), texts=content.texts[:, :0])
    weights, found = searched(validation, noise(validation), alone)
    assert weights["neighbors"] >= 1
    assert found > value(validation, noise(validation), content, FACTORS_ALONE) + 0.2


def test_factors_that_know_all_are_not_drowned_in_noise(validation: Validation) -> None:
    random = np.random.default_rng(1)
    of_nothing = [" ".join(f"w{word}" for word in random.permutation(20)[:4]) for _ in range(36)]
    content = without_behavior(tastes.content(validation.train, of_nothing))
    start = {**FACTORS_ALONE, "beta": 4.0, "lexical": 1.5}
    weights, found = searched(validation, knowing(validation), content, start)
    assert weights["beta"] < start["beta"]
    assert found > value(validation, knowing(validation), content, start) + 0.05


def test_items_whose_factors_are_noise_get_those_of_the_likest(validation: Validation, content: Content) -> None:
    factors = knowing(validation)
    factors.items[::4] = factories.random_vectors(9, FACTORS)
    weights, found = searched(validation, factors, without_behavior(content), {**FACTORS_ALONE, "prior_at": 4.0})
    assert weights["prior_at"] >= 4
    assert found > value(validation, factors, content, {**weights, "prior_at": 0.0}) + 0.01


@pytest.mark.parametrize("metric", ["ndcg", "recall"])
@pytest.mark.parametrize("seed", range(6))
def test_the_end_is_never_worse_than_the_start(
    validation: Validation, content: Content, seed: int, metric: Metric
) -> None:
    random = np.random.default_rng(seed)
    start = {name: float(random.choice(grid)) for name, grid in GRIDS.items()}
    factors = (noise, knowing)[seed % 2](validation)
    _, found = blend_search.search(validation, factors, content, start, metric, 10)
    unit = blending.score_unit(factors.users, factors.items)
    blocks = candidates.collect(validation, factors, content, start, 10)
    before = np.concatenate([candidates.measure(block, start, unit, metric, 10) for block in blocks]).mean()
    assert found >= round(before, 6)
    assert blend_search.search(validation, factors, content, start, metric, 10)[1] == found


def test_without_content_its_weights_are_not_touched(validation: Validation, monkeypatch: pytest.MonkeyPatch) -> None:
    content = tastes.content(validation.train, [""] * 36)
    start = blend_search.start_weights(BlendConfig(beta=0.7, lexical=0.3, prior_at=4.0, short_history=2.0))
    tried: list[Weights] = []

    def noted(block: candidates.Candidates, weights: Weights, *rest: Any) -> object:
        tried.append(weights)
        return candidates.measure(block, weights, *rest)

    monkeypatch.setattr(blend_search, "measure", noted)
    weights, _ = searched(validation, noise(validation), content, start)
    assert {tuple(one[name] for name in OF_CONTENT) for one in tried} == {tuple(start[name] for name in OF_CONTENT)}
    assert {name: weights[name] for name in OF_CONTENT} == {name: start[name] for name in OF_CONTENT}
    assert weights["neighbors"] > start["neighbors"]


def test_every_weight_is_a_key_of_the_configuration_and_on_its_grid(validation: Validation, content: Content) -> None:
    start = blend_search.start_weights(BlendConfig(beta=0.6, neighbor_power=0.8, prior_at=100.0))
    assert start["beta"] == 0.6
    weights, _ = searched(validation, noise(validation), content, start)
    assert weights.keys() == GRIDS.keys()
    assert all(weights[name] in grid for name, grid in GRIDS.items())
    BlendConfig(**weights)


def test_the_factors_alone_are_measured_without_any_content(validation: Validation, content: Content) -> None:
    factors = noise(validation)
    found = blend_search.factors_alone(validation, factors, content, "ndcg", 10)
    for known in (content.left_out(), content):
        assert found == pytest.approx(value(validation, factors, known, FACTORS_ALONE), abs=1e-6)
    assert blend_search.factors_alone(validation, knowing(validation), content, "ndcg", 10) > found + 0.2
