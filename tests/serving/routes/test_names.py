"""GET /items, /users, /attributes and GET /events over HTTP."""

from __future__ import annotations

from pathlib import Path

from flask.testing import FlaskClient

from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.schemas.answers import ItemRecord
from serving.schemas.events import LatestEvents
from serving.schemas.explore import Facets, MapPage
from serving.schemas.names import Items, Users
from serving.settings import ServeConfig, Settings


def service(model: Model, folder: Path) -> FlaskClient:
    settings = Settings(folder, str(folder / "events.sqlite"), ServeConfig(access_log=False))
    return create_app(settings, Recommender(model, "v1")).test_client()


def test_items_by_title_without_hidden_ones(model: Model, tmp_path: Path) -> None:
    client = service(model, tmp_path)
    answer = client.get("/items?q=title+1&k=20").json
    Items.model_validate(answer)
    names = [item["item_id"] for item in answer["items"]]
    assert sorted(names) == sorted(["i1", *(f"i{num}" for num in range(10, 20))])
    assert names[0] == "i1"  # its title is what was typed
    assert answer["items"][0]["attributes"] == {"year": 1991}
    assert client.put("/items/i1/hidden").status_code == 204
    assert [item["item_id"] for item in client.get("/items?q=title+1&k=20").json["items"]] == names[1:]


def test_a_record_says_whether_the_item_is_hidden(model: Model, tmp_path: Path) -> None:
    client = service(model, tmp_path)
    shown = client.get("/items/i1").json
    assert shown["hidden"] is False
    client.put("/items/i1/hidden")
    record = client.get("/items/i1").json
    ItemRecord.model_validate(record)
    assert record == {**shown, "hidden": True}
    assert client.get("/items/i2").json["hidden"] is False
    client.delete("/items/i1/hidden")
    assert client.get("/items/i1").json == shown


def test_deleted_users_are_not_named(model: Model, tmp_path: Path) -> None:
    client = service(model, tmp_path)
    answer = client.get("/users?q=u2&k=20").json
    Users.model_validate(answer)
    names = [user["user_id"] for user in answer["users"]]
    assert names == sorted(["u2", *(f"u{num}" for num in range(20, 30))])
    client.delete("/users/u21")
    assert [user["user_id"] for user in client.get("/users?q=u2&k=20").json["users"]] == [
        n for n in names if n != "u21"
    ]


def test_facets_follow_the_model(model: Model, tmp_path: Path) -> None:
    answer = service(model, tmp_path).get("/attributes?filter=year>=2000").json
    Facets.model_validate(answer)
    assert answer["n_items"] == 40
    assert [facet["attribute"] for facet in answer["attributes"]] == ["year"]


def test_latest_events_are_the_newest_first_and_forget_the_deleted(model: Model, tmp_path: Path) -> None:
    client = service(model, tmp_path)
    sent = [{"user_id": f"u{num}", "item_id": f"i{num}", "timestamp": 1_700_000_000 - num} for num in range(5)]
    client.post("/events", json=[*sent, {"user_id": "u1", "item_id": "not-in-the-catalog"}])
    answer = client.get("/events?k=4").json
    LatestEvents.model_validate(answer)
    assert [event["item_id"] for event in answer["events"]] == ["not-in-the-catalog", "i4", "i3", "i2"]
    assert [event["title"] for event in answer["events"]] == ["", "Title 4", "Title 3", "Title 2"]
    client.delete("/users/u4")
    assert "u4" not in {event["user_id"] for event in client.get("/events").json["events"]}


def test_without_an_event_store_there_are_no_latest_events(client: FlaskClient) -> None:
    response = client.get("/events")
    assert response.status_code == 409
    assert "store.events" in response.json["detail"]


def test_attributes_of_listed_items(client: FlaskClient) -> None:
    for path in ("/recommend/u1", "/similar/i1", "/popular", "/search?q=text&mode=keyword"):
        plain = client.get(path).json
        join = "&" if "?" in path else "?"
        shown = client.get(f"{path}{join}attributes=true").json
        for item, full in zip(plain["items"], shown["items"], strict=True):
            assert full == {**item, "attributes": {"year": 1990 + int(item["item_id"][1:])}}


def test_a_column_of_the_map(client: FlaskClient) -> None:
    answer = client.get("/map?attribute=year&k=5").json
    assert answer["attribute_name"] == "year"
    assert answer["attribute"] == [1990 + int(name[1:]) for name in answer["item_id"]]
    place = client.get(f"/items/{answer['item_id'][0]}").json["place"]
    assert place == [answer["x"][0], answer["y"][0]]
    assert "no attribute 'years'" in client.get("/map?attribute=years").json["detail"]


def test_a_column_of_the_map_alone(client: FlaskClient) -> None:
    for rest in ("k=5", "k=20&offset=40", "filter=year>=2030&exclude=i45", "cluster=1&k=10000"):
        whole = client.get(f"/map?attribute=year&{rest}").json
        column = client.get(f"/map?attribute=year&fields=attribute&{rest}").json
        MapPage.model_validate(column)
        dropped = {"title", "x", "y", "cluster", "popularity", "clusters"}
        assert column == {name: value for name, value in whole.items() if name not in dropped}
        assert whole.keys() - column.keys() == dropped
    assert client.get("/map?attribute=year&fields=all&k=5").json == client.get("/map?attribute=year&k=5").json
    bare = client.get("/map?fields=attribute&k=1").json
    assert bare.keys() == {"model_version", "n_items", "item_id", "next_offset"}
    response = client.get("/map?fields=title")
    assert (response.status_code, "'fields' is 'title'" in response.json["detail"]) == (400, True)
