"""GET /why: over the same model and events as GET /recommend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from recsys.config import ServeConfig
from recsys.events.records import EventsInfo
from recsys.events.store import EventStore
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.settings import Settings
from tests.serving.conftest import VERSION
from tests.support.event_stores import NOW, event

OUT = ("seen", "hidden", "excluded", "filtered")


@pytest.fixture
def where(tmp_path: Path) -> str:
    return str(tmp_path / "events.sqlite")


@pytest.fixture
def client(where: str, model: Model) -> FlaskClient:
    """A model that was trained with the first of two events; lists have a penalty."""
    with EventStore.open(where) as store:
        store.add([event("u1", "i2", event="view", timestamp=NOW)])
        mark = store.watermark()
        store.add([event("u1", "i30", timestamp=NOW + 60)])
        store.hide("i40")
        store.forget("u3")
    trained = EventsInfo(store_id=mark.store_id, through=mark.through)
    settings = Settings(Path(where).parent, where, ServeConfig(popularity_penalty=0.3))
    return create_app(settings, Recommender(model, VERSION, trained)).test_client()


def ask(client: FlaskClient, user: str, item: str, query: str = "") -> Any:
    response = client.get(f"/why?user_id={user}&item_id={item}&{query}")
    assert response.status_code == 200, response.text
    assert response.headers["Cache-Control"] == "private, no-store"
    return response.json


@pytest.mark.parametrize("user", ["u0", "u1", "u3", "nobody"])
@pytest.mark.parametrize(
    "query",
    [
        "",
        "k=7&diversity=0.4",
        "popularity_penalty=0&cluster=1&k=7",
        "k=7&filter=year>=2000&exclude=i9,i20&include_seen=true",
    ],
)
def test_it_agrees_with_the_list(client: FlaskClient, user: str, query: str) -> None:
    listed: Any = client.get(f"/recommend/{user}?explain=true&{query}").json
    whole: Any = client.get(f"/recommend/{user}?explain=true&{query.replace('k=7', 'k=1000') or 'k=1000'}").json
    ranked = {item["item_id"]: item for item in whole["items"]}
    for item in (f"i{num}" for num in range(0, 50, 3)):
        body, there = ask(client, user, item, query), ranked.get(item)
        assert body["listed"] == (item in {one["item_id"] for one in listed["items"]}) == (not body["reasons"])
        assert (body["strategy"], body["fallback"]) == (listed["strategy"], listed["fallback"])
        assert body["last"] == listed["items"][-1]
        if there is None:
            assert body["rank"] is None
            assert body["reasons"][0]["kind"] in OUT
        else:
            assert not {reason["kind"] for reason in body["reasons"]} & {*OUT}
            found = {name: body[name] for name in ("rank", "item_id", "title", "score", "source")}
            assert {**found, "reason": body["parts"]} == there


def test_a_seen_item_has_its_times(client: FlaskClient) -> None:
    trained, since = (ask(client, "u1", item)["reasons"][0] for item in ("i2", "i30"))
    received = [{"event": "view", "value": None, "timestamp": NOW}]
    assert trained == {"kind": "seen", "liked": True, "weight": 1.0, "at": NOW, "events": received}
    received = [{"event": "", "value": None, "timestamp": NOW + 60}]
    assert since == {"kind": "seen", "liked": True, "weight": None, "at": NOW + 60, "events": received}
    assert ask(client, "u2", "i2")["reasons"][0] == {**trained, "at": None, "events": []}
    client.post("/events", json={"user_id": "u1", "item_id": "i2", "timestamp": NOW + 90})
    both = ask(client, "u1", "i2")["reasons"][0]
    assert [one["timestamp"] for one in both["events"]] == [NOW + 90, NOW]
    assert (both["weight"], both["at"]) == (1.0, NOW + 90)


def test_a_hidden_item_and_a_deleted_user(client: FlaskClient) -> None:
    hidden = ask(client, "u1", "i40")
    assert (hidden["rank"], hidden["reasons"][0]) == (None, {"kind": "hidden"})
    deleted = ask(client, "u3", "i4")
    assert (deleted["strategy"], deleted["fallback"]) == ("popular", True)
    assert "seen" not in {reason["kind"] for reason in deleted["reasons"]}  # u3 has seen it
    assert {**deleted, "user_id": ""} == {**ask(client, "nobody", "i4"), "user_id": ""}


def test_after_an_event_the_item_is_seen(client: FlaskClient) -> None:
    first: Any = client.get("/recommend/u5").json["items"][0]  # type: ignore[index]
    assert ask(client, "u5", first["item_id"])["rank"] == 1
    assert client.post("/events", json={"user_id": "u5", "item_id": first["item_id"]}).status_code == 202
    assert ask(client, "u5", first["item_id"])["reasons"][0]["kind"] == "seen"


@pytest.mark.parametrize(
    ("query", "status", "detail"),
    [
        ("item_id=i1", 400, "parameter 'user_id' is missing"),
        ("user_id=u1", 400, "parameter 'item_id' is missing"),
        ("user_id=u1&item_id=", 400, "parameter 'item_id' is ''"),
        ("user_id=u1&item_id=i1&offset=10", 400, "unknown parameter 'offset'"),
        ("user_id=u1&item_id=i1&diversty=0.1", 400, "unknown parameter 'diversty'; did you mean 'diversity'?"),
        ("user_id=u1&item_id=i1&filter=yaer>3", 400, "items have no attribute 'yaer'; did you mean 'year'"),
        ("user_id=u1&item_id=I1", 404, "item 'I1' is not in the catalog of model"),
        ("user_id=u1&item_id=I1", 404, "did you mean 'i1'?"),
        ("user_id=u1&item_id=i1&cluster=77", 404, "group 77 is not in this model"),
    ],
)
def test_what_cannot_be_answered_is_refused(client: FlaskClient, query: str, status: int, detail: str) -> None:
    response = client.get(f"/why?{query}")
    assert response.status_code == status
    assert detail in response.get_json()["detail"]


def test_while_events_cannot_be_read_it_says_so(client: FlaskClient, where: str) -> None:
    assert "degraded" not in ask(client, "u1", "i2")
    Path(where).write_bytes(b"no database" * 1000)
    body = ask(client, "u1", "i2")
    assert body["degraded"] == ["events"]
    assert body["reasons"][0] == {"kind": "seen", "liked": True, "weight": 1.0, "at": None, "events": []}
