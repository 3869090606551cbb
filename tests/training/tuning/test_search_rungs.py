"""Which settings are tried, when the metric is a function that is known."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.config import AlsConfig, Config
from recsys.errors import DataError, ModelRejectedError
from tests.support import tastes
from training.evaluation.validation import Validation, held_out
from training.factors.blend import empty_histories
from training.tuning import search as tune
from training.tuning.candidates import Content, Weights
from training.tuning.search import Task, Tuned
from training.tuning.trials import Result

Value = Callable[[AlsConfig], float]
Fit = tuple[AlsConfig, int]  # a setting, and on how many interactions it was fitted


class StoppedError(Exception):
    """What stands for a person's Ctrl-C."""


@pytest.fixture(scope="module")
def task() -> Task:
    pairs = tastes.tastes(n_users=200, n_items=150, n_tastes=3)
    validation = held_out(pairs, "auto", 0.25, 42)
    assert validation is not None
    return Task(validation, tastes.content(validation.train, [""] * 150), empty_histories(pairs), "one")


def known(monkeypatch: pytest.MonkeyPatch, value: Value, stop_at: int = 10**6) -> list[Fit]:
    """Let a setting have this value; the fit with the number `stop_at` is interrupted. Returns the fits, as they come."""
    fits: list[Fit] = []

    def fit(of: Validation, _: Content, disliked: object, setting: AlsConfig, chosen: object) -> tuple[Any, int]:
        if len(fits) == stop_at:
            raise StoppedError
        fits.append((setting, len(of.train)))
        return setting, 3

    def search(_: object, setting: Any, content: object, start: Weights, metric: str, k: int) -> tuple[Weights, float]:
        return {**start, "beta": min(16.0, start["beta"] + 1)}, value(setting)  # depends on what was before

    def factors_alone(_: object, setting: Any, content: object, metric: str, k: int) -> float:
        return value(setting)

    monkeypatch.setattr(tune, "fit_until_best", fit)
    monkeypatch.setattr(tune.blend_search, "search", search)
    monkeypatch.setattr(tune.blend_search, "factors_alone", factors_alone)
    return fits


def search(task: Task, trials: int, on_progress: Callable[[str], None] = lambda _: None, **changes: Any) -> Tuned:
    chosen = {"cheap_factors": 4, "max_factors": 64, "storage": "", **changes}
    return tune.search(task, Config.model_validate({"tune": chosen}), trials, on_progress)


def saturating(at: int) -> Value:
    """More factors help up to `at`, and a regularization of 0.7 is best."""
    return lambda of: float(0.3 + 0.1 * np.log2(min(of.factors, at)) - 0.03 * np.log(of.regularization / 0.7) ** 2)


def preferred(settings: Sequence[AlsConfig], value: Value, task: Task) -> AlsConfig:
    """The one that the search takes, of fits of three iterations."""
    results = [Result(of.model_copy(update={"iterations": 3}), {}, value(of), value(of), 0.0) for of in settings]
    return tune.preferred(results, task.validation.as_good).als


def full(tuned: Tuned) -> list[float]:
    return [trial.parameters["factors"] for trial in tuned.trials if trial.rung == "full"]


def test_factors_are_doubled_while_that_pays(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    fits = known(monkeypatch, saturating(16))
    factors = full(search(task, 20))
    assert factors[:3] == [8, 16, 32]
    assert 64 not in factors
    cheap = [setting for setting, _ in fits if setting.factors == 4]
    best = preferred(cheap, saturating(16), task)
    for setting, _ in fits[len(cheap) : len(cheap) + 3]:
        assert setting == best.model_copy(update={"factors": setting.factors})


@pytest.mark.parametrize(("changes", "last"), [({}, 64), ({"max_factors": 16}, 16), ({"max_factors": 3}, 3)])
def test_factors_end_at_the_configured_limit(
    monkeypatch: pytest.MonkeyPatch, task: Task, changes: dict[str, int], last: int
) -> None:
    known(monkeypatch, saturating(10**6))
    assert max(trial.parameters["factors"] for trial in search(task, 24, **changes).trials) == last


def test_factors_end_at_half_of_the_rows_and_at_the_cost(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    known(monkeypatch, saturating(10**6))
    assert max(full(search(task, 24, max_factors=1000))) == 64  # 128 are more than half of 150
    dear = tune.most_iterations(task.validation.train, 16, 1.0)
    assert max(full(search(task, 24, gflop=tune.FIRST_LOOK / dear * 0.99))) == 8


def test_where_more_factors_do_not_pay_fewer_are_tried(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    known(monkeypatch, lambda of: 0.9 - 0.005 * of.factors)
    factors = full(search(task, 20, cheap_factors=32))
    assert factors[:2] == [64, 16]


def test_nothing_is_fitted_twice_and_the_best_is_refined(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    fits = known(monkeypatch, saturating(16))
    tuned = search(task, 40)
    settings = [setting.model_dump_json() for setting, _ in fits]
    assert len(settings) == len(set(settings)) == 40
    assert tuned.config.als.factors == 16
    cheap_best = preferred([setting for setting, _ in fits if setting.factors == 4], saturating(4), task)
    alike = cheap_best.model_copy(update={"factors": 16})
    assert saturating(16)(tuned.config.als) >= task.validation.as_good * saturating(16)(alike)
    assert abs(np.log(tuned.config.als.regularization / 0.7)) < 0.8


def test_of_results_that_are_as_good_but_for_chance_the_most_regularized_is_taken() -> None:
    def result(regularization: float, value: float, alone: float) -> Result:
        return Result(AlsConfig(regularization=regularization), {}, value, alone, 1.0)

    best, close, worse = result(0.1, 0.5, 0.3), result(0.4, 0.49, 0.3), result(2.0, 0.4, 0.3)
    assert best.merit == pytest.approx(0.4)
    for results in ([best, close, worse], [worse, close, best]):
        assert tune.preferred(results, 0.98) is close
    assert tune.preferred([best, worse], 0.98) is best
    weaker = result(0.4, 0.5, 0.29999)
    assert tune.preferred([weaker, best, close], 0.98) is max((weaker, close), key=lambda one: one.merit)


def test_the_cheap_rung_of_large_data_sees_some_of_the_users(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    """What it measures is not compared with the full rung, which starts with the best cheap setting on all data."""
    fits = known(monkeypatch, lambda of: 0.9 if of.factors == 4 else 0.3)
    tuned = search(task, 10, cheap_interactions=400)
    n_all = len(task.validation.train)
    sizes = [n for _, n in fits]
    n_cheap = sum(trial.rung == "cheap" for trial in tuned.trials)
    assert set(sizes[:n_cheap]) == {sizes[0]}
    assert 250 < sizes[0] < 550
    assert set(sizes[n_cheap:]) == {n_all}
    assert fits[n_cheap][0] == preferred([setting for setting, _ in fits[:n_cheap]], lambda of: 0.9, task)
    assert tuned.config.als.factors == 4
    assert search(task, 1, cheap_interactions=400).config.als.factors == 4


def test_a_search_that_was_interrupted_within_a_fit_draws_the_same(
    monkeypatch: pytest.MonkeyPatch, task: Task, tmp_path: Path
) -> None:
    whole = search_of_all(monkeypatch, task)
    storage = str(tmp_path / "t.sqlite")
    for stop_at in (2, 7, 3, 5):  # of the fits of one run; each run goes on where the one before was
        known(monkeypatch, saturating(16), stop_at)
        with pytest.raises(StoppedError, match=r"^$"):
            search(task, 30, storage=storage)
    known(monkeypatch, saturating(16))
    resumed = search(task, 30, storage=storage)
    assert [(trial.parameters, trial.value) for trial in resumed.trials] == whole


def search_of_all(monkeypatch: pytest.MonkeyPatch, task: Task) -> list[tuple[dict[str, float], float]]:
    fits = known(monkeypatch, saturating(16))
    found = [(trial.parameters, trial.value) for trial in search(task, 30).trials]
    assert len({setting.alpha for setting, _ in fits}) > 12  # more than the fixed starts
    return found


def test_a_fit_that_fails_is_told_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    known(monkeypatch, saturating(16))
    really, lines = tune.fit_until_best, list[str]()

    def fails(of: Any, content: Any, disliked: Any, setting: AlsConfig, chosen: Any) -> Any:
        if setting.alpha > 15:
            raise ModelRejectedError("als: a user factor is not finite")
        return really(of, content, disliked, setting, chosen)

    monkeypatch.setattr(tune, "fit_until_best", fails)
    tuned = search(task, 10, on_progress=lines.append)
    assert "  a fit failed: als: a user factor is not finite" in lines
    assert {trial.value > 0 for trial in tuned.trials} == {True, False}
    assert tuned.config.als.alpha <= 15
    assert sum(line.startswith("trial ") for line in lines) == 10


def test_a_search_that_finds_nothing_is_refused(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    known(monkeypatch, lambda _: 0.0)
    with pytest.raises(ModelRejectedError, match="tune: no fit found anything that was held out; see the lines above"):
        search(task, 4)


def test_a_damaged_record_gives_one_clear_line(monkeypatch: pytest.MonkeyPatch, task: Task, tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    known(monkeypatch, saturating(16))
    search(task, 4, storage=str(path))
    for value in ("no json", json.dumps({"factors": 0}), json.dumps({"nonsense": 1}), json.dumps(7)):
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE trial_user_attributes SET value_json = ? WHERE key = 'als'", (value,))
        with pytest.raises(DataError, match=r"^tune\.storage = '.*t\.sqlite': .+; remove the file or set another$"):
            search(task, 4, storage=str(path))


def test_flipped_bytes_of_a_storage_never_crash(monkeypatch: pytest.MonkeyPatch, task: Task, tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    known(monkeypatch, saturating(16))
    search(task, 5, storage=str(path))
    sound, chance, refused = path.read_bytes(), random.Random(5), 0
    for _ in range(40):
        broken = bytearray(sound)
        for _ in range(30):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        path.write_bytes(broken)
        try:
            search(task, 6, storage=str(path))
        except DataError as error:
            assert "\n" not in str(error)  # noqa: PT017
            refused += 1
    assert refused > 10
