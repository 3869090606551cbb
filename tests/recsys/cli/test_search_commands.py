"""`recsys search` and `recsys query` on a published model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from recsys.bundle.store import Store
from recsys.cli.main import cli
from recsys.errors import ConfigError, NotFoundError, RecsysError, UnansweredError
from serving.app import create_app
from serving.settings import Settings
from tests.support import factories
from tests.support.running import wait_until
from tests.support.searchable import publish, searchable


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("commands")
    publish(Store(folder / "store"), *searchable(folder / "tiny"))
    return folder / "store"


def run(store: Path, *words: object) -> Result:
    return CliRunner().invoke(cli, [*map(str, words), "--set", f"store.path={store}"])


def shown(store: Path, *words: object) -> Any:
    done = run(store, *words, "--json")
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


@pytest.mark.parametrize("mode", ["semantic", "keyword", "hybrid"])
def test_search_is_as_over_http(store: Path, mode: str) -> None:
    client = create_app(Settings(store)).test_client()
    path = f"/search?q=red+castle&mode={mode}&k=4&filter=year>=1992&exclude=i5&user_id=u2"
    wait_until(lambda: client.get(path).status_code == 200, "texts are encoded")
    options = ("-k", 4, "--filter", "year>=1992", "--exclude", "i5", "--user", "u2", "--exact")
    assert shown(store, "search", "red castle", "--mode", mode, *options) == client.get(path).json


def test_query_is_as_over_http(store: Path) -> None:
    client = create_app(Settings(store)).test_client()
    body = {
        "positive": [{"item_id": "i3"}, {"text": "red wine"}, {"user_id": "u2"}],
        "negative": [{"item_id": "i1"}, {"text": "sea"}, {"user_id": "u4"}],
        "strategy": "context_pairs",
        "k": 4,
        "filters": [{"attribute": "year", "min": 1992}],
        "exclude": ["i5"],
    }
    wait_until(lambda: client.post("/query", json=body).status_code == 200, "texts are encoded")
    like = ("--like", "i3", "--like-text", "red wine", "--like-user", "u2")
    unlike = ("--unlike", "i1", "--unlike-text", "sea", "--unlike-user", "u4")
    options = ("--strategy", "context_pairs", "-k", 4, "--filter", "year>=1992", "--exclude", "i5", "--exact")
    assert shown(store, "query", *like, *unlike, *options) == client.post("/query", json=body).json


def test_lists_are_shown_as_tables(store: Path) -> None:
    text = run(store, "search", "robots", "-k", 3).stdout
    assert "robots: search, hybrid (model " in text
    assert "Title 3" in text
    assert (
        "robots: search, hybrid, nothing is known of nobody (model "
        in run(store, "search", "robots", "--user", "nobody").stdout
    )
    text = run(store, "query", "--like", "i3", "-k", 3).stdout
    assert "mean (model " in text
    assert "Title 3" not in text


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        (("query",), ConfigError, "give an example: --like ITEM_ID"),
        (("query", "--unlike", "i1"), ConfigError, "give an example: --like ITEM_ID"),
        (("query", "--like", "nix"), NotFoundError, "'nix' is not in the catalog"),
        (("query", "--like-user", "nobody"), NotFoundError, "nothing is known of user 'nobody'"),
        (("search", "x", "--filter", "year=3"), RecsysError, "for equality write : in place of ="),
        (("search", "x", "--filter", "colour:red"), RecsysError, "items have no attribute 'colour'"),
    ],
)
def test_a_slip_is_told(store: Path, words: tuple[str, ...], kind: type[RecsysError], message: str) -> None:
    error = run(store, *words).exception
    assert isinstance(error, kind)
    assert message in str(error)


def test_a_model_without_text_vectors_says_how_it_can_be_searched(tmp_path: Path) -> None:
    store, _ = factories.publish(tmp_path / "store", factories.model(text_dim=0))
    assert shown(store.path, "search", "title 7")["mode"] == "keyword"
    for words in (("search", "title", "--mode", "semantic"), ("query", "--like-text", "title")):
        error = run(store.path, *words).exception
        assert isinstance(error, UnansweredError)
        assert "keyword" in str(error)
