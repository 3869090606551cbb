"""The search for hyper-parameters: the same every time, also after an interruption, and on odd data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.config import BlendConfig, Config
from recsys.data.histories import Histories
from recsys.data.interactions import Interactions
from recsys.errors import DataError
from tests.support import tastes
from training.evaluation.validation import held_out
from training.factors.blend import empty_histories
from training.tuning import search as tune
from training.tuning.search import Task, Tuned

SMALL = {"cheap_factors": 3, "max_factors": 8, "max_iterations": 5, "k": 10, "storage": ""}

ALS = {"factors", "iterations", "alpha", "regularization", "user_power", "item_power"}


class StoppedError(Exception):
    """What stands for a person's Ctrl-C."""


def task(
    pairs: Interactions | None = None,
    texts: Sequence[str] | None = None,
    disliked: Histories | None = None,
    checksum: str = "one",
) -> Task:
    pairs = pairs or tastes.tastes()
    texts = tastes.texts(len(pairs.items)) if texts is None else texts
    validation = held_out(pairs, "auto", 0.25, 42)
    assert validation is not None
    content = tastes.content(validation.train, texts)
    return Task(validation, content, disliked or empty_histories(pairs), checksum)


def config(**changes: Any) -> Config:
    return Config.model_validate({"tune": {**SMALL, **changes}})


def search(of: Task, chosen: Config, trials: int = 6, on_progress: Callable[[str], None] = lambda _: None) -> Tuned:
    return tune.search(of, chosen, trials, on_progress)


def outcome(tuned: Tuned) -> tuple[object, ...]:
    """Everything but the times."""
    return tuned.config.als, tuned.config.blend, [replace(trial, seconds=0.0) for trial in tuned.trials]


def test_a_search_is_told_trial_by_trial_and_the_same_for_a_seed() -> None:
    lines: list[str] = []
    one, same = search(task(), config(), on_progress=lines.append), search(task(), config())
    assert outcome(one) == outcome(same)
    assert len(lines) == len(one.trials) == 6
    for number, line in enumerate(lines, 1):
        assert line.startswith(f"trial {number}/6 ")
        assert f"ndcg@10 {one.trials[number - 1].value:.4f}, factors alone 0." in line
        assert "alpha=" in line
        assert "beta=" in line
    best = [number for number, line in enumerate(lines) if "(best so far)" in line]
    assert best[0] == 0
    assert one.trials[best[-1]].parameters["alpha"] == one.config.als.alpha
    assert {trial.rung for trial in one.trials} == {"cheap", "full"}
    other = Config.model_validate({"tune": SMALL, "als": {"random_state": 1}})
    assert outcome(search(task(), other)) != outcome(one)


def test_the_best_values_are_those_of_the_best_trial_with_its_factors() -> None:
    chosen = config()
    tuned = search(task(), chosen, 8)
    (best,) = (one for one in tuned.trials if one.chosen)
    assert best.parameters.items() >= tuned.config.als.model_dump(include=ALS).items()
    for name in ("factors", "iterations", "alpha", "regularization", "user_power"):
        assert getattr(tuned.config.als, name) == best.parameters[name]
    for name in ("beta", "neighbors", "lexical", "prior_at", "short_history", "neighbor_power"):
        assert getattr(tuned.config.blend, name) == best.parameters[name]
    assert tuned.config.als.random_state == chosen.als.random_state
    assert tuned.config.blend.weight == chosen.blend.weight
    assert tuned.config.tune == chosen.tune
    assert tuned.factors is not None
    same = tastes.iterated(task().validation.train, tuned.config.als, tuned.config.als.iterations)
    assert same.users.tobytes() == tuned.factors.users.tobytes()
    assert same.items.tobytes() == tuned.factors.items.tobytes()
    assert best.value > 0.9 * max(trial.value for trial in tuned.trials)
    assert best.value > 0.4  # the tastes were found


@pytest.mark.parametrize("metric", ["ndcg", "recall"])
def test_the_metric_is_the_configured_one(metric: str) -> None:
    lines: list[str] = []
    search(task(), config(metric=metric, k=7), 2, lines.append)
    assert all(f" {metric}@7 " in line for line in lines)


@pytest.mark.parametrize("after", [1, 3, 5])
def test_a_search_that_was_interrupted_ends_as_if_it_had_not_been(tmp_path: Path, after: int) -> None:
    whole = search(task(), config())

    def stop(line: str) -> None:
        if line.startswith(f"trial {after}/"):
            raise StoppedError

    stored = config(storage=str(tmp_path / "deeper" / "tune.sqlite"))
    with pytest.raises(StoppedError, match=r"^$"):
        search(task(), stored, on_progress=stop)
    resumed = search(task(), stored)
    assert outcome(resumed)[1:] == outcome(whole)[1:]
    assert resumed.config.als == whole.config.als


def fits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The settings that are really fitted, as they come."""
    fitted: list[str] = []
    really = tune.fit_until_best

    def counted(validation: Any, content: Any, disliked: Any, setting: Any, chosen: Any) -> Any:
        fitted.append(setting.model_dump_json())
        return really(validation, content, disliked, setting, chosen)

    monkeypatch.setattr(tune, "fit_until_best", counted)
    return fitted


def test_stored_trials_are_not_fitted_again_and_more_can_be_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, fitted = config(storage=str(tmp_path / "t.sqlite")), fits(monkeypatch)
    one = search(task(), stored, 4)
    assert len(fitted) == len(set(fitted)) == 4
    same = search(task(), stored, 4)
    assert len(fitted) == 4
    assert outcome(same) == outcome(one)
    assert same.factors is None
    assert [trial.seconds for trial in same.trials] == [trial.seconds for trial in one.trials]
    search(task(), stored, 7)
    assert len(fitted) == 7


@pytest.mark.parametrize(
    ("changed", "different"),
    [
        ({"checksum": "two"}, {}),
        ({"texts": tastes.texts(seed=9)}, {}),  # another encoder, or other texts
        ({"disliked": Histories.from_pairs(np.array([0]), np.array([1]), 60, 36)}, {}),
        ({}, {"als": {"random_state": 1}}),
        ({}, {"blend": {"beta": 0.1}}),
        ({}, {"tune": {**SMALL, "k": 9}}),
        ({}, {"evaluate": {"k": 7}}),
    ],
)
def test_trials_of_other_data_or_another_configuration_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], different: dict[str, Any]
) -> None:
    fitted, storage = fits(monkeypatch), {"storage": str(tmp_path / "t.sqlite")}
    search(task(), config(**storage), 1)
    sections = {"tune": SMALL, **different}
    sections["tune"] = {**sections["tune"], **storage}
    search(task(**changed), Config.model_validate(sections), 1)
    assert len(fitted) == 2


@pytest.mark.parametrize("damage", [b"no database" * 500, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_storage_that_is_no_database_gives_one_clear_line(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "tune.sqlite"
    path.write_bytes(damage)
    with pytest.raises(
        DataError, match=r"^tune\.storage = '.*tune\.sqlite': .*; remove the file or set another$"
    ) as told:
        search(task(), config(storage=str(path)), 2)
    assert "\n" not in str(told.value)
    assert path.read_bytes() == damage


def test_a_storage_that_cannot_be_opened_gives_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "tune.sqlite"):
        with pytest.raises(DataError, match=r"tune\.storage = .*; remove the file or set another"):
            search(task(), config(storage=str(path)), 2)


def test_users_of_one_interaction_are_learned_from() -> None:
    pairs = tastes.tastes()
    first = np.unique(pairs.user_nums, return_index=True)[1]
    chosen = np.ones(len(pairs), dtype=bool)
    chosen[pairs.user_nums < 30] = False
    chosen[first] = True
    of = task(pairs.take(chosen))
    assert of.validation.users.tolist() == list(range(30, 60))
    assert len(search(of, config(), 3).trials) == 3


def test_data_without_times_and_without_items_is_searched() -> None:
    of = task(replace(tastes.tastes(), timestamps=None), [""] * 36)
    tuned = search(of, config(), 4)
    default = BlendConfig()
    assert max(trial.value for trial in tuned.trials) > 0.3
    for trial in tuned.trials:
        assert abs(trial.parameters["beta"] - default.beta) <= 0.05  # the nearest of its grid, never moved


def test_counts_that_differ_have_their_power_searched() -> None:
    pairs = tastes.tastes()
    counted = replace(pairs, weights=(1 + np.arange(len(pairs)) % 7).astype(np.float32))
    tuned = search(task(counted), config(), 12)
    assert {trial.parameters.get("weight_power", 1.0) for trial in tuned.trials} & {0.0, 0.5}
    plain = search(task(), config(), 4)
    assert not any("weight_power" in trial.parameters for trial in plain.trials)


def test_disliked_pairs_have_their_weight_searched() -> None:
    pairs = tastes.tastes()
    unseen = np.argwhere(pairs.matrix().toarray() == 0)[::9].astype(np.int32)
    disliked = Histories.from_pairs(unseen[:, 0], unseen[:, 1], 60, 36)
    tuned = search(task(disliked=disliked), config(), 12)
    assert {trial.parameters.get("dislike", 0.0) for trial in tuned.trials} & {0.3, 1.0}
    assert not any("dislike" in trial.parameters for trial in search(task(), config(), 4).trials)
