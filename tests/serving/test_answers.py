"""What /recommend, /similar and /items answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from recsys.data.catalog import Catalog, Item
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from serving.app import create_app
from serving.settings import Settings
from tests.serving.conftest import VERSION, strict_json
from tests.support import factories


def test_recommend_answers_with_the_envelope(client: FlaskClient, model: Model) -> None:
    response = client.get("/recommend/u3?k=4")
    body = strict_json(response.text)
    expected = Recommender(model, VERSION).recommend("u3", ListRequest(4))
    assert response.status_code == 200
    assert body["user_id"] == "u3"
    assert body["model_version"] == VERSION
    assert body["strategy"] == "personalized"
    assert body["fallback"] is False
    assert len(body["recommendation_id"]) == 32
    assert [item["item_id"] for item in body["items"]] == [item.item_id for item in expected.items]
    assert [item["rank"] for item in body["items"]] == [1, 2, 3, 4]
    assert body["items"][0]["title"] == expected.items[0].title
    assert body["items"][0]["score"] == pytest.approx(expected.items[0].score, abs=1e-6)
    assert response.headers["Cache-Control"] == "private, no-store"


def test_ten_items_unless_asked_otherwise(client: FlaskClient) -> None:
    assert len(client.get("/recommend/u0").json["items"]) == 10
    assert len(client.get("/similar/i0").json["items"]) == 10


def test_what_was_seen_is_not_recommended_unless_asked_for(client: FlaskClient) -> None:
    unseen = {item["item_id"] for item in client.get("/recommend/u3?k=1000").json["items"]}
    everything = {item["item_id"] for item in client.get("/recommend/u3?k=1000&include_seen=true").json["items"]}
    assert everything - unseen == {"i3", "i4", "i5"}
    assert len(everything) == 50


def test_what_is_excluded_is_not_recommended(client: FlaskClient) -> None:
    first, second = (item["item_id"] for item in client.get("/recommend/u3?k=2").json["items"])
    left = [item["item_id"] for item in client.get(f"/recommend/u3?k=47&exclude={first},{second},nix").json["items"]]
    assert len(left) == 45
    assert not {first, second} & set(left)


def test_an_unknown_user_gets_the_popular_items_and_is_told(client: FlaskClient) -> None:
    response = client.get("/recommend/nobody?k=3")
    assert response.status_code == 200
    assert response.json["strategy"] == "popular"
    assert response.json["fallback"] is True
    assert [item["source"] for item in response.json["items"]] == ["popularity"] * 3


def test_similar_leaves_out_the_item_itself(client: FlaskClient) -> None:
    body = client.get("/similar/i7?k=1000").json
    assert body["strategy"] == "similar"
    assert len(body["items"]) == 49
    assert "i7" not in {item["item_id"] for item in body["items"]}


def test_a_cold_item_answers_by_its_content(client: FlaskClient) -> None:
    body = client.get("/similar/i49?k=5").json
    assert body["strategy"] == "similar"
    assert body["fallback"] is False
    assert len(body["items"]) == 5


def test_an_unknown_item_is_404(client: FlaskClient) -> None:
    for path in ("/similar/nix", "/items/nix"):
        response = client.get(path)
        assert response.status_code == 404
        assert "'nix' is not in the catalog" in response.json["detail"]


def test_an_item_is_shown_with_its_attributes(client: FlaskClient) -> None:
    assert client.get("/items/i4").json == {
        "item_id": "i4",
        "model_version": VERSION,
        "title": "Title 4",
        "attributes": {"year": 1994},
        "n_users": 3,
        "popularity": 3.0,
        "place": [-0.8333, -0.8333],
        "cluster": {"cluster_id": 1, "name": "Cluster 1", "closeness": 0.92},
        "hidden": False,
        "changed": False,
    }


@pytest.mark.parametrize("item_id", ["a/b", "//", "a?b", "ü ☃", "..", "00123", "a,b", "%2F", "<b>", "a\nb"])
def test_ids_come_back_byte_for_byte(item_id: str, tmp_path: Path) -> None:
    small = factories.model(n_items=3)
    items = Catalog.from_items([Item(item_id, "odd"), Item("i1"), Item("i2")])
    renamed = Model(**{**vars(small), "catalog": items})
    client = create_app(Settings(tmp_path), Recommender(renamed, VERSION)).test_client()
    quoted = "".join(f"%{byte:02X}" for byte in item_id.encode())
    assert client.get(f"/items/{quoted}").json["item_id"] == item_id
    assert client.get(f"/similar/{quoted}").json["item_id"] == item_id
