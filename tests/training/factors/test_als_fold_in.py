"""A fold-in gives what the training gave: the same users by the same equations, and by implicit's own solution."""

from __future__ import annotations

import numpy as np
import pytest
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from scipy import sparse

from recsys.config import AlsConfig
from recsys.config_file import load_config
from recsys.data.histories import Histories
from recsys.data.interactions import Interactions
from recsys.model.fold_in import FoldIn
from tests.support import factories
from tests.training.factors.test_als import LONG, SETTINGS, relative_error, unliked, unwanted, weighted
from training.factors import als
from training.factors.blend import empty_histories
from training.ingest.ingest import ingest

LATEST_SMALL = factories.SHARED_DATA / "ml-latest-small"
NOBODY = np.empty(0, np.int32)


def folded(of: FoldIn, data: Interactions, disliked: Histories) -> NDArray[np.float32]:
    """Every user of the training, solved again from the history."""
    matrix = data.matrix()
    rows = []
    for user in range(len(data.users)):
        row = slice(matrix.indptr[user], matrix.indptr[user + 1])
        unliked = disliked.items_of(user), disliked.weights_of(user)
        rows.append(of.solve(matrix.indices[row], matrix.data[row], *unliked).factors)
    return np.array(rows)


def worst(data: Interactions, config: AlsConfig, disliked: Histories | None = None) -> float:
    """The largest relative error of a user."""
    disliked = empty_histories(data) if disliked is None else disliked
    factors = als.fit(data, config, disliked=disliked)
    again = folded(als.fold_in(data, config, factors.items), data, disliked)
    return max(relative_error(one, other) for one, other in zip(again, factors.users, strict=True))


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("settings", SETTINGS)
def test_a_trained_user_has_the_same_factors_by_fold_in(settings: dict[str, float], power: float) -> None:
    """Though rows of like regularization share their mean, as a fold-in does too."""
    config = AlsConfig(regularization_power=power, factors=6, **settings)
    assert worst(weighted(), config) < 1e-5


@pytest.mark.parametrize("factors", [2, 24, 64])
def test_whatever_the_number_of_factors(factors: int) -> None:
    """Of 2 every history is solved as it stands, of 64 most are a system of their own size."""
    assert worst(weighted(), AlsConfig(factors=factors)) < 1e-5
    assert worst(weighted(), AlsConfig(factors=factors, alpha=100.0, regularization=0.05)) < 1e-5


def test_dislikes_count_as_in_training() -> None:
    disliked, _ = unliked()
    config = AlsConfig(factors=6, alpha=5.0, dislike=0.7)
    assert worst(weighted(), config, disliked) < 1e-5
    factors = als.fit(weighted(), config, disliked=disliked)
    without = folded(als.fold_in(weighted(), config, factors.items), weighted(), empty_histories(weighted()))
    assert relative_error(without, factors.users) > 0.05


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("dislike", [0.0, 0.7])
def test_weights_below_zero_count_as_in_training(settings: dict[str, float], dislike: float) -> None:
    config = AlsConfig(factors=6, dislike=dislike, **settings)
    assert worst(weighted(), config, unwanted()) < 1e-5


def test_control_users_that_are_not_settled_are_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(als.Factorization, "settle", lambda _: None)
    assert worst(weighted(), AlsConfig(factors=24)) > 1e-4


@pytest.mark.soak
@pytest.mark.skipif(not LATEST_SMALL.is_dir(), reason=f"{LATEST_SMALL.name} is not on this machine")
def test_the_users_of_movielens_have_the_same_factors_by_fold_in() -> None:
    """Also at the edge of what the search may choose."""
    changes = [f"data.interactions={LATEST_SMALL}", "data.preset=movielens", "content.encoder=none"]
    data = ingest(load_config(None, changes)).interactions
    assert worst(data, AlsConfig(factors=64)) < 1e-5
    edge = AlsConfig(alpha=100.0, regularization=0.05, regularization_power=0.0, user_power=0.0, item_power=0.0)
    assert worst(data, edge) < 1e-5


@pytest.mark.parametrize("alpha", [1.0, 30.0])
def test_implicit_recalculates_a_user_to_the_same_factors(alpha: float) -> None:
    """With a constant regularization, as it has no other; also histories that nobody has in training."""
    data = weighted()
    config = AlsConfig(alpha=alpha, regularization_power=0.0, **LONG)
    factors = als.fit(data, config)
    of = als.fold_in(data, config, factors.items)
    theirs = AlternatingLeastSquares(
        factors=6, regularization=float(of.run_regularization[0]), alpha=1.0, use_native=True, dtype=np.float32
    )
    theirs.item_factors = factors.items
    random = np.random.default_rng(4)
    for n in (1, 2, 3, 10, 24):
        liked = np.sort(random.permutation(24)[:n]).astype(np.int32)
        weights = random.uniform(0.1, 9, n)
        strengths = of.confidence.strengths(weights, n, of.item_counts[liked])
        row = sparse.csr_matrix((of.confidence.of(strengths), (np.zeros(n, int), liked)), shape=(1, 25))
        expected = theirs.recalculate_user(0, row.astype(np.float32))
        found = of.solve(liked, weights, NOBODY).factors
        assert relative_error(found, expected) < 1e-5


def test_an_item_without_interactions_may_be_in_a_history() -> None:
    data = weighted()
    factors = als.fit(data, AlsConfig(factors=6))
    of = als.fold_in(data, AlsConfig(factors=6), factors.items)
    cold = of.solve(np.array([24], np.int32), np.ones(1), NOBODY)
    assert not cold.factors.any()
    both = of.solve(np.array([3, 24], np.int32), np.ones(2), NOBODY)
    assert both.factors.any()
    assert not both.shares(factors.items)[:, 1].any()
