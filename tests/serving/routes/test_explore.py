"""GET /clusters, /segments, /map and /directions."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from recsys.config import ServeConfig
from recsys.explore.json import Page, clusters_object, directions_object, map_object, segment_object
from recsys.model.extras.directions import Directions
from recsys.model.extras.groups import Clusters, Segments
from recsys.model.extras.item_map import ItemMap
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.settings import Settings
from tests.serving.conftest import VERSION, strict_json

PATHS = ("/clusters", "/clusters/0", "/segments", "/segments/0", "/map", "/directions")


@pytest.fixture
def stored(model: Model, tmp_path: Path) -> FlaskClient:
    """A service with an event store."""
    settings = Settings(tmp_path, str(tmp_path / "events.sqlite"), ServeConfig(access_log=False))
    return create_app(settings, Recommender(model, VERSION)).test_client()


def test_the_answers_are_those_of_the_model(client: FlaskClient, model: Model) -> None:
    recommender = Recommender(model, VERSION)
    assert strict_json(client.get("/clusters").text) == clusters_object(recommender)
    assert client.get("/segments/1?k=3&offset=2").json == segment_object(recommender, "1", Page(3, 2))
    assert client.get("/map?k=7&offset=40").json == map_object(recommender, Page(7, 40))
    assert client.get("/directions").json == directions_object(recommender)


def test_a_part_of_the_map(client: FlaskClient) -> None:
    found = client.get("/map?filter=year>=2036&filter=year<2039&exclude=i47").json
    assert sorted(found["item_id"]) == ["i46", "i48"]


def test_the_map_says_how_many_items_all_its_pages_have(stored: FlaskClient) -> None:
    for rest, n_items in (("k=7", 49), ("k=7&offset=48", 49), ("offset=99", 49), ("filter=year>=2036&exclude=i47", 2)):
        assert (rest, stored.get(f"/map?{rest}").json["n_items"]) == (rest, n_items)
    stored.put("/items/i0/hidden")
    assert stored.get("/map?k=1").json["n_items"] == 48


def test_a_page_of_the_map_may_be_long(client: FlaskClient) -> None:
    assert len(client.get("/map?k=10000").json["item_id"]) == 49
    assert client.get("/map?k=10001").status_code == 400


def test_no_cache_keeps_who_is_in_a_segment(client: FlaskClient) -> None:
    assert client.get("/segments/0").headers["Cache-Control"] == "private, no-store"


def test_each_item_and_user_knows_its_own(client: FlaskClient) -> None:
    assert client.get("/items/i5").json["cluster"] == {"cluster_id": 2, "name": "Cluster 2", "closeness": 0.9}
    assert client.get("/items/i49").json["cluster"] is None
    assert client.get("/users/u5").json["segment"]["name"] == "Segment 1"
    assert client.get("/users/u29").json["segment"] is None


def test_what_is_hidden_is_not_shown(stored: FlaskClient) -> None:
    assert stored.put("/items/i0/hidden").status_code == 204
    for path in PATHS:
        assert '"i0"' not in stored.get(path).text
    assert stored.delete("/items/i0/hidden").status_code == 204
    assert '"i0"' in stored.get("/map").text


def test_a_deleted_user_is_in_no_segment(stored: FlaskClient) -> None:
    def members() -> list[str]:
        return [one["user_id"] for one in stored.get("/segments/0").json["members"]]

    assert members()[:2] == ["u0", "u2"]
    assert stored.delete("/users/u0").status_code == 204
    assert members()[0] == "u2"
    stored.post("/events", json={"user_id": "u0", "item_id": "i4"})
    assert members()[0] == "u2"
    assert stored.get("/users/u0").json["segment"] is None


@pytest.mark.parametrize("path", ["/clusters/3", "/segments/2", "/clusters/-1", "/clusters/x", "/clusters/%C3%BC"])
def test_a_group_that_is_not_there_is_404(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert f"is not in model {VERSION}; it has 0 to" in response.json["detail"]


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/clusters?k=3", "unknown parameter 'k'; this resource takes none"),
        ("/clusters/0?k=0", "parameter 'k' is '0': Input should be greater than or equal to 1"),
        ("/clusters/0?k=1001", "parameter 'k' is '1001'"),
        ("/segments/0?offset=-1", "parameter 'offset' is '-1': must be a whole number in plain digits"),
        ("/segments/0?ofset=1", "unknown parameter 'ofset'; did you mean 'offset'?"),
        ("/map?cluster=x", "parameter 'cluster' is 'x': must be a whole number in plain digits"),
        ("/recommend/u3?cluster=-1", "parameter 'cluster' is '-1'"),
        ("/map?filter=year=3", "for equality write :"),
        ("/map?filter=yaer:3", "items have no attribute 'yaer'; did you mean 'year'?"),
        ("/map?k=1&k=2", "parameter 'k' is given more than once"),
        ("/directions?space=content", "unknown parameter 'space'; this resource takes none"),
    ],
)
def test_bad_parameters_are_refused(client: FlaskClient, path: str, detail: str) -> None:
    response = client.get(path)
    assert response.status_code == 400
    assert detail in response.json["detail"]


def test_a_model_without_them_says_so(model: Model, tmp_path: Path) -> None:
    bare = model.without(Clusters, Segments, ItemMap, Directions)
    client = create_app(Settings(tmp_path), Recommender(bare, VERSION)).test_client()
    for path in PATHS:
        response = client.get(path)
        assert response.status_code == 409
        assert "explore.enabled" in response.json["detail"]
    assert client.get("/items/i0").json["cluster"] is None
    assert client.get("/users/u0").json["segment"] is None


def test_without_a_model_nothing_is_shown(empty: FlaskClient) -> None:
    assert {empty.get(path).status_code for path in PATHS} == {503}


LISTS = ("/recommend/u3", "/recommend/nobody", "/similar/i7", "/popular", "/map")


@pytest.mark.parametrize("path", LISTS)
def test_a_list_of_one_group_alone(client: FlaskClient, path: str) -> None:
    found = client.get(f"{path}?cluster=1&k=40").json
    ids = found["item_id"] if path == "/map" else [one["item_id"] for one in found["items"]]
    assert len(ids) >= 14
    assert {int(one[1:]) % 3 for one in ids} == {1}
    assert "i49" not in ids


@pytest.mark.parametrize("path", LISTS)
def test_a_list_of_a_group_that_is_not_there_is_404(client: FlaskClient, path: str) -> None:
    response = client.get(f"{path}?cluster=3")
    assert response.status_code == 404
    assert response.json["detail"] == "group 3 is not in this model; it has 3, counted from 0"


def test_a_group_and_a_filter_must_both_hold(client: FlaskClient) -> None:
    found = client.get("/popular?cluster=1&filter=year>=2030").json
    assert sorted(one["item_id"] for one in found["items"]) == ["i40", "i43", "i46"]


def test_bodies_take_a_group_as_well(client: FlaskClient) -> None:
    found = client.post("/recommend", json={"history": ["i0"], "cluster": 2, "k": 40}).json
    assert {int(one["item_id"][1:]) % 3 for one in found["items"]} == {2}
    found = client.post("/query", json={"positive": [{"item_id": "i0"}], "cluster": 2, "k": 40}).json
    assert {int(one["item_id"][1:]) % 3 for one in found["items"]} == {2}
    response = client.post("/recommend", json={"history": ["i0"], "cluster": -1})
    assert response.status_code == 422
    assert "cluster" in response.json["detail"]
