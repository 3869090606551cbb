"""The weight of content and the kinds of similar items, from the command line as over HTTP."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from recsys.errors import ConfigError
from serving.app import create_app
from serving.schemas.answers import Recommendations
from serving.schemas.placement import WhyAnswer
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
    assert str(refused).endswith("--include-seen, --content-weight, --without nor --context")


def test_a_list_and_why_in_context(store: Path, client: FlaskClient) -> None:
    asked = client.get("/recommend/u3?context=i20&explain=true").json
    assert asked is not None
    Recommendations.model_validate(asked)
    assert asked["context"] == {"item_id": "i20", "by": "baskets"}
    assert all(item["reason"]["context"] for item in asked["items"][:1])
    assert scores(shown(store, "recommend", "u3", "--context", "i20")) == scores(asked)
    posted = client.post("/recommend", json={"user_id": "u3", "context": "i20"}).json
    assert scores(posted) == scores(asked) != scores(client.get("/recommend/u3").json)
    guest = client.post("/recommend", json={"history": ["i3"], "context": "i20"}).json
    assert guest is not None
    assert (guest["strategy"], guest["context"]["by"]) == ("fold_in", "baskets")
    why = client.get("/why?user_id=u3&item_id=i20&context=i20").json
    WhyAnswer.model_validate(why)
    assert shown(store, "why", "u3", "i20", "--context", "i20") == why
    assert "the item in context" in run(store, "why", "u3", "i20", "--context", "i20").stdout


def test_an_unknown_user_in_context_gets_what_goes_with_it(store: Path, client: FlaskClient) -> None:
    asked = client.get("/recommend/nobody?context=i20").json
    assert asked is not None
    assert (asked["strategy"], asked["fallback"]) == ("context", False)
    line = run(store, "recommend", "nobody", "--context", "i20").stdout.split("\n")[1]
    assert line.startswith("nobody: context, in context of i20 by baskets, nothing is known of this user")


def test_an_unknown_item_in_context_is_named(store: Path, client: FlaskClient) -> None:
    response = client.get("/recommend/u3?context=I20")
    assert response.status_code == 404
    assert "item 'I20' is not in the catalog" in response.json["detail"]  # type: ignore[index]
    assert "did you mean 'i20'" in response.json["detail"]  # type: ignore[index]
    assert client.get("/recommend/u3?context=").status_code == 400
    refused = run(store, "recommend", "--users", "all", "--output", "lists.csv", "--context", "i20").exception
    assert isinstance(refused, ConfigError)
