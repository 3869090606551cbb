"""GET /tags, POST /tags and GET /anomalies, and the penalty of popularity in lists."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from recsys.config import ServeConfig
from recsys.encoders.hub import EncoderRef
from recsys.events.activity import UserEvents
from recsys.events.records import EventsInfo
from recsys.explore.insights_json import anomalies_object, tags_object
from recsys.explore.outliers import page
from recsys.explore.suggested_tags import of_item
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from serving.app import create_app
from serving.live.event_view import EventView
from serving.openapi.operations import BY_ENDPOINT
from serving.settings import Settings
from tests.recsys.explore.test_outliers import example
from tests.serving.conftest import VERSION, strict_json
from tests.serving.test_contract_operations import conforms
from tests.support import factories, tagged
from tests.support.running import wait_until
from tests.support.searchable import searchable


def client_of(model: Model, folder: Path, ref: EncoderRef | None = None, **serve: Any) -> FlaskClient:
    settings = Settings(folder, str(folder / "events.sqlite"), ServeConfig(access_log=False, **serve))
    recommender = Recommender(model, VERSION, EventsInfo(), ref) if ref else Recommender(model, VERSION)
    return create_app(settings, recommender).test_client()


@pytest.fixture
def tags(tmp_path: Path) -> FlaskClient:
    return client_of(tagged.model(), tmp_path)


@pytest.fixture
def odd(tmp_path: Path) -> FlaskClient:
    return client_of(example(), tmp_path)


def test_tags_of_an_item(tags: FlaskClient) -> None:
    response = tags.get("/tags/i3")
    body = strict_json(response.text)
    assert response.status_code == 200
    conforms(body, "TagsAnswer")
    assert body == tags_object(of_item(Recommender(tagged.model(), VERSION), "i3"), {"item_id": "i3"}, VERSION)
    genres, land = body["attributes"]
    assert (body["space"], genres["attribute"], genres["known"], genres["voters"]) == ("blended", "genres", [], 2)
    assert [tag["value"] for tag in genres["tags"] if tag["suggested"]] == ["comedy"]
    assert genres["tags"][0]["neighbours"][0] == {
        "item_id": "i0",
        "title": "Title 0",
        "likeness": 2.0,
        "share": 0.555556,
    }
    assert genres["measured"]["f1"] == 0.75
    assert land["measured"] is None


def test_a_hidden_item_votes_for_nothing(tags: FlaskClient) -> None:
    assert tags.put("/items/i0/hidden").status_code == 204
    assert "i0" not in tags.get("/tags/i3").text


def test_tags_of_a_text(tmp_path: Path) -> None:
    model, ref = searchable(tmp_path / "tiny")
    made = tagged.tagging()
    tagging = replace(made, indptr=np.array([*made.indptr.tolist(), *[9] * 7], dtype=np.int64))
    client = client_of(model.with_extras(tagging), tmp_path, ref)
    wait_until(lambda: client.post("/tags", json={"text": "red wine"}).status_code == 200, "texts are encoded")
    body = client.post("/tags", json={"text": "red wine"}).json
    conforms(body, "TagsAnswer")
    assert (body["text"], body["space"]) == ("red wine", "text")
    assert body["attributes"][0]["tags"][0]["neighbours"][0]["item_id"] == "i0"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("GET", "/tags/nix", None, 404, "item 'nix' is not in the catalog"),
        ("GET", "/tags/i3?k=3", None, 400, "this resource takes none"),
        ("POST", "/tags", {}, 422, "text"),
        ("POST", "/tags", {"text": ""}, 422, "text"),
        ("POST", "/tags", {"text": 3}, 422, "text"),
        ("POST", "/tags", {"texts": "x"}, 422, "did you mean 'text'?"),
        ("POST", "/tags", {"text": "x" * 1001}, 422, "text"),
        ("POST", "/tags", {"text": "x"}, 409, "without text vectors"),
        ("GET", "/anomalies?kind=user", None, 400, "'kind'"),
        ("GET", "/anomalies?min_score=1.5", None, 400, "'min_score'"),
        ("GET", "/anomalies?min_score=nan", None, 400, "'min_score'"),
        ("GET", "/anomalies?k=0", None, 400, "'k'"),
        ("GET", "/anomalies?kinds=users", None, 400, "did you mean 'kind'?"),
        ("GET", "/recommend/u1?popularity_penalty=1.5", None, 400, "'popularity_penalty'"),
        ("GET", "/recommend/u1?popularity_penalty=x", None, 400, "'popularity_penalty'"),
        ("GET", "/similar/i1?popularity_penalty=0.5", None, 400, "unknown parameter 'popularity_penalty'"),
        ("POST", "/recommend", {"user_id": "u1", "popularity_penalty": -1}, 422, "popularity_penalty"),
        ("POST", "/recommend", {"user_id": "u1", "popularity_penalty": None}, 422, "popularity_penalty"),
    ],
)
def test_a_slip_is_told(tags: FlaskClient, method: str, path: str, body: Any, status: int, message: str) -> None:
    response = tags.open(path, method=method, json=body) if body is not None else tags.open(path, method=method)
    assert response.status_code == status
    assert message in response.json["detail"]


def test_a_model_that_suggests_nothing_says_so(client: FlaskClient) -> None:
    response = client.get("/tags/i3")
    assert response.status_code == 409
    assert "suggests no attribute" in response.json["detail"]


@pytest.mark.parametrize("kind", ["items", "users"])
def test_anomalies_with_their_evidence(odd: FlaskClient, kind: Any) -> None:
    response = odd.get(f"/anomalies?kind={kind}&k=2")
    body = strict_json(response.text)
    conforms(body, "AnomaliesAnswer")
    assert body == anomalies_object(page(Recommender(example(), VERSION), kind, 2), kind, VERSION)
    assert response.headers["Cache-Control"] == "private, no-store"
    assert [("user_id" in one, "title" in one) for one in body["anomalies"]] == [(kind == "users", kind == "items")] * 2


def test_anomalies_are_of_items_unless_asked_otherwise_and_have_pages(odd: FlaskClient) -> None:
    assert odd.get("/anomalies").json["kind"] == "items"
    first = odd.get("/anomalies?kind=users&k=2").json
    rest = odd.get(f"/anomalies?kind=users&k=2&offset={first['next_offset']}").json
    assert [one["user_id"] for one in first["anomalies"] + rest["anomalies"]] == ["u7", "u2", "u3"]
    assert (first["total"], first["next_offset"], rest["next_offset"]) == (3, 2, None)
    assert [one["suspect"] for one in odd.get("/anomalies?kind=users&min_score=0.6").json["anomalies"]] == [True]


def test_anomalies_of_one_id_are_looked_up(odd: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    listed, read = odd.get("/anomalies?kind=users").json["anomalies"], list[str]()
    whole = EventView.read

    def counted(view: EventView, user_id: str, recommender: Recommender) -> UserEvents:
        read.append(user_id)
        return whole(view, user_id, recommender)

    monkeypatch.setattr(EventView, "read", counted)
    body = odd.get("/anomalies?kind=users&id=u3").json
    conforms(body, "AnomaliesAnswer")
    assert (body["total"], body["next_offset"], body["anomalies"]) == (1, None, listed[2:])
    assert set(read) == {"", "u3"}  # "" for the hidden items
    assert odd.get("/anomalies?kind=users&id=u1").json["anomalies"] == []
    assert odd.get("/anomalies?kind=users&id=u3&min_score=0.6").json["total"] == 0
    assert odd.get("/anomalies?id=u3").status_code == odd.get("/anomalies?kind=users&id=i5").status_code == 404
    assert odd.delete("/users/u3").status_code == 204
    assert odd.get("/anomalies?kind=users&id=u3").json["total"] == 0


def test_who_was_deleted_is_not_named(odd: FlaskClient) -> None:
    assert odd.delete("/users/u7").status_code == 204
    assert [one["user_id"] for one in odd.get("/anomalies?kind=users").json["anomalies"]] == ["u2", "u3"]
    assert odd.get("/anomalies?kind=users").json["total"] == 2


def test_it_takes_an_administrator() -> None:
    assert BY_ENDPOINT["anomalies.anomalies"].scope == "admin"
    assert BY_ENDPOINT["tags.item"].scope == BY_ENDPOINT["tags.text"].scope == "read"


def test_lists_under_a_penalty(tmp_path: Path) -> None:
    model = factories.consistent_model()
    client = client_of(model, tmp_path)
    expected = Recommender(model, VERSION).recommend("u3", ListRequest(4, popularity_penalty=0.7))
    for response in (
        client.get("/recommend/u3?k=4&popularity_penalty=0.7&explain=true"),
        client.post("/recommend", json={"user_id": "u3", "k": 4, "popularity_penalty": 0.7, "explain": True}),
    ):
        body = response.json
        conforms(body, "Recommendations")
        assert [item["item_id"] for item in body["items"]] == [item.item_id for item in expected.items]
        for item in body["items"]:
            told = item["reason"]
            total = told["collaborative"] + told["content"] + told["popularity"]
            assert total == pytest.approx(item["score"], abs=1e-5)


def test_a_configured_penalty_holds_where_a_question_names_none(model: Model, tmp_path: Path) -> None:
    client = client_of(model, tmp_path, popularity_penalty=0.7)
    asking, history = Recommender(model, VERSION), {"history": ["i1", "i2"], "k": 4}

    def shown(response: Any) -> list[str]:
        return [item["item_id"] for item in response.json["items"]]

    penalized = [item.item_id for item in asking.recommend("u3", ListRequest(4, popularity_penalty=0.7)).items]
    plain = [item.item_id for item in asking.recommend("u3", ListRequest(4)).items]
    assert penalized != plain
    assert shown(client.get("/recommend/u3?k=4")) == penalized
    assert shown(client.post("/recommend", json={"user_id": "u3", "k": 4})) == penalized
    assert shown(client.get("/recommend/u3?k=4&popularity_penalty=0")) == plain
    assert shown(client.post("/recommend", json={"user_id": "u3", "k": 4, "popularity_penalty": 0})) == plain
    guest = [client.post("/recommend", json={**history, **more}) for more in ({}, {"popularity_penalty": 0.7})]
    assert shown(guest[0]) == shown(guest[1])
