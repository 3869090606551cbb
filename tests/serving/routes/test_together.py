"""GET /together and `recsys together`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from recsys.events.store import EventStore
from recsys.model.extras.together import Together
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.schemas.answers import TogetherAnswer
from serving.settings import Settings
from tests.serving.conftest import VERSION
from tests.support import factories
from tests.support.commands import run_command


def test_the_items_of_the_same_baskets(client: FlaskClient) -> None:
    shown = client.get("/together?items=i3,i10&k=2&exclude=i11").json
    TogetherAnswer.model_validate(shown)
    assert shown["item_ids"] == ["i3", "i10"]
    assert shown["items"][0] == {
        "rank": 1,
        "item_id": "i4",
        "title": "Title 4",
        "lift": 16.0,
        "n": 4,
        "score": 0.924196,
    }
    assert [item["item_id"] for item in shown["items"]] == ["i4", "i5"]
    assert client.get(f"/together?items=i3,i10&offset={shown['next_offset']}&exclude=i11").json["items"][0]["rank"] == 1
    assert client.get("/together?items=i49").json["items"] == []


@pytest.mark.parametrize(
    ("query", "status", "why"),
    [
        ("", 400, "parameter 'items' is missing"),
        ("items=,", 400, "parameter 'items' is ','"),
        (f"items={','.join(map(str, range(101)))}", 400, "at most 100 items"),
        ("items=i3&item=4", 400, "unknown parameter 'item'; did you mean 'items'?"),
        ("items=i3,i30000", 404, "item 'i30000' is not in the catalog"),
    ],
)
def test_a_bad_request_is_named(client: FlaskClient, query: str, status: int, why: str) -> None:
    response = client.get(f"/together?{query}")
    assert (response.status_code, why in response.json["detail"]) == (status, True), response.text


def test_a_model_without_baskets_conflicts(model: Model, tmp_path: Path) -> None:
    client = create_app(Settings(tmp_path), Recommender(model.without(Together), VERSION)).test_client()
    response = client.get("/together?items=i3")
    assert (response.status_code, response.json["detail"]) == (
        409,
        "the model was trained without baskets; set together.enabled = true and train again",
    )


def test_the_command_answers_the_same_without_hidden_items(tmp_path: Path) -> None:
    where = str(tmp_path / "events.sqlite")
    factories.publish(tmp_path / "store")
    with EventStore.open(where) as store:
        store.hide("i4")
    keys = ("--set", "store.path=store", "--set", "store.events=events.sqlite")
    options = ("-k", 3, "--filter", "year>=1995", "--exclude", "i12")
    shown = run_command("together", "i3", "i10", *options, "--json", *keys, cwd=tmp_path).stdout
    client = create_app(Settings(tmp_path / "store", where)).test_client()
    assert json.loads(shown) == client.get("/together?items=i3,i10&k=3&filter=year>=1995&exclude=i12").json
    lines = run_command("together", "i3", "i10", *options, *keys, cwd=tmp_path).stdout.split("\n")
    assert lines[1].startswith("together with Title 3, Title 10 (model ")
    assert [line.split()[1] for line in lines[3:5]] == ["i11", "i5"]
