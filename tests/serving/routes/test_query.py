"""POST /query: items, users and texts as examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from recsys.encoders.opening import open_query_encoder
from recsys.errors import EncoderBusyError
from recsys.events.records import EventsInfo
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.search.examples import (
    STRATEGIES,
    Strategy,
    VectorQuery,
    item_example,
    search_by_examples,
    text_example,
    user_example,
)
from serving.app import create_app
from serving.settings import Settings
from tests.serving.conftest import VERSION
from tests.serving.routes.test_search import breaks
from tests.support import factories
from tests.support.searchable import searchable

LIKE = [{"item_id": "i3", "weight": 2}, {"text": "red wine"}, {"user_id": "u2", "weight": 0.5}]
UNLIKE = [{"text": "old castle"}, {"item_id": "i1"}]


@pytest.fixture(scope="module")
def recommender(tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    model, ref = searchable(tmp_path_factory.mktemp("encoder") / "tiny")
    return Recommender(model, VERSION, EventsInfo(), ref)


@pytest.fixture
def app(recommender: Recommender, tmp_path: Path) -> Flask:
    return create_app(Settings(tmp_path, str(tmp_path / "events.sqlite")), recommender)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def ids(client: FlaskClient, **body: Any) -> list[str]:
    response = client.post("/query", json=body)
    assert response.status_code == 200, response.text
    return [item["item_id"] for item in response.json["items"]]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_answer_is_that_of_the_recommender(
    client: FlaskClient, recommender: Recommender, strategy: Strategy
) -> None:
    wine, castle = open_query_encoder(recommender.encoder).encode(["red wine", "old castle"])
    positive = (
        item_example(recommender, "i3", 2.0),
        text_example(recommender, wine),
        user_example(recommender, "u2", weight=0.5),
    )
    negative = (text_example(recommender, castle), item_example(recommender, "i1"))
    expected = search_by_examples(recommender, VectorQuery(positive, negative, strategy), ListRequest(5))
    response = client.post("/query", json={"positive": LIKE, "negative": UNLIKE, "strategy": strategy, "k": 5})
    body = response.json
    assert (body["strategy"], body["fallback"], body["model_version"]) == (strategy, False, VERSION)
    assert [item["item_id"] for item in body["items"]] == [item.item_id for item in expected.items]
    assert body["items"][0]["score"] == pytest.approx(expected.items[0].score, abs=1e-5)
    assert body["next_offset"] == 5
    assert response.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_given_hidden_excluded_and_filtered_items_are_not_answered(client: FlaskClient, strategy: str) -> None:
    client.put("/items/i5/hidden")
    found = ids(
        client,
        positive=LIKE,
        negative=UNLIKE,
        strategy=strategy,
        k=12,
        exclude=["i4", "nix"],
        filters=[{"attribute": "year", "max": 1998}],
    )
    assert set(found) == {"i0", "i2", "i6", "i7", "i8"}


def test_what_a_user_just_did_counts(client: FlaskClient) -> None:
    like = [{"user_id": "guest"}]
    assert client.post("/query", json={"positive": like}).status_code == 404
    client.post("/events", json={"user_id": "guest", "item_id": "i3"})
    one = ids(client, positive=like, k=12)
    client.post("/events", json={"user_id": "guest", "item_id": "i8"})
    assert ids(client, positive=like, k=12) != one


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ({}, "positive is missing"),
        ({"positive": []}, "positive"),
        ({"positive": [{"item_id": "i1"}] * 11}, "positive"),
        ({"positive": [{}]}, "positive[0]"),
        ({"positive": [{"item_id": "i1", "text": "a"}]}, "positive[0]"),
        ({"positive": [{"text": ""}]}, "positive[0].text"),
        ({"positive": [{"text": "x" * 1001}]}, "positive[0].text"),
        ({"positive": [{"item_id": "i1", "weight": 0}]}, "positive[0].weight"),
        ({"positive": [{"item_id": "i1", "weight": -1}]}, "positive[0].weight"),
        ({"positive": [{"item_id": "i1", "weight": 1e9}]}, "positive[0].weight"),
        ({"positive": [{"item": "i1"}]}, "did you mean 'item_id'"),
        ({"positive": ["i1"]}, "positive[0]"),
        ({"positive": [{"item_id": "i1"}], "strategy": "sum"}, "strategy"),
        ({"positive": [{"item_id": "i1"}], "negative": None}, "negative"),
        ({"positive": [{"item_id": "i1"}], "filters": [{"attribute": "colour", "any": ["red"]}]}, "colour"),
    ],
)
def test_a_body_of_another_shape_is_422(client: FlaskClient, given: dict[str, Any], detail: str) -> None:
    response = client.post("/query", json=given)
    assert response.status_code == 422
    assert detail in response.json["detail"]


@pytest.mark.parametrize(
    ("example", "detail"),
    [
        ({"item_id": "nix"}, "'nix' is not in the catalog"),
        ({"user_id": "nobody"}, "nothing is known of user 'nobody'"),
    ],
)
def test_an_example_that_is_not_known_is_404(client: FlaskClient, example: dict[str, str], detail: str) -> None:
    for body in ({"positive": [example]}, {"positive": [{"item_id": "i1"}], "negative": [example]}):
        response = client.post("/query", json=body)
        assert response.status_code == 404
        assert detail in response.json["detail"]


def test_texts_wait_for_the_encoder_and_others_do_not(app: Flask) -> None:
    breaks(app, EncoderBusyError("x"))
    client = app.test_client()
    response = client.post("/query", json={"positive": [{"text": "wine"}]})
    assert response.status_code == 503
    assert "Retry-After" in response.headers
    assert len(ids(client, positive=[{"item_id": "i1"}], k=3)) == 3


def test_a_model_without_text_vectors_takes_no_texts(tmp_path: Path) -> None:
    client = create_app(Settings(tmp_path), Recommender(factories.model(text_dim=0), VERSION)).test_client()
    response = client.post("/query", json={"positive": [{"text": "wine"}]})
    assert response.status_code == 409
    assert "trained without text vectors" in response.json["detail"]
    assert len(ids(client, positive=[{"item_id": "i1"}], k=3)) == 3


def test_equal_texts_are_one_text(client: FlaskClient) -> None:
    twice = ids(client, positive=[{"text": "sea"}, {"text": "sea"}], k=12)
    assert twice == ids(client, positive=[{"text": "sea"}], k=12)
