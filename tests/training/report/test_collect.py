"""What the report is given is what the model and its measurements are."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recsys.config_file import load_config
from recsys.progress import Stages
from tests.support.files import config, table
from tests.support.sample import small
from training import pipeline
from training.report import collect
from training.run import TrainingRun
from training.tuning.search import Tuned
from training.tuning.trials import Trial

QUIET = Stages(quiet=True)
SECONDS = {"read": 1.0, "index": 2.5}


@pytest.fixture(scope="module")
def trained(some_users: Path) -> TrainingRun:
    return pipeline.train(small(some_users, evaluate={"k": 7}), QUIET)


def searched(of: TrainingRun) -> TrainingRun:
    trials = (Trial(1, "cheap", 0.1, {"factors": 8.0}, 1.0), Trial(2, "full", 0.2, {"factors": 16.0}, 2.0))
    return replace(of, tuned=Tuned(of.config, trials, None))


def test_facts_are_counts_and_the_newest_day(trained: TrainingRun, some_users: Path) -> None:
    facts, counts = collect.data(trained, SECONDS).facts, trained.header.counts
    assert facts["users"] == f"{counts.users:,}"
    assert facts["items"] == f"{counts.items:,}" == "533"
    assert facts["interactions"] == f"{counts.interactions:,}"
    assert "," in facts["interactions"]
    assert (facts["factors"], facts["text dimensions"], facts["encoder"]) == ("8", "16", "lsa")
    with some_users.open(encoding="utf-8", newline="") as stream:
        newest = max(int(row["timestamp"]) for row in csv.DictReader(stream))
    assert facts["newest interaction"] == datetime.fromtimestamp(newest, UTC).date().isoformat()


def test_the_measurements_are_passed_on(trained: TrainingRun) -> None:
    data = collect.data(trained, SECONDS)
    assert data.comparison is trained.comparison
    assert data.metric == "ndcg@50"
    assert data.trials == ()
    assert data.seconds == SECONDS
    assert data.indexes.keys() == {"items_for_user", "items_like_item", "items_by_text"}
    for name, points in data.indexes.items():
        assert points == trained.indexes[name].points
        assert points[0].name == "exact scan"
        assert points[0].recall == 1.0
        assert points[-1].name == f"annoy, search_k {trained.indexes[name].info.search_k}"
        assert points[-1].recall == trained.indexes[name].info.forest_recall
        assert all(point.milliseconds > 0 for point in points)


def test_the_configuration_can_be_loaded_again(trained: TrainingRun, tmp_path: Path) -> None:
    text = collect.data(trained, SECONDS).configuration
    (tmp_path / "c.toml").write_text(text, encoding="utf-8")
    loaded = load_config(tmp_path / "c.toml")
    for section in collect.SECTIONS:
        assert getattr(loaded, section) == getattr(trained.config, section)
    assert "[data]" not in text  # paths and columns are not for everybody who sees the page


def test_users_are_shown_with_their_history_and_their_list(trained: TrainingRun) -> None:
    model = trained.model
    users = collect.data(trained, SECONDS).users
    assert len({user.user_id for user in users}) == collect.SHOWN_USERS
    for user in users:
        history = {
            model.catalog.items.id(num) for num in model.histories.items_of(model.users.get(user.user_id)).tolist()
        }
        assert {item_id for item_id, _ in user.history} <= history
        assert len(user.history) == min(len(history), collect.SHOWN_ITEMS)
        assert len(user.recommended) == collect.SHOWN_ITEMS
        assert not {item_id for item_id, _ in user.recommended} & history
        assert all(title for _, title in user.recommended)
    assert users == collect.data(trained, {}).users


def test_notes_say_what_the_figures_are(trained: TrainingRun) -> None:
    plain = collect.data(trained, SECONDS).notes
    assert any("fitted on all interactions" in note for note in plain)
    assert not any("The search looked at the same" in note for note in plain)
    data = collect.data(searched(trained), SECONDS)
    assert any("The search looked at the same" in note for note in data.notes)
    assert [trial.number for trial in data.trials] == [1, 2]


def test_the_page_is_rendered_with_and_without_a_search(trained: TrainingRun) -> None:
    plain, tuned = collect.collect_report(trained, SECONDS), collect.collect_report(searched(trained), SECONDS)
    assert b"<html" in plain
    assert plain == collect.collect_report(trained, SECONDS)
    assert len(tuned) > len(plain)


def test_the_smallest_model_has_a_report(tmp_path: Path) -> None:
    trained = pipeline.train(config(table(tmp_path / "i.csv", [("u", "x")], ("user_id", "item_id"))), QUIET)
    data = collect.data(trained, SECONDS)
    assert data.comparison is None
    assert "newest interaction" not in data.facts
    assert [(user.user_id, user.history, user.recommended) for user in data.users] == [("u", (("x", "x"),), ())]
    assert not any("held out" in note for note in data.notes)
    assert b"<html" in collect.collect_report(trained, SECONDS)
