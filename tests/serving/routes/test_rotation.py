"""`rotation` in /recommend and /why over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from recsys.errors import EventStoreError
from recsys.events.impressions import Impressions
from recsys.events.store import EventStore
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.settings import Settings
from tests.serving.conftest import VERSION


@pytest.fixture
def where(tmp_path: Path) -> str:
    return str(tmp_path / "events.sqlite")


def worker(where: str, model: Model) -> FlaskClient:
    return create_app(Settings(Path(where).parent / "store", where), Recommender(model, VERSION)).test_client()


@pytest.fixture
def client(where: str, model: Model) -> FlaskClient:
    return worker(where, model)


def asked(client: FlaskClient, path: str) -> dict[str, Any]:
    answer: Any = client.get(path).json
    assert isinstance(answer, dict), path
    return answer


def ids(answer: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in answer["items"]]


def show(client: FlaskClient, items: list[str], user_id: str = "u1") -> list[str]:
    sent = [{"user_id": user_id, "item_id": item, "event": "impression"} for item in items]
    answer: Any = client.post("/events", json=sent).json
    return list(answer["event_ids"])


@pytest.mark.parametrize("user_id", ["u1", "nobody"])
def test_what_is_shown_steps_back_for_this_user_alone(
    client: FlaskClient, where: str, model: Model, user_id: str
) -> None:
    plain = asked(client, f"/recommend/{user_id}?k=3")
    sent = [event_id for _ in range(4) for event_id in show(client, ids(plain), user_id)]
    assert ids(asked(client, f"/recommend/{user_id}?k=3")) == ids(plain)
    turned = asked(client, f"/recommend/{user_id}?k=3&rotation=1&explain=true")
    assert not set(ids(turned)) & set(ids(plain))
    body = {"user_id": user_id, "k": 3, "rotation": 1, "explain": True}
    for one in (
        worker(where, model).get(f"/recommend/{user_id}?k=3&rotation=1&explain=true"),
        client.post("/recommend", json=body),
    ):
        answer: Any = one.json
        assert answer["items"] == turned["items"]
    assert ids(asked(client, "/recommend/u2?k=3&rotation=1")) == ids(asked(client, "/recommend/u2?k=3"))
    for event_id in sent:
        client.delete(f"/events/{event_id}")
    assert ids(asked(client, f"/recommend/{user_id}?k=3&rotation=1")) == ids(plain)


def test_the_reasons_and_why_agree(client: FlaskClient) -> None:
    first = ids(asked(client, "/recommend/u1?k=1"))[0]
    show(client, [first] * 5)
    items = asked(client, "/recommend/u1?k=50&rotation=0.8&explain=true")["items"]
    place = next(item for item in items if item["item_id"] == first)
    assert place["reason"]["rotation"] < 0
    why = asked(client, f"/why?user_id=u1&item_id={first}&k=1&rotation=0.8")
    assert (why["rank"], why["score"]) == (place["rank"], place["score"])
    assert {"kind": "rotation", "rank": 1} in why["reasons"]
    assert why["parts"]["rotation"] == pytest.approx(place["reason"]["rotation"])


def test_pages_repeat_nothing_whatever_is_shown_in_between(client: FlaskClient, where: str, model: Model) -> None:
    show(client, ids(asked(client, "/recommend/u1?k=8")))
    whole = ids(asked(client, "/recommend/u1?k=24&rotation=0.6"))
    page = asked(client, "/recommend/u1?k=6&rotation=0.6")
    listed, name = ids(page), page["recommendation_id"]
    while len(listed) < 24:
        show(client, ids(page) * 3)
        client.post("/events", json={"user_id": "u1", "item_id": "no such item"})
        path = f"/recommend/u1?k=6&rotation=0.6&offset={page['next_offset']}&recommendation_id={name}"
        page = asked(client, path)
        assert page["recommendation_id"] == name
        other = asked(worker(where, model), path)
        assert other == page
        listed += ids(page)
    assert listed == whole
    assert ids(asked(client, "/recommend/u1?k=24&rotation=0.6")) != whole


def test_a_later_page_needs_a_list_with_rotation(client: FlaskClient) -> None:
    name = asked(client, "/recommend/u1?k=2")["recommendation_id"]
    answer = client.get(f"/recommend/u1?k=2&offset=2&rotation=1&recommendation_id={name}")
    assert answer.status_code == 409
    assert "was made without rotation" in answer.text
    turned = asked(client, "/recommend/u1?k=2&rotation=1")["recommendation_id"]
    assert (len(name), len(turned)) == (32, 52)
    assert client.get(f"/recommend/u1?k=2&offset=2&recommendation_id={turned}").status_code == 200


def test_rotation_needs_an_event_store(model: Model, tmp_path: Path) -> None:
    client = create_app(Settings(tmp_path), Recommender(model, VERSION)).test_client()
    for answer in (
        client.get("/recommend/u1?rotation=0.5"),
        client.post("/recommend", json={"history": ["i1"], "rotation": 0.5}),
        client.get("/why?user_id=u1&item_id=i1&rotation=0.5"),
    ):
        assert answer.status_code == 409
        assert "no event store is configured" in answer.text
    assert client.get("/recommend/u1?rotation=0").status_code == 200


def test_a_failing_store_is_told(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise EventStoreError("the disk is gone")

    show(client, ids(asked(client, "/recommend/u1?k=3")))
    monkeypatch.setattr(Impressions, "unanswered", fail)
    answer = asked(client, "/recommend/u1?k=3&rotation=1")
    assert answer["degraded"] == ["events"]
    assert len(answer["items"]) == 3


def test_a_deleted_user_begins_anew(client: FlaskClient, where: str) -> None:
    popular = ids(asked(client, "/recommend/nobody?k=3"))
    show(client, popular, "nobody")
    client.delete("/users/nobody")
    assert ids(asked(client, "/recommend/nobody?k=3&rotation=1")) == popular
    with EventStore.open(where) as store:
        assert store.impressions.of_user("nobody") == []


def test_a_guest_was_shown_nothing(client: FlaskClient) -> None:
    body = {"history": ["i1", "i2"], "k": 5}
    plain: Any = client.post("/recommend", json=body).json
    turned: Any = client.post("/recommend", json={**body, "rotation": 1}).json
    assert turned["items"] == plain["items"]
