"""Ids come back byte for byte over HTTP, whatever they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

import pytest
from flask.testing import FlaskClient

from recsys.data.catalog import Catalog, Item
from recsys.data.ids import IdMap
from recsys.events.records import LONGEST_ID
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.settings import Settings
from tests.support import factories
from tests.support.odd_ids import ODD_IDS

PATHS = (
    "a/b",
    "/",
    "//",
    "a//b",
    "..",
    ".",
    "../..",
    "a/hidden",
    "hidden",
    "%2F",
    "%",
    "a?b#c",
    "a;b",
    "+",
    "a+b",
    "<b>",
    "~",
)
IDS = (*ODD_IDS, *PATHS)
STORED = tuple(one for one in IDS if "\0" not in one and len(one.encode()) <= LONGEST_ID)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A service over items and users with the ids."""
    small = factories.model(n_users=len(IDS), n_items=len(IDS))
    items = Catalog.from_items([Item(one, f"Title {number}") for number, one in enumerate(IDS)])
    renamed = Model(**{**vars(small), "catalog": items, "users": IdMap.from_ids(IDS)})
    folder = tmp_path_factory.mktemp("odd")
    app = create_app(Settings(folder, str(folder / "events.sqlite")), Recommender(renamed, "v1"))
    with app.test_client() as client:
        yield client


def path_of(prefix: str, one: str, suffix: str = "") -> str:
    return f"/{prefix}/{quote(one, safe='')}{suffix}"


@pytest.mark.parametrize("one", IDS, ids=range(len(IDS)))
def test_in_the_path(odd: FlaskClient, one: str) -> None:
    assert odd.get(path_of("items", one)).json["item_id"] == one
    assert odd.get(path_of("similar", one)).json["item_id"] == one
    for path in ("recommend", "users"):
        answer = odd.get(path_of(path, one))
        assert answer.json["user_id"] == one
        assert answer.json.get("strategy") != "popular"


@pytest.mark.parametrize("one", IDS, ids=range(len(IDS)))
def test_in_a_query(odd: FlaskClient, one: str) -> None:
    for user, item in ((one, IDS[0]), (IDS[0], one)):  # both would be too long an address
        answer = odd.get("/why", query_string={"user_id": user, "item_id": item}).json
        assert (answer["user_id"], answer["item_id"], answer["fallback"]) == (user, item, False)


@pytest.mark.parametrize("one", [one for one in IDS if "/" in one], ids=repr)
def test_a_slash_may_stand_as_it_is(odd: FlaskClient, one: str) -> None:
    assert odd.get(f"/items/{quote(one, safe='/')}").json["item_id"] == one


@pytest.mark.parametrize("one", IDS, ids=range(len(IDS)))
def test_in_a_body(odd: FlaskClient, one: str) -> None:
    answer = odd.post("/recommend", json={"user_id": one, "k": 3})
    assert (answer.status_code, answer.json["user_id"]) == (200, one)
    answer = odd.post("/rank", json={"user_id": one, "item_ids": [one, "unknown " + one]})
    assert [item["item_id"] for item in answer.json["items"]] == [one]
    assert answer.json["unknown"] == ["unknown " + one]


def test_all_items_are_listed_under_their_ids(odd: FlaskClient) -> None:
    found = {item["item_id"] for item in odd.get("/popular?k=1000").json["items"]}
    assert found == set(IDS)


def test_ids_that_look_alike_are_kept_apart(odd: FlaskClient) -> None:
    titles = [odd.get(path_of("items", one)).json["title"] for one in IDS]
    assert titles == [f"Title {number}" for number in range(len(IDS))]


@pytest.mark.parametrize("one", STORED, ids=range(len(STORED)))
def test_in_an_event(odd: FlaskClient, one: str) -> None:
    sent = {"user_id": "new " + one[:100], "item_id": one, "event_id": one}
    counts = {"accepted": 1, "duplicates": 0, "unknown_items": 0, "event_ids": [sent["event_id"]]}
    assert odd.post("/events", json=sent).json == counts
    assert odd.post("/events", json=sent).json == {**counts, "accepted": 0, "duplicates": 1}
    user = odd.get(path_of("users", sent["user_id"])).json
    assert (user["user_id"], user["events"][0]["item_id"]) == (sent["user_id"], one)
    assert odd.delete(path_of("events", one)).status_code == 204
    assert odd.get(path_of("users", sent["user_id"])).status_code == 404
    odd.post("/events", json={**sent, "event_id": f"2{one}"[:512]})
    assert odd.delete(path_of("users", sent["user_id"])).status_code == 204
    assert odd.get(path_of("users", sent["user_id"])).status_code == 404


@pytest.mark.parametrize("one", STORED, ids=range(len(STORED)))
def test_hidden_by_its_id(odd: FlaskClient, one: str) -> None:
    assert odd.put(path_of("items", one, "/hidden")).status_code == 204
    assert {item["item_id"] for item in odd.get("/popular?k=1000").json["items"]} == set(IDS) - {one}
    assert odd.delete(path_of("items", one, "/hidden")).status_code == 204
    assert {item["item_id"] for item in odd.get("/popular?k=1000").json["items"]} == set(IDS)


@pytest.mark.parametrize("one", sorted(set(IDS) - set(STORED)))
def test_what_the_event_store_cannot_keep_is_refused(odd: FlaskClient, one: str) -> None:
    assert odd.post("/events", json={"user_id": "u", "item_id": one}).status_code == 422
    assert odd.put(path_of("items", one, "/hidden")).status_code == 400


def test_the_method_tells_an_item_from_its_hiding(odd: FlaskClient) -> None:
    """GET asks for the item ``a/hidden``; PUT and DELETE hide and show the item ``a``, or ``a/hidden`` with another /hidden.

    The record of such an item is set by POST.
    """
    assert odd.get("/items/a/hidden").json["item_id"] == "a/hidden"
    assert odd.put("/items/a/hidden/hidden").status_code == 204
    hidden = set(IDS) - {item["item_id"] for item in odd.get("/popular?k=1000").json["items"]}
    assert hidden == {"a/hidden"}
    assert odd.delete("/items/a/hidden/hidden").status_code == 204
    assert odd.put("/items/a", json={}).json["item_id"] == "a"
    assert odd.patch("/items/a/hidden", json={}).status_code == 405
    assert odd.post("/items", json=[{"item_id": "a/hidden", "title": "by POST"}]).json["accepted"] == 1
    assert odd.get("/items/a/hidden").json["title"] == "by POST"
    assert odd.post("/items/a/hidden").status_code == 405


@pytest.mark.parametrize("path", ["/items/%FF", "/recommend/a%C3", "/similar/%ED%A0%80", "/users/%C0%80"])
def test_bytes_that_are_no_text_are_400_and_no_id(odd: FlaskClient, path: str) -> None:
    response = odd.get("/", environ_overrides={"PATH_INFO": unquote_to_bytes(path).decode("latin-1")})
    assert response.status_code == 400
    assert response.json["detail"].startswith("the path is not UTF-8")


def test_the_settings_keep_a_folder(tmp_path: Path) -> None:
    assert create_app(Settings(tmp_path)).test_client().get("/items/").status_code == 404  # an id is never empty
