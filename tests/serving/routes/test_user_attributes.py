"""Attributes of users over HTTP: on disk before the answer, on every worker, and erased with the user."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from recsys.bundle.store import Store
from recsys.config import ServeConfig
from recsys.events.store import EventStore
from serving.app import create_app
from serving.schemas.answers import Recommendations
from serving.settings import Settings
from tests.support import factories


@pytest.fixture
def where(tmp_path: Path) -> str:
    return str(tmp_path / "events.sqlite")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return factories.publish(tmp_path_factory.mktemp("users") / "store", factories.attributed())[0]


def service(store: Store, where: str) -> FlaskClient:
    return create_app(Settings(store.path, where, ServeConfig(access_log=False))).test_client()


@pytest.fixture
def client(store: Store, where: str) -> FlaskClient:
    return service(store, where)


def attributes(client: FlaskClient, user_id: str) -> object:
    answer = client.get(f"/users/{user_id}")
    assert answer.status_code == 200, answer.text
    return (answer.json or {})["attributes"]


def test_they_are_stored_changed_and_shown_by_every_worker(client: FlaskClient, store: Store, where: str) -> None:
    other = service(store, where)
    assert attributes(other, "u1") == {"country": "DE"}
    answer = client.put("/users/u1", json={"attributes": {"country": "CH", "age": 34, "member": True}})
    assert answer.json == {"user_id": "u1", "revision": 1}
    changed = client.patch("/users/u1", json={"attributes": {"age": None, "languages": ["de"]}})
    assert changed.json == {"user_id": "u1", "revision": 2}
    for worker in (client, other):
        assert attributes(worker, "u1") == {"country": "CH", "languages": ["de"], "member": "true"}
    client.put("/users/u1", json={"attributes": {"plan": "free"}})
    assert attributes(other, "u1") == {"plan": "free"}


def test_a_user_need_not_be_known(client: FlaskClient) -> None:
    assert client.get("/users/new").status_code == 404
    assert client.patch("/users/new", json={"attributes": {"age": 34}}).status_code == 200
    assert attributes(client, "new") == {"age": 34}


def test_a_forgotten_user_loses_them(client: FlaskClient, where: str) -> None:
    client.put("/users/new", json={"attributes": {"age": 34}})
    assert client.delete("/users/new").status_code == 204
    assert client.get("/users/new").status_code == 404
    with EventStore.open(where) as events:
        assert events.users.since() == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"attributes": {"age": {"years": 3}}}, "attributes.age"),
        ({"attributes": {"": 1}}, "the name of a value '' is empty"),
        ({"attributes": {"a\0": 1}}, "holds a NUL"),
        ({"attribute": {}}, "there is no key 'attribute'; did you mean 'attributes'?"),
        ({}, "attributes"),
        ({"attributes": {f"n{num}": num for num in range(201)}}, "at most 200"),
        ({"attributes": {"text": "x" * 70_000}}, "user 'u1' has 70012 characters; at most 65536 are kept"),
    ],
)
def test_a_bad_body_is_refused(client: FlaskClient, body: object, problem: str) -> None:
    answer = client.put("/users/u1", json=body)
    assert answer.status_code == 422
    assert problem in answer.text


def test_the_address_of_a_merge_takes_no_attributes(client: FlaskClient) -> None:
    answer = client.put("/users/u1/merge", json={"attributes": {}})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "OPTIONS, POST")


def test_without_an_event_store_nothing_is_kept(store: Store) -> None:
    answer = service(store, "").put("/users/u1", json={"attributes": {}})
    assert answer.status_code == 409
    assert "set store.events" in answer.text


def test_a_new_user_gets_a_list_by_them_on_every_worker_with_the_next_request(
    client: FlaskClient, store: Store, where: str
) -> None:
    other = service(store, where)
    popular = other.get("/recommend/new").json or {}
    assert (popular["strategy"], popular["fallback"]) == ("popular", True)
    client.put("/users/new", json={"attributes": {"country": "CH", "age": 34}})
    for worker in (client, other):
        answer = worker.get("/recommend/new?explain=true").json or {}
        Recommendations.model_validate(answer)
        assert (answer["strategy"], answer["fallback"]) == ("attributes", False)
        for item in answer["items"]:
            given = item["reason"]["attributes"]
            assert [(one["attribute"], one["value"]) for one in given] == [("age", "from 30"), ("country", "CH")]
            total = item["reason"]["popularity"] + sum(one["score"] for one in given)
            assert total == pytest.approx(item["score"], abs=3e-6)
    same = client.get("/recommend/swiss").json or {}
    assert same["items"] == (other.get("/recommend/new").json or {})["items"]
    client.delete("/users/new")
    assert (other.get("/recommend/new").json or {})["strategy"] == "popular"


def test_attributes_of_the_model_are_gone_with_their_user(client: FlaskClient) -> None:
    assert (client.get("/recommend/swiss").json or {})["strategy"] == "attributes"
    assert attributes(client, "swiss") == {"country": "CH", "age": 34}
    client.delete("/users/swiss")
    assert (client.get("/recommend/swiss").json or {})["strategy"] == "popular"
    assert client.get("/users/swiss").status_code == 404


def test_where_an_item_is_and_given_items_follow_them(client: FlaskClient) -> None:
    first = (client.get("/recommend/swiss?k=1").json or {})["items"][0]["item_id"]
    placed = client.get(f"/why?user_id=swiss&item_id={first}").json or {}
    assert (placed["strategy"], placed["fallback"], placed["rank"]) == ("attributes", False, 1)
    ranked = client.post("/rank", json={"user_id": "swiss", "item_ids": ["i1", first]}).json or {}
    assert (ranked["strategy"], ranked["items"][0]["item_id"]) == ("attributes", first)
    sent = client.post("/recommend", json={"user_id": "swiss", "k": 1, "exclude": [first]}).json or {}
    assert sent["strategy"] == "attributes"
    assert sent["items"][0]["item_id"] != first


def test_a_user_with_a_history_keeps_the_list(client: FlaskClient) -> None:
    before = client.get("/recommend/u1").json or {}
    client.put("/users/u1", json={"attributes": {"country": "CH"}})
    after = client.get("/recommend/u1").json or {}
    assert before["items"] == after["items"]
