"""A fit ends where more iterations do not help, and costs no more than it may."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from recsys.config import AlsConfig, TuneConfig
from recsys.errors import ModelRejectedError
from tests.support import tastes
from training.evaluation.validation import Validation, held_out
from training.factors.als import Factors
from training.factors.blend import empty_histories
from training.tuning import early_stopping
from training.tuning.candidates import Content
from training.tuning.early_stopping import FIRST_LOOK, LOOK_EVERY, PATIENCE, fit_until_best, most_iterations

SETTING = AlsConfig(factors=4, iterations=99)


def made() -> tuple[Validation, Content]:
    validation = held_out(tastes.tastes(), "auto", 0.3, 0)
    assert validation is not None
    return validation, tastes.content(validation.train, [""] * 36)


def looks(last: int) -> list[int]:
    """The iterations after which a fit of `last` ones is looked at."""
    return sorted({*range(FIRST_LOOK, last + 1, LOOK_EVERY), last})


def scripted(monkeypatch: pytest.MonkeyPatch, values: Sequence[float]) -> list[Factors]:
    """The metric takes these values one after the other, then falls; returns what was looked at."""
    seen: list[Factors] = []

    def factors_alone(_: Validation, factors: Factors, *rest: object) -> float:
        seen.append(factors)
        return values[len(seen) - 1] if len(seen) <= len(values) else -0.5

    monkeypatch.setattr(early_stopping.blend_search, "factors_alone", factors_alone)
    return seen


def fit(iterations: int, gflop: float = 1500.0) -> tuple[Factors, int]:
    validation, content = made()
    tune = TuneConfig(max_iterations=iterations, gflop=gflop)
    return fit_until_best(validation, content, empty_histories(validation.train), SETTING, tune)


@pytest.mark.parametrize("rises", [1, 2, 4])
def test_a_fit_ends_when_the_metric_stops_rising_and_keeps_the_best(
    monkeypatch: pytest.MonkeyPatch, rises: int
) -> None:
    seen = scripted(monkeypatch, [0.1 * number for number in range(1, rises + 1)])
    factors, iterations = fit(60)
    assert len(seen) == rises + PATIENCE
    assert factors is seen[rises - 1]
    assert iterations == looks(60)[rises - 1]
    same = tastes.iterated(made()[0].train, SETTING, iterations)
    assert factors.users.tobytes() == same.users.tobytes()
    assert factors.items.tobytes() == same.items.tobytes()


def test_an_equal_value_is_no_rise(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = scripted(monkeypatch, [0.3] * 50)
    assert fit(60)[1] == FIRST_LOOK
    assert len(seen) == 1 + PATIENCE


@pytest.mark.parametrize("most", [1, 2, 5, 7, 12])
def test_a_fit_that_rises_ends_at_its_limit_which_is_looked_at(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    seen = scripted(monkeypatch, list(np.linspace(0.1, 1, 50)))
    factors, iterations = fit(most)
    assert iterations == most
    assert len(seen) == len(looks(most))
    assert factors is seen[-1]


def test_the_cost_limits_the_iterations_but_for_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, list(np.linspace(0.1, 1, 50)))
    each = 8 * ((60 + 36) * 4**2 + 2 * len(made()[0].train) * 4) / 1e9
    assert fit(60, gflop=9.5 * each)[1] == 9
    assert fit(60, gflop=1e-12)[1] == 1


def test_the_cost_of_an_iteration() -> None:
    """Each row costs its square, each interaction of both sides the factors, in eight operations."""
    pairs = tastes.tastes()
    assert len(pairs) == 480
    assert most_iterations(pairs, 10, 1.0) == int(1e9 / (8 * (96 * 100 + 2 * 480 * 10)))
    assert most_iterations(pairs, 10, 2.0) == pytest.approx(2 * most_iterations(pairs, 10, 1.0), abs=1)
    assert most_iterations(pairs, 1000, 1e-3) == 0


def test_the_real_metric_finds_the_tastes() -> None:
    validation, content = made()
    tune = TuneConfig(max_iterations=20, k=10)
    factors, iterations = fit_until_best(validation, content, empty_histories(validation.train), SETTING, tune)
    assert 1 <= iterations <= 20
    scores = factors.users @ factors.items.T
    own = np.arange(60)[:, None] % 3 == np.arange(36)[None, :] % 3
    assert scores[own].mean() > scores[~own].mean() + 0.2


@pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered:RuntimeWarning")
def test_a_fit_that_is_not_finite_is_refused() -> None:
    validation, content = made()
    setting = SETTING.model_copy(update={"alpha": 1e38, "user_power": 0.0, "item_power": 0.0})
    with pytest.raises(ModelRejectedError, match=r"als: .*lower als\.alpha"):
        fit_until_best(validation, content, empty_histories(validation.train), setting, TuneConfig())
