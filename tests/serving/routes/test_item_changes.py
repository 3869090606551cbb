"""Changes of items over HTTP: in every list, filter and facet at once, and for good."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from recsys.bundle.store import Store
from recsys.config import ServeConfig
from recsys.events.store import EventStore
from serving.app import create_app
from serving.routes import item_changes
from serving.settings import Settings
from tests.support import factories


@pytest.fixture
def where(tmp_path: Path) -> str:
    return str(tmp_path / "events.sqlite")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return factories.publish(tmp_path_factory.mktemp("items") / "store", factories.listed(factories.model(), 20))[0]


def service(store: Store, where: str) -> FlaskClient:
    return create_app(Settings(store.path, where, ServeConfig(access_log=False))).test_client()


@pytest.fixture
def client(store: Store, where: str) -> FlaskClient:
    return service(store, where)


@pytest.fixture
def other(store: Store, where: str, client: FlaskClient) -> FlaskClient:
    """Another worker."""
    client.get("/recommend/u1")
    made = service(store, where)
    made.get("/recommend/u1")
    return made


def listed(client: FlaskClient, path: str) -> list[dict[str, Any]]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = (answer.json or {})["items"]
    return found


def ids(client: FlaskClient, path: str) -> list[str]:
    return [item["item_id"] for item in listed(client, path)]


def test_a_value_counts_in_filters_facets_and_records_of_every_worker(client: FlaskClient, other: FlaskClient) -> None:
    best = ids(client, "/recommend/u1?k=3")[1]
    answer = client.patch(f"/items/{best}", json={"price": 12.5, "title": "Renamed", "tags": ["new", "hot"]})
    assert answer.json == {"item_id": best, "revision": 1, "searchable": True}
    for worker in (client, other):
        assert ids(worker, "/recommend/u1?filter=price>=12&filter=tags:hot") == [best]
        assert ids(worker, "/recommend/u1?filter=price<12") == []
        assert ids(worker, "/recommend/u1?k=3&filter=tags!:hot").count(best) == 0
        shown = next(item for item in listed(worker, "/recommend/u1?k=3&attributes=true") if item["item_id"] == best)
        assert (shown["title"], shown["attributes"]["price"]) == ("Renamed", 12.5)
        record = worker.get(f"/items/{best}").json or {}
        assert (record["title"], record["attributes"]["tags"]) == ("Renamed", ["new", "hot"])
        facets = {facet["attribute"]: facet for facet in (worker.get("/attributes").json or {})["attributes"]}
        assert facets["price"]["n_items"] == 1
        assert {value["value"] for value in facets["tags"]["values"]} == {"new", "hot"}
        assert ids(worker, "/items?q=renam") == [best]
        why = worker.get(f"/why?user_id=u1&item_id={best}&filter=price>20").json or {}
        assert why["reasons"] == [{"kind": "filtered", "by": "price>20", "value": 12.5}]
    client.patch(f"/items/{best}", json={"price": 30, "tags": None})
    for worker in (client, other):
        assert ids(worker, "/recommend/u1?filter=price>20") == [best]
        assert "tags" not in (worker.get(f"/items/{best}").json or {})["attributes"]


def test_a_put_replaces_the_record(client: FlaskClient) -> None:
    before = (client.get("/items/i3").json or {})["attributes"]
    assert before
    answer = client.put("/items/i3", json={"title": "Three", "shelf": "a"})
    assert answer.status_code == 200
    assert (client.get("/items/i3").json or {})["attributes"] == {"shelf": "a"}
    year = int(next(value for name, value in before.items() if name == "year"))
    assert "i3" not in ids(client, f"/popular?k=50&filter=year:{year}")


def test_a_deleted_item_is_in_no_list_until_it_is_put_again(client: FlaskClient, other: FlaskClient) -> None:
    gone = ids(client, "/recommend/u1?k=3")[0]
    assert client.delete(f"/items/{gone}").status_code == 204
    for worker in (client, other):
        for path in ("/recommend/u1?k=50", "/similar/i1?k=50", "/popular?k=50", "/items?k=50", f"/items?q={gone}"):
            assert gone not in ids(worker, path)
        ranked = worker.post("/rank", json={"user_id": "u1", "item_ids": [gone, "i1"]}).json or {}
        assert ranked["unknown"] == [gone]
        assert worker.get(f"/items/{gone}").status_code == 404
        assert worker.get(f"/similar/{gone}").status_code == 404
        version = (worker.get("/models").json or {})["current"]
        assert gone not in ids(worker, f"/models/{version}/recommend/u1?k=50")
        query = worker.post("/query", json={"positive": [{"item_id": "i1"}], "k": 50}).json or {}
        assert gone not in {item["item_id"] for item in query["items"]}
    refused = client.patch(f"/items/{gone}", json={"price": 1})
    assert (refused.status_code, (refused.json or {})["detail"]) == (404, f"there is no item {gone!r}; PUT makes one")
    assert client.put(f"/items/{gone}", json={"title": "Back"}).status_code == 201
    for worker in (client, other):
        assert gone in ids(worker, "/recommend/u1?k=50")


def test_an_item_that_is_not_available_is_in_no_list_meanwhile(client: FlaskClient, other: FlaskClient) -> None:
    best = ids(client, "/recommend/u1?k=3")[0]
    answer = client.patch(f"/items/{best}", json={"available": False})
    assert (answer.json or {})["searchable"] is False
    for worker in (client, other):
        assert best not in ids(worker, "/recommend/u1?k=50")
        assert worker.get(f"/items/{best}").status_code == 200
        why = worker.get(f"/why?user_id=u1&item_id={best}").json or {}
        assert (why["reasons"], why["rank_without"]) == ([{"kind": "unavailable"}], 1)
    client.patch(f"/items/{best}", json={"available": None, "available_from": "2098-01-01T00:00:00Z"})
    assert best not in ids(other, "/recommend/u1?k=50")
    client.patch(f"/items/{best}", json={"available_from": "2026-01-01T00:00:00Z"})
    assert best in ids(other, "/recommend/u1?k=50")
    client.patch(f"/items/{best}", json={"available_until": "2026-01-01T00:00:00Z"})
    assert best not in ids(other, "/recommend/u1?k=50")


def test_a_new_item_is_in_every_list_of_every_worker(client: FlaskClient, other: FlaskClient, where: str) -> None:
    record = {"title": "Zebra", "year": 2060, "tags": ["striped"]}
    answer = client.put("/items/new/one", json=record)
    assert (answer.status_code, answer.json) == (201, {"item_id": "new/one", "revision": 1, "searchable": True})
    assert client.put("/items/new/one", json=record).status_code == 200
    assert client.patch("/items/new/one", json={"price": 2}).status_code == 200
    for worker in (client, other):
        assert ids(worker, "/recommend/u1?filter=tags:striped") == ["new/one"]
        assert ids(worker, "/search?q=zebra&mode=keyword") == ["new/one"]
        (shown,) = listed(worker, "/items?q=zeb")
        assert (shown["item_id"], shown["revision"]) == ("new/one", 3)
        assert [item["revision"] for item in listed(worker, "/items?q=i1&k=1")] == [0]
        assert "new/one" in ids(worker, "/recommend/u1?k=100")
        assert "new/one" in ids(worker, "/popular?k=100")
        assert (worker.get("/items/new/one").json or {})["attributes"]["price"] == 2
        assert worker.get("/similar/new/one").status_code == 200
        assert (worker.get("/attributes").json or {})["n_items"] == 51
    with EventStore.open(where) as store:
        change = store.items.get("new/one")
    assert change is not None
    assert change.values == {**record, "price": 2}
    assert client.patch("/items/i1x", json={}).status_code == 404
    client.delete("/items/new/one")
    for worker in (client, other):
        assert "new/one" not in ids(worker, "/recommend/u1?k=100")
        assert worker.get("/items/new/one").status_code == 404


@pytest.mark.parametrize("lines", [False, True])
def test_a_bad_item_of_many_is_told_by_its_place_and_loses_none(client: FlaskClient, lines: bool) -> None:
    given: list[Any] = [{"item_id": f"n{num}", "title": "T"} for num in range(5)]
    given[1], given[3] = {"title": "no id"}, {"item_id": "n3", "price": {"chf": 1}}
    if lines:
        body = "\n".join(json.dumps(item) for item in given) + '\n{"item_id": \n'
        answer = client.post("/items", data=body, content_type="application/x-ndjson")
    else:
        answer = client.post("/items", json=given)
    found = answer.json or {}
    assert found["accepted"] == 3
    assert [one["place"] for one in found["rejected"]] == ([1, 3, 5] if lines else [1, 3])
    assert found["rejected"][0]["detail"] == "item_id is missing"
    assert client.patch("/items/n4", json={}).status_code == 200
    assert client.patch("/items/n3", json={}).status_code == 404


def test_without_an_event_store_nothing_can_be_changed(store: Store) -> None:
    refused = service(store, "").put("/items/i1", json={})
    assert (refused.status_code, (refused.json or {})["detail"]) == (
        409,
        "no event store is configured; set store.events",
    )


def test_a_new_item_with_nothing_in_common_moves_no_list(client: FlaskClient) -> None:
    before = [ids(client, path) for path in ("/recommend/u1?k=5", "/similar/i3", "/popular")]
    client.put("/items/unknown", json={"title": "x"})
    assert [ids(client, path) for path in ("/recommend/u1?k=5", "/similar/i3", "/popular")] == before


def test_an_event_on_a_new_item_counts(client: FlaskClient, other: FlaskClient) -> None:
    client.put("/items/n1", json={"title": "Zebra"})
    sent = client.post("/events", json={"user_id": "u1", "item_id": "n1", "event": ""})
    assert (sent.json or {})["unknown_items"] == 0
    for worker in (client, other):
        assert "n1" not in ids(worker, "/recommend/u1?k=100")
        assert "n1" in ids(worker, "/recommend/u2?k=100")
        history = (worker.get("/users/u1").json or {})["history"]
        assert "n1" in {entry["item_id"] for entry in history}


def test_over_the_bound_it_asks_for_a_training(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_changes, "MOST_NEW", 2)
    assert client.post("/items", json=[{"item_id": "a"}, {"item_id": "b"}]).status_code == 200
    refused = client.patch("/items/i1", json={"price": 1})
    assert refused.status_code == 409
    assert (refused.json or {})["detail"].endswith("since the training; train a model, which takes the changes along")
    assert "price" not in (client.get("/items/i1").json or {})["attributes"]
