"""Alternating least squares, against a known truth and the normal equations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from recsys.config import AlsConfig
from recsys.data.histories import Histories
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions
from recsys.errors import ModelRejectedError
from tests.support import factories
from training.factors import als

Matrix = NDArray[np.float64]


def weighted(seed: int = 3, n_users: int = 40, n_items: int = 25) -> Interactions:
    """Random pairs of different weights; item 24 has none."""
    random = np.random.default_rng(seed)
    dense = (random.random((n_users, n_items)) < 0.2) * random.uniform(0.1, 5.0, (n_users, n_items))
    dense[:, -1] = 0
    dense[:, 0] = 1  # every user has an item
    users, items = np.nonzero(dense)
    return Interactions(
        IdMap.from_ids([f"u{num}" for num in range(n_users)]),
        IdMap.from_ids([f"i{num}" for num in range(n_items)]),
        users.astype(np.int32),
        items.astype(np.int32),
        dense[users, items].astype(np.float32),
    )


def dense_confidence(dense: Matrix, config: AlsConfig, disliked: Matrix | None = None) -> Matrix:
    """c_ui of all pairs: ``1 + alpha w``, w being ``v^e n_u^-a n_i^-b`` scaled to a mean of 1 over the interactions."""
    there = dense > 0
    per_user, per_item = there.sum(axis=1)[:, None], there.sum(axis=0)[None, :]
    damping = np.maximum(per_user, 1.0) ** -config.user_power * np.maximum(per_item, 1.0) ** -config.item_power
    weights = np.where(there, np.where(there, dense, 1) ** config.weight_power * damping, 0)
    confidence = 1 + config.alpha * weights / weights[there].mean()
    if disliked is None:
        return confidence
    strengths = np.abs(disliked) ** config.weight_power * damping / weights[there].mean()
    unliked = np.where(disliked > 0, 1 + config.alpha * config.dislike, 1 + config.alpha * strengths)
    return np.where(disliked != 0, unliked, confidence)


def regularizations(counts: Matrix, n_others: int, config: AlsConfig) -> Matrix:
    """r of each row: ``regularization max(alpha, 1) mean(n) (m / mean(m))^power`` with ``m = alpha n + n_others``."""
    active, mass = counts > 0, config.alpha * counts + n_others
    scale = config.regularization * max(config.alpha, 1) * counts[active].mean()
    return np.asarray(scale * (mass / mass[active].mean()) ** config.regularization_power)


def solved(confidence: Matrix, liked: Matrix, known: Matrix, regularization: Matrix) -> Matrix:
    """One half-step, row by row: ``(Y' C Y + r I) p = Y' C x`` with x = 1 where there is an interaction."""
    rows = []
    for weights, wanted, r in zip(confidence, liked, regularization, strict=True):
        left = known.T @ np.diag(weights) @ known + r * np.eye(known.shape[1])
        rows.append(np.linalg.solve(left, known.T @ (weights * wanted)))
    return np.array(rows)


def errors(
    data: Interactions, found: als.Factors, config: AlsConfig, disliked: Matrix | None = None
) -> tuple[float, float]:
    """How far users and items are from the solution of their normal equations given the other side."""
    dense = data.matrix().toarray().astype(np.float64)
    confidence, liked = dense_confidence(dense, config, disliked), (dense > 0).astype(float)
    r_users = regularizations(liked.sum(axis=1), dense.shape[1], config)
    r_items = regularizations(liked.sum(axis=0), dense.shape[0], config)
    users, items = found.users.astype(np.float64), found.items.astype(np.float64)
    return (
        relative_error(users, solved(confidence, liked, items, r_users)),
        relative_error(items, solved(confidence.T, liked.T, users, r_items)),
    )


def relative_error(found: Matrix, expected: Matrix) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


@pytest.mark.parametrize("seed", range(5))
def test_the_withheld_diagonal_of_a_checkerboard_is_the_first_unseen_item(seed: int) -> None:
    data = factories.checkerboard(20)
    factors = als.fit(data, AlsConfig(factors=8, random_state=seed))
    scores = factors.users @ factors.items.T
    scores[data.user_nums, data.item_nums] = -np.inf
    assert scores.argmax(axis=1).tolist() == list(range(20))


LONG = {"factors": 6, "iterations": 300}
SETTINGS = [
    {"alpha": 0.5, "regularization": 0.05},
    {"alpha": 5.0, "regularization": 0.3},
    {"alpha": 40.0, "regularization": 0.1, "weight_power": 0.5},
    {"alpha": 5.0, "regularization": 0.3, "user_power": 0.4, "item_power": 0.2, "weight_power": 0.0},
    {"alpha": 5.0, "regularization": 0.05, "user_power": 0.0, "item_power": 1.0},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_both_sides_solve_the_normal_equations_of_the_other(settings: dict[str, float]) -> None:
    """With a constant regularization all rows are one run, so nothing is approximate."""
    config = AlsConfig(regularization_power=0.0, **LONG, **settings)
    factors = als.fit(weighted(), config)
    users, items = errors(weighted(), factors, config)
    assert items < 1e-5
    assert users < 1e-5
    assert np.linalg.norm(factors.items) > 1


@pytest.mark.parametrize("power", [0.5, 1.0])
@pytest.mark.parametrize("settings", SETTINGS)
def test_a_row_has_the_regularization_of_its_confidences(
    settings: dict[str, float], power: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = AlsConfig(regularization_power=power, **LONG, **settings)
    factors = als.fit(weighted(), config)
    assert 1e-4 < max(errors(weighted(), factors, config)) < 0.03  # a run of rows shares its mean
    monkeypatch.setattr(als, "RUN_SPREAD", 1.0)
    factors = als.fit(weighted(), config)
    users, items = errors(weighted(), factors, config)
    assert items < 1e-5
    assert users < 1e-4


def test_other_values_do_not_solve_them() -> None:
    settings = {"alpha": 5.0, "regularization": 0.3, "regularization_power": 0.0, "user_power": 0.4, "item_power": 0.2}
    factors = als.fit(weighted(), AlsConfig(**LONG, **settings))
    for name, value in (
        ("alpha", 6.0),
        ("regularization", 0.2),
        ("regularization_power", 0.5),
        ("user_power", 0.2),
        ("item_power", 0.5),
        ("weight_power", 0.5),
    ):
        changed = AlsConfig(**LONG, **{**settings, name: value})
        assert min(errors(weighted(), factors, changed)) > 1e-2, name


def unliked() -> tuple[Histories, Matrix]:
    """Every seventh of the pairs without an interaction, as histories and as a dense matrix of ones."""
    nothing = np.argwhere(weighted().matrix().toarray() == 0)[::7].astype(np.int32)
    histories = Histories.from_pairs(nothing[:, 0], nothing[:, 1], 40, 25)
    return histories, histories.matrix().toarray().astype(np.float64)


def test_a_disliked_pair_has_no_liking_with_the_configured_confidence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(als, "RUN_SPREAD", 1.0)
    histories, dense = unliked()
    config = AlsConfig(alpha=5.0, regularization=0.1, dislike=0.7, **LONG)
    factors = als.fit(weighted(), config, disliked=histories)
    users, items = errors(weighted(), factors, config, dense)
    assert items < 1e-5
    assert users < 1e-4
    assert min(errors(weighted(), factors, config)) > 1e-2  # not without them
    assert min(errors(weighted(), factors, config.model_copy(update={"dislike": 0.4}), dense)) > 1e-3


@pytest.mark.parametrize("dislike", [0.0, 0.7])
@pytest.mark.parametrize("settings", SETTINGS)
def test_weights_below_zero_count_as_above_zero_for_a_liking_of_zero(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, float], dislike: float
) -> None:
    """Beside ratings under the threshold, which have the configured confidence."""
    monkeypatch.setattr(als, "RUN_SPREAD", 1.0)
    histories = unwanted()
    dense = sparse.csr_matrix((histories.weights, histories.item_nums, histories.indptr), (40, 25)).toarray()
    config = AlsConfig(**{**LONG, "alpha": 5.0, "regularization": 0.1, "dislike": dislike, **settings})
    users, items = errors(weighted(), als.fit(weighted(), config, disliked=histories), config, dense)
    assert (users, items) < (1e-4, 1e-4)
    assert min(errors(weighted(), als.fit(weighted(), config), config, dense)) > 1e-3  # not without them


def unwanted() -> Histories:
    """Pairs without an interaction, of weights below 0 and of 1."""
    histories, _ = unliked()
    weights = np.random.default_rng(0).choice([-3.0, -1.0, -0.2, 1.0], len(histories.weights)).astype(np.float32)
    return replace(histories, weights=weights)


def test_a_dislike_pulls_the_score_down() -> None:
    histories, dense = unliked()
    indifferent, bothered = (
        als.fit(weighted(), AlsConfig(alpha=5.0, factors=6, dislike=dislike), disliked=histories) for dislike in (0, 1)
    )
    before, after = (np.abs((found.users @ found.items.T)[dense > 0]).mean() for found in (indifferent, bothered))
    assert after < 0.7 * before
    alone = als.fit(weighted(), AlsConfig(alpha=5.0, factors=6, dislike=1))
    assert alone.users.tobytes() == indifferent.users.tobytes()


def test_rows_come_back_in_their_order_whatever_the_order_of_the_rows() -> None:
    """Users are numbered in reverse: the same factorization up to what the random start makes of it."""
    data, config = weighted(), AlsConfig(alpha=5.0, regularization=0.05, **LONG)
    turned = Interactions(data.users, data.items, 39 - data.user_nums, data.item_nums, data.weights)
    one, other = als.fit(data, config), als.fit(turned, config)
    scores, reverse = one.users @ one.items.T, (other.users @ other.items.T)[::-1]
    assert relative_error(reverse, scores) < 0.02


def test_a_factorization_that_is_looked_at_is_that_of_as_many_iterations() -> None:
    config = AlsConfig(factors=4)
    looking = als.Factorization(weighted(), config)
    for iterations in (1, 2, 3):
        looking.iterate()
        looked, blind = looking.factors(), als.Factorization(weighted(), config)
        for _ in range(iterations):
            blind.iterate()
        assert looked.users.tobytes() == blind.factors().users.tobytes()
        assert looked.items.tobytes() == blind.factors().items.tobytes()
        blind.settle()
        fitted = als.fit(weighted(), config.model_copy(update={"iterations": iterations}))
        assert blind.factors().users.tobytes() == fitted.users.tobytes()
        assert looked.items.tobytes() == fitted.items.tobytes()


@pytest.mark.parametrize("settings", SETTINGS)
def test_users_are_settled_on_the_items_as_they_are(settings: dict[str, float]) -> None:
    """Also after few iterations, and with more than the steps of one."""
    config = AlsConfig(regularization_power=0.0, factors=6, iterations=2, **settings)
    assert errors(weighted(), als.fit(weighted(), config), config)[0] < 1e-5
    unsettled = als.Factorization(weighted(), config)
    for _ in range(2):
        unsettled.iterate()
    assert errors(weighted(), unsettled.factors(), config)[0] > 1e-4


def test_the_same_seed_gives_the_same_bytes_and_another_one_others() -> None:
    one, same = (als.fit(weighted(), AlsConfig(factors=8, random_state=7)) for _ in range(2))
    other = als.fit(weighted(), AlsConfig(factors=8, random_state=8))
    assert one.users.tobytes() == same.users.tobytes()
    assert one.items.tobytes() == same.items.tobytes()
    assert one.users.tobytes() != other.users.tobytes()


def test_items_without_interactions_are_exactly_zero() -> None:
    factors = als.fit(
        factories.interactions([("u", "a"), ("v", "b")], items=["cold", "a", "b", "c"]), AlsConfig(factors=3)
    )
    assert [bool(row.any()) for row in factors.items] == [False, True, True, False]


@pytest.mark.parametrize(
    "pairs", [[("u", "a")], [("u", "a"), ("u", "b")], [("u", "a"), ("v", "a")], [("u", "a"), ("v", "b")]]
)
def test_more_factors_than_items_and_users(pairs: list[tuple[str, str]]) -> None:
    data = factories.interactions(pairs)
    factors = als.fit(data, AlsConfig(factors=32, regularization=0.1))
    assert factors.users.shape == (len(data.users), 32)
    assert factors.items.shape == (len(data.items), 32)
    scores = factors.users @ factors.items.T
    for user, item in zip(data.user_nums, data.item_nums, strict=True):
        assert scores[user, item] > 0.5


def test_every_iteration_is_told() -> None:
    told: list[None] = []
    als.fit(weighted(), AlsConfig(factors=2, iterations=7), lambda: told.append(None))
    assert len(told) == 7


def test_the_interactions_are_not_changed() -> None:
    data = weighted()
    before = data.weights.copy()
    als.fit(data, AlsConfig(factors=2, alpha=9.0))
    assert np.array_equal(data.weights, before)


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_factors_that_are_not_finite_are_refused() -> None:
    data = factories.interactions([("u", "a"), ("v", "a"), ("v", "b")])
    with pytest.raises(ModelRejectedError, match=r"als: .*; raise als\.regularization or lower als\.alpha"):
        als.fit(data, AlsConfig(factors=2, alpha=1e38))


def test_confidences_that_are_not_finite_are_refused() -> None:
    data = factories.interactions([("u", "a"), ("v", "a"), ("v", "b")])
    with pytest.raises(
        ModelRejectedError, match=r"als: a confidence is 1\.\d+e\+39, which is not finite .*; lower als\.alpha"
    ):
        als.fit(data, AlsConfig(factors=2, alpha=1e39))
