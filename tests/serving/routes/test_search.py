"""GET /search, with a real encoder in a thread, a broken one, and none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from recsys.bundle.store import Store
from recsys.config import ServeConfig
from recsys.data.vectors import Vectors
from recsys.encoders.hub import EncoderRef
from recsys.encoders.opening import open_query_encoder
from recsys.errors import EncoderBusyError, EncoderError, EventStoreError
from recsys.events.records import EventsInfo
from recsys.model.model import Model
from recsys.recommend.answer import Answer
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.search.items import search
from recsys.search.text import MODES, Mode, TextQuery
from serving.app import create_app
from serving.encoding.service import SECONDS
from serving.settings import Settings
from tests.serving.conftest import VERSION
from tests.support import factories
from tests.support.faults import contract
from tests.support.running import running, wait_until
from tests.support.searchable import Broken, breaks, publish, searchable

Known = tuple[Model, EncoderRef]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    return searchable(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.fixture
def recommender(known: Known) -> Recommender:
    model, ref = known
    return Recommender(model, VERSION, EventsInfo(), ref)


@pytest.fixture
def app(recommender: Recommender, tmp_path: Path) -> Flask:
    serve = ServeConfig(access_log=False)
    return create_app(Settings(tmp_path, str(tmp_path / "events.sqlite"), serve), recommender)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def ids(client: FlaskClient, query: str) -> list[str]:
    response = client.get(f"/search?{query}")
    assert response.status_code == 200, response.text
    return [item["item_id"] for item in response.json["items"]]


@pytest.mark.parametrize("mode", MODES)
def test_the_answer_is_that_of_the_recommender(client: FlaskClient, recommender: Recommender, mode: Mode) -> None:
    vector = open_query_encoder(recommender.encoder).encode(["red castle"])[0]
    expected = search(recommender, TextQuery("red castle", mode, vector), ListRequest(5))
    response = client.get(f"/search?q=red+castle&k=5&mode={mode}")
    body = response.json
    assert (body["query"], body["mode"], body["strategy"], body["fallback"]) == ("red castle", mode, "search", False)
    assert body["model_version"] == VERSION
    assert "degraded" not in body
    assert "user_id" not in body
    assert [item["item_id"] for item in body["items"]] == [item.item_id for item in expected.items]
    assert [item["source"] for item in body["items"]] == [item.source for item in expected.items]
    assert [item["rank"] for item in body["items"]] == list(range(1, len(expected.items) + 1))
    assert body["items"][0]["score"] == pytest.approx(expected.items[0].score, abs=1e-6)


def test_both_ways_together_are_the_default(client: FlaskClient) -> None:
    assert client.get("/search?q=sea").json["mode"] == "hybrid"


def test_a_user_gets_an_order_of_their_own_which_no_cache_keeps(client: FlaskClient, recommender: Recommender) -> None:
    expected = search(recommender, TextQuery("red robots", "keyword"), ListRequest(5), "u3")
    response = client.get("/search?q=red+robots&k=5&mode=keyword&user_id=u3")
    assert (response.json["user_id"], response.json["strategy"]) == ("u3", "personalized_search")
    assert [item["item_id"] for item in response.json["items"]] == [item.item_id for item in expected.items]
    assert response.headers["Cache-Control"] == "private, no-store"


def test_what_a_user_just_did_counts(client: FlaskClient) -> None:
    path = "/search?q=red+wine+castle+robots&k=12&user_id=guest&mode=keyword"
    before = client.get(path).json
    assert (before["strategy"], before["fallback"]) == ("search", True)
    client.post("/events", json={"user_id": "guest", "item_id": "i3"})
    now = client.get(path).json
    assert (now["strategy"], now["fallback"]) == ("personalized_search", False)
    client.delete("/users/guest")
    assert client.get(path).json == before


def test_hidden_excluded_and_filtered_items_are_not_found(client: FlaskClient) -> None:
    assert set(ids(client, "q=wine&mode=keyword")) == {"i0", "i4", "i5", "i6", "i10", "i11"}
    client.put("/items/i4/hidden")
    assert set(ids(client, "q=wine&mode=keyword&exclude=i5,nix&filter=year<2001")) == {"i0", "i6", "i10"}
    assert not {"i4", "i5"} & set(ids(client, "q=wine&exclude=i5&k=12"))


@pytest.mark.parametrize("mode", MODES)
def test_pages_are_parts_of_one_list(client: FlaskClient, mode: str) -> None:
    whole = ids(client, f"q=red+wine&mode={mode}&k=6")
    assert [*ids(client, f"q=red+wine&mode={mode}&k=3"), *ids(client, f"q=red+wine&mode={mode}&k=3&offset=3")] == whole


@pytest.mark.parametrize("text", ["", " ", "é ☃ 東京", '"a" OR (b* NEAR c)', "x" * 1000, "\0", "a\nb", "' --", "\\"])
def test_any_text_is_only_a_text(client: FlaskClient, text: str) -> None:
    response = client.get(f"/search?q={quote(text)}")
    assert response.status_code == (200 if text else 400)
    if text:
        assert response.json["query"] == text


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("", "parameter 'q' is missing"),
        ("q=", "parameter 'q' is ''"),
        (f"q={'x' * 1001}", "parameter 'q' is 'xxx"),
        ("q=a&mode=fuzzy", "parameter 'mode' is 'fuzzy'"),
        ("q=a&user_id=", "parameter 'user_id' is ''"),
        ("q=a&limit=3", "unknown parameter 'limit'"),
        ("q=a&q=b", "parameter 'q' is given more than once"),
        ("q=a&filter=colour:red", "items have no attribute 'colour'"),
    ],
)
def test_a_slip_is_told(client: FlaskClient, query: str, detail: str) -> None:
    response = client.get(f"/search?{query}")
    assert response.status_code == 400
    assert detail in response.json["detail"]


@pytest.mark.parametrize(
    ("error", "status"),
    [(EncoderBusyError("x"), 503), (EncoderError("not on this machine"), 409)],
    ids=["busy", "gone"],
)
class TestWithoutItsEncoder:
    def test_meaning_alone_cannot_be_searched(self, app: Flask, error: Exception, status: int) -> None:
        breaks(app, error)
        response = app.test_client().get("/search?q=wine&mode=semantic")
        assert response.status_code == status
        assert "mode=keyword" in response.json["detail"]
        assert ("Retry-After" in response.headers) == (status == 503)

    def test_both_together_become_words_and_say_so(self, app: Flask, error: Exception, status: int) -> None:
        breaks(app, error)
        for query in ("q=wine", "q=wine&mode=hybrid", "q=wine&user_id=u1"):
            body = app.test_client().get(f"/search?{query}").json
            assert (body["mode"], body["degraded"]) == ("keyword", ["semantic"])
            assert {item["source"] for item in body["items"]} == {"keyword"}

    def test_words_and_lists_are_answered_as_ever(self, app: Flask, error: Exception, status: int) -> None:
        breaks(app, error)
        client = app.test_client()
        assert "degraded" not in client.get("/search?q=wine&mode=keyword").json
        assert client.get("/recommend/u1").status_code == 200


def test_a_model_without_text_vectors_is_searched_by_words(tmp_path: Path) -> None:
    model = factories.model(text_dim=0)
    client = create_app(Settings(tmp_path), Recommender(model, VERSION)).test_client()
    assert client.get("/search?q=title+7").json["mode"] == "keyword"
    for mode in ("semantic", "hybrid"):
        response = client.get(f"/search?q=title&mode={mode}")
        assert response.status_code == 409
        assert "use keyword" in response.json["detail"]


def test_the_encoder_is_opened_before_the_first_search(app: Flask) -> None:
    encoders = app.extensions["encoding"]._heavy._encoders
    wait_until(lambda: bool(encoders._opened), "it is open")


def test_an_encoder_is_asked_once_for_equal_texts(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    heavy, asked = app.extensions["encoding"]._heavy, []
    encode = heavy.encode

    def counted(ref: EncoderRef, texts: Sequence[str], seconds: float) -> Vectors:
        asked.append(texts)
        assert seconds == SECONDS
        return encode(ref, texts, 60.0)

    monkeypatch.setattr(heavy, "encode", counted)
    first, second = (app.test_client().get(f"/search?q=old+castle&k={k}").json for k in (3, 4))
    assert first["items"] == second["items"][:3]
    assert asked == [["old castle"]]


class TestTheSameQuestion:
    @pytest.fixture
    def searched(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The texts that were searched for."""
        texts: list[str] = []

        def counted(asking: Recommender, query: TextQuery, *more: Any) -> Answer:
            texts.append(query.text)
            return search(asking, query, *more)

        monkeypatch.setattr("serving.routes.search.search", counted)
        return texts

    def test_is_searched_for_once(self, client: FlaskClient, searched: list[str]) -> None:
        answers = [client.get("/search?q=red+wine") for _ in range(3)]
        assert searched == ["red wine"]
        assert answers[0].json == answers[2].json
        assert len({one.headers["X-Request-ID"] for one in answers}) == 3

    def test_is_searched_for_again_when_an_item_is_hidden(self, client: FlaskClient, searched: list[str]) -> None:
        assert "i4" in ids(client, "q=wine&mode=keyword")
        client.put("/items/i4/hidden")
        assert "i4" not in ids(client, "q=wine&mode=keyword")
        client.delete("/items/i4/hidden")
        assert "i4" in ids(client, "q=wine&mode=keyword")
        assert len(searched) == 2  # the first answer is right again

    def test_of_a_user_and_of_many_items_is_always_searched_for(self, client: FlaskClient, searched: list[str]) -> None:
        for query in ("q=wine&user_id=u1", "q=wine&k=101"):
            assert ids(client, query) == ids(client, query)
        assert len(searched) == 4

    def test_without_the_encoder_is_asked_again(
        self, app: Flask, searched: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = app.test_client()
        with monkeypatch.context() as patched:
            patched.setattr(app.extensions["encoding"], "_heavy", Broken(EncoderBusyError("x")))
            assert client.get("/search?q=old+wine").json["degraded"] == ["semantic"]
        assert "degraded" not in client.get("/search?q=old+wine").json

    def test_says_when_the_event_store_fails_and_not_after(
        self, client: FlaskClient, searched: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def failing(*_: object) -> bool:
            raise EventStoreError("the disk is gone")

        client.put("/items/i4/hidden")
        sound = client.get("/search?q=wine&mode=keyword").json
        with monkeypatch.context() as patched:
            patched.setattr("serving.live.event_view.RecentUsers.may_have", failing)
            assert client.get("/search?q=wine&mode=keyword").json == {**sound, "degraded": ["events"]}
        assert client.get("/search?q=wine&mode=keyword").json == sound
        assert len(searched) == 1

    def test_to_another_model_is_searched_for(
        self, client: FlaskClient, known: Known, searched: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ids(client, "q=wine&mode=keyword")
        other = Recommender(known[0], "20270101T000000Z-0001", EventsInfo(), known[1])
        monkeypatch.setattr("serving.live.serving_model.ServingModel.get", lambda _: other)
        assert client.get("/search?q=wine&mode=keyword").json["model_version"] == other.model_version
        assert len(searched) == 2


@pytest.mark.slow
def test_two_workers_and_their_encoder(known: Known, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    publish(store, *known)
    expected = create_app(Settings(store.path)).test_client().get("/search?q=red+castle&mode=keyword").json
    with running(store.path, "serve.workers=2") as server:
        wait_until(lambda: server.answers("/search?q=warm&mode=semantic"), "texts are encoded")
        for number in range(20):
            status, body = server.ask(f"/search?q=red+castle+{number}")
            assert (status, body["mode"]) == (200, "hybrid")
        assert server.ask("/search?q=red+castle&mode=keyword")[1] == expected
        assert len(server.wait_for_workers(2)) == 2
        assert server.end() == 0


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/search", "/query"])
def test_the_contract_holds_where_texts_are_encoded(app: Flask, path: str) -> None:
    found = contract.search(app, 100, only=path)
    assert not found.failures, "\n".join(found.failures[:5])
    assert found.statuses[200] > 20
    assert max(found.statuses) < 500
