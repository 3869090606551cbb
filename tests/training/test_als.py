"""Alternating least squares, against a known truth and the normal equations."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.config import AlsConfig
from recsys.errors import ModelRejectedError
from recsys.ids import IdMap
from recsys.interactions import Interactions
from tests import factories
from training import als

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


def solved(confidence: Matrix, known: Matrix, regularization: float) -> Matrix:
    """One half-step, row by row: ``(Y' C Y + reg I) x = Y' C p`` with C = 1 where there is no interaction and p = 0 there."""
    rows = []
    for row in confidence:
        present = row > 0
        weights = np.where(present, row, 1.0)
        left = known.T @ np.diag(weights) @ known + regularization * np.eye(known.shape[1])
        rows.append(np.linalg.solve(left, known.T @ (weights * present)))
    return np.array(rows)


def relative_error(found: Matrix, expected: Matrix) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


@pytest.mark.parametrize("seed", range(5))
def test_the_withheld_diagonal_of_a_checkerboard_is_the_first_unseen_item(seed: int) -> None:
    data = factories.checkerboard(20)
    factors = als.fit(data, AlsConfig(factors=8, random_state=seed))
    scores = factors.users @ factors.items.T
    scores[data.user_nums, data.item_nums] = -np.inf
    assert scores.argmax(axis=1).tolist() == list(range(20))


@pytest.mark.parametrize("alpha", [0.0, 0.5, 5.0])
@pytest.mark.parametrize("regularization", [1.0, 5.0])
def test_item_factors_solve_the_normal_equations_of_the_user_factors(alpha: float, regularization: float) -> None:
    """Items are solved last. The confidence is 1 + alpha w, not alpha w and not w."""
    data = weighted()
    factors = als.fit(data, AlsConfig(factors=6, regularization=regularization, alpha=alpha, iterations=200))
    dense = data.matrix().toarray().astype(np.float64)
    confidence = np.where(dense > 0, 1 + alpha * dense, 0)
    users, items = factors.users.astype(np.float64), factors.items.astype(np.float64)
    assert relative_error(items, solved(confidence.T, users, regularization)) < 1e-3
    assert relative_error(users, solved(confidence, items, regularization)) < 1e-2  # one step behind, and converged
    assert np.linalg.norm(items) > 0.1


def test_another_alpha_or_regularization_does_not_solve_them() -> None:
    data = weighted()
    factors = als.fit(data, AlsConfig(factors=6, regularization=1.0, alpha=2.0, iterations=100))
    dense = data.matrix().toarray().T.astype(np.float64)
    users, items = factors.users.astype(np.float64), factors.items.astype(np.float64)
    for confidence, regularization in ((2 * dense, 1.0), (1 + 2 * dense, 2.0), (1 + 3 * dense, 1.0)):
        assert relative_error(items, solved(np.where(dense > 0, confidence, 0), users, regularization)) > 1e-2


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
@pytest.mark.parametrize("alpha", [1e38, 1e39])
def test_factors_that_are_not_finite_are_refused(alpha: float) -> None:
    data = factories.interactions([("u", "a"), ("v", "a"), ("v", "b")])
    with pytest.raises(ModelRejectedError, match=r"als: .*; raise als\.regularization or lower als\.alpha"):
        als.fit(data, AlsConfig(factors=2, alpha=alpha))
