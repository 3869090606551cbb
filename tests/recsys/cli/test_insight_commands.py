"""`recsys tag`, `recsys anomalies` and the popularity penalty of `recsys recommend` on a published model."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.bundle.store import Store
from recsys.errors import ConfigError, NotFoundError, RecsysError, UnansweredError
from serving.app import create_app
from serving.settings import Settings
from tests.recsys.cli.test_search_commands import run, shown
from tests.recsys.explore.test_outliers import example
from tests.support import factories, tagged
from tests.support.searchable import publish, searchable


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return factories.publish(tmp_path_factory.mktemp("odd") / "store", example())[0].path


@pytest.fixture(scope="module")
def tags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tags")
    model, ref = searchable(folder / "tiny")
    made = tagged.tagging()
    tagging = replace(made, indptr=np.array([*made.indptr.tolist(), *[9] * 7], dtype=np.int64))
    publish(Store(folder / "store"), model.with_extras(tagging), ref)
    return folder / "store"


@pytest.mark.parametrize("kind", ["items", "users"])
def test_anomalies_are_as_over_http(store: Path, kind: str) -> None:
    client = create_app(Settings(store)).test_client()
    assert shown(store, "anomalies", "--kind", kind, "-k", 2) == client.get(f"/anomalies?kind={kind}&k=2").json


def test_anomalies_as_a_table(store: Path) -> None:
    text = run(store, "anomalies", "--kind", "users").stdout
    assert "3 of 3 users that stand out (model " in text
    assert "gave Title 12 (i12) the highest rating" in text
    assert "nearly that of Title 6 (i6)" in run(store, "anomalies").stdout
    assert "1 of 1 users" in run(store, "anomalies", "--kind", "users", "--min-score", "0.6").stdout


def test_suspects_are_what_training_leaves_out(store: Path) -> None:
    assert run(store, "anomalies", "--kind", "users", "--suspects").stdout == "u7\n"


def test_tags_are_as_over_http(tags: Path) -> None:
    client = create_app(Settings(tags)).test_client()
    assert shown(tags, "tag", "i3") == client.get("/tags/i3").json


def test_tags_as_a_table(tags: Path) -> None:
    text = run(tags, "tag", "i1").stdout
    assert "i1: by behavior and content (model " in text
    assert "genres in the catalog: comedy, war" in text
    assert "genres: F1 0.75 (precision 0.80, recall 0.70) on 9 held-out items, the most frequent values 0.35" in text
    assert "red wine: by text (model " in run(tags, "tag", "--text", "red wine").stdout


def lists(store: Path, folder: Path, *words: object) -> list[Any]:
    path = folder / "lists.csv"
    done = run(store, "recommend", "--users", "all", "-k", 5, "--output", path, *words)
    assert done.exit_code == 0, done.exception
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_lists_under_a_penalty_are_the_same_one_by_one_and_in_batch_and_by_the_configuration(
    store: Path, tmp_path: Path
) -> None:
    alone = shown(store, "recommend", "u3", "-k", 5, "--popularity-penalty", 0.6)
    batch = lists(store, tmp_path, "--popularity-penalty", 0.6)
    assert [row["item_id"] for row in batch if row["user_id"] == "u3"] == [item["item_id"] for item in alone["items"]]
    assert lists(store, tmp_path, "--set", "serve.popularity_penalty=0.6") == batch
    assert shown(store, "recommend", "u3", "-k", 5, "--set", "serve.popularity_penalty=0.6") == alone
    assert lists(store, tmp_path, "--set", "serve.popularity_penalty=0.6", "--popularity-penalty", 0) != batch
    assert lists(store, tmp_path) != batch


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        (("tag",), ConfigError, "give either ITEM_ID or --text"),
        (("tag", "i1", "--text", "x"), ConfigError, "give either ITEM_ID or --text"),
        (("tag", "nix"), NotFoundError, "'nix' is not in the catalog"),
        (("tag", "i1"), UnansweredError, "the model suggests no attribute"),
        (("anomalies", "--suspects"), ConfigError, "give --kind users"),
        (("anomalies", "--kind", "users", "--suspects", "--json"), ConfigError, "neither --json nor --min-score"),
    ],
)
def test_a_slip_is_told(store: Path, words: tuple[str, ...], kind: type[RecsysError], message: str) -> None:
    error = run(store, *words).exception
    assert isinstance(error, kind)
    assert message in str(error)


def test_json_is_strict(store: Path) -> None:
    text = run(store, "anomalies", "--kind", "users", "--json").stdout
    assert json.loads(text, parse_constant=pytest.fail)["total"] == 3


@pytest.mark.parametrize(
    "words",
    [
        ("search", " "),
        ("search", "", "--documents", "none.txt"),
        ("tag", "--text", ""),
        ("query", "--like-text", "\t"),
        ("chat", ""),
    ],
)
def test_a_blank_text_is_refused(store: Path, words: tuple[str, ...]) -> None:
    done = run(store, *words)
    assert isinstance(done.exception, ConfigError)
    assert str(done.exception) == "a TEXT is blank; say what is sought"
