"""GET /latest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient

from recsys.data.filters import parse_filter
from recsys.events.store import EventStore
from recsys.model.extras.arrivals import Arrivals
from recsys.model.model import Model
from recsys.recommend.latest import latest
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from serving.app import create_app
from serving.schemas.answers import LatestItems
from serving.settings import Settings
from tests.serving.conftest import VERSION

NOW = 1_800_000_000.0


@pytest.fixture
def announced(model: Model) -> Recommender:
    """Item 7 is available at NOW, item 9 a second later."""
    times = np.arange(50) * 3600
    times[[7, 9, 49]] = NOW, NOW + 1, -1
    flags = np.isin(np.arange(50), [7, 9]).astype(np.uint8)
    order = np.argsort(-times, kind="stable").astype(np.int32)
    return Recommender(model.with_extras(Arrivals(times, flags, order)), VERSION)


def ids(recommender: Recommender, request: ListRequest, now: float, *hidden: str) -> list[str]:
    return [item.item_id for item in latest(recommender, request, now, {*hidden}).items]


def test_items_of_the_future_and_of_no_time_are_left_out(announced: Recommender) -> None:
    assert ids(announced, ListRequest(3), NOW - 1) == ["i48", "i47", "i46"]
    assert ids(announced, ListRequest(3), NOW) == ["i7", "i48", "i47"]
    assert ids(announced, ListRequest(3), NOW + 1) == ["i9", "i7", "i48"]
    assert len(ids(announced, ListRequest(50), NOW + 1)) == 49


def test_hidden_excluded_and_filtered_items_are_left_out(announced: Recommender) -> None:
    request = ListRequest(3, exclude=["i48"], filters=(parse_filter("year<2037"),))
    assert ids(announced, request, NOW, "i46") == ["i7", "i45", "i44"]
    assert latest(announced, request, NOW).items[0].source == "available_from"


def test_pages_are_parts_of_the_list(client: FlaskClient) -> None:
    first = client.get("/latest?k=2").json
    LatestItems.model_validate(first)
    assert first["items"] == [
        {"rank": 1, "item_id": "i48", "title": "Title 48", "timestamp": 48 * 3600, "source": "first_event"},
        {"rank": 2, "item_id": "i47", "title": "Title 47", "timestamp": 47 * 3600, "source": "first_event"},
    ]
    rest = client.get(f"/latest?k=100&offset={first['next_offset']}").json
    assert [item["item_id"] for item in rest["items"]] == [f"i{num}" for num in range(46, -1, -1)]
    assert rest["next_offset"] is None
    assert client.get("/latest?offset=10000").json["items"] == []


def test_a_hidden_item_is_not_listed(model: Model, tmp_path: Path) -> None:
    where = str(tmp_path / "events.sqlite")
    with EventStore.open(where) as store:
        store.hide("i48")
    client = create_app(Settings(tmp_path, where), Recommender(model, VERSION)).test_client()
    assert client.get("/latest?k=1").json["items"][0]["item_id"] == "i47"


def test_a_model_without_times_conflicts(model: Model, tmp_path: Path) -> None:
    client = create_app(Settings(tmp_path), Recommender(model.without(Arrivals), VERSION)).test_client()
    response = client.get("/latest")
    assert (response.status_code, response.json["detail"]) == (
        409,
        "the model has no times of items; train again with times of events or the attribute available_from",
    )


def test_a_changed_item_takes_its_new_place_at_once(model: Model, tmp_path: Path) -> None:
    settings = Settings(tmp_path, str(tmp_path / "events.sqlite"))
    client = create_app(settings, Recommender(model, VERSION)).test_client()
    assert client.patch("/items/i3", json={"available_from": "1970-01-03"}).status_code == 200
    first = client.get("/latest?k=2").json["items"]
    assert [(item["item_id"], item["source"]) for item in first] == [("i3", "available_from"), ("i48", "first_event")]
    assert client.patch("/items/i3", json={"available_from": None}).status_code == 200
    assert client.get("/latest?k=100").json["items"][45]["item_id"] == "i3"
