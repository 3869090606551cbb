"""The weight of content and the kinds of similar items, from the command line as over HTTP."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from recsys.errors import ConfigError
from serving.app import create_app
from serving.settings import Settings
from tests.recsys.cli.test_search_commands import run, shown
from tests.support import factories


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    listed = factories.listed(factories.model(), 20)
    return factories.publish(tmp_path_factory.mktemp("what_if") / "store", listed)[0].path


@pytest.fixture(scope="module")
def client(store: Path) -> FlaskClient:
    return create_app(Settings(store)).test_client()


def scores(answer: object) -> list[tuple[str, float]]:
    assert isinstance(answer, dict)
    return [(item["item_id"], item["score"]) for item in answer["items"]]


def test_a_list_with_another_weight_of_content(store: Path, client: FlaskClient) -> None:
    listed = scores(shown(store, "recommend", "u3", "--content-weight", "2.5"))
    assert listed == scores(client.get("/recommend/u3?content_weight=2.5").json)
    assert listed == scores(client.post("/recommend", json={"user_id": "u3", "content_weight": 2.5}).json)
    assert listed != scores(client.get("/recommend/u3").json)


def test_why_with_another_weight_of_content(store: Path, client: FlaskClient) -> None:
    asked = client.get("/why?user_id=u3&item_id=i20&content_weight=2.5").json
    assert shown(store, "why", "u3", "i20", "--content-weight", "2.5") == asked
    plain = client.get("/why?user_id=u3&item_id=i20").json
    assert asked is not None
    assert plain is not None
    assert asked["parts"]["content"] == pytest.approx(2.5 * plain["parts"]["content"], abs=3e-6)
    assert asked["parts"]["neighbors"] == plain["parts"]["neighbors"]


def test_a_list_and_why_without_an_item_of_the_history(store: Path, client: FlaskClient) -> None:
    out = client.get("/users/u3").json["history"][0]["item_id"]  # type: ignore[index]
    asked = client.get(f"/recommend/u3?without={out},i0").json
    assert asked is not None
    assert (asked["without"], asked["strategy"]) == ([out], "fold_in")
    done = run(store, "recommend", "u3", "--without", out, "--without", "nothing", "--json")
    assert scores(json.loads(done.stdout)) == scores(asked) != scores(client.get("/recommend/u3").json)
    assert done.stderr == "warning: --without 'nothing': not in the history\n"
    posted = client.post("/recommend", json={"user_id": "u3", "without": [out]}).json
    assert scores(posted) == scores(asked)
    why = client.get(f"/why?user_id=u3&item_id=i20&without={out}").json
    assert shown(store, "why", "u3", "i20", "--without", out) == why
    assert why["without"] == [out]  # type: ignore[index]
    assert "without" not in client.get("/recommend/u3").json  # type: ignore[operator]


@pytest.mark.parametrize("by", ["behavior", "content"])
def test_similar_items_by_one_kind_of_data(store: Path, client: FlaskClient, by: str) -> None:
    asked = client.get(f"/similar/i3?by={by}").json
    assert shown(store, "similar", "i3", "--by", by) == asked
    assert {item["source"] for item in asked["items"]} == {"collaborative" if by == "behavior" else "content"}


def test_many_users_have_the_trained_weight(store: Path, tmp_path: Path) -> None:
    words = ("recommend", "--users", "all", "--output", tmp_path / "lists.csv")
    refused = run(store, *words, "--content-weight", "2").exception
    assert isinstance(refused, ConfigError)
    assert str(refused).endswith("--exclude, --include-seen, --content-weight nor --without")
