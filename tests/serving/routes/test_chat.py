"""POST /chat: the same conversation over HTTP, and hostile ones."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from recsys.chat.json import chat_object
from recsys.chat.preference_parser import understand
from recsys.chat.preferences import Message
from recsys.chat.recommend import converse
from recsys.config import ChatConfig, ServeConfig
from recsys.errors import EncoderBusyError, EncoderError
from recsys.events.records import EventsInfo
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from serving.app import create_app
from serving.schemas.chat import LONGEST_CONTENT, LONGEST_SAID, MOST_MESSAGES, ChatAnswer
from serving.settings import Settings
from tests.serving.conftest import VERSION
from tests.serving.routes.test_search import breaks
from tests.support import films
from tests.support.fake_llm import Speaker, speaking
from tests.support.faults import contract
from tests.support.searchable import searchable

TURNS = ["I loved Alien but not horror", "nothing from before 1980"]
SECRET = "zanzibar"


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    """Without an encoder: texts count by their words."""
    return Recommender(films.model(), VERSION)


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    model, ref = searchable(tmp_path_factory.mktemp("encoder") / "tiny")
    return Recommender(model, VERSION, EventsInfo(), ref)


def app_of(recommender: Recommender, folder: Path, **chat: Any) -> Flask:
    settings = Settings(folder, str(folder / "events.sqlite"), ServeConfig(access_log=False), chat=ChatConfig(**chat))
    return create_app(settings, recommender)


@pytest.fixture
def client(recommender: Recommender, tmp_path: Path) -> FlaskClient:
    return app_of(recommender, tmp_path).test_client()


@pytest.fixture
def speaker() -> Iterator[Speaker]:
    with speaking() as one:
        yield one


def said(*turns: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": turn} for turn in turns]


def chat(client: FlaskClient, *turns: str, **more: Any) -> Any:
    response = client.post("/chat", json={"messages": said(*turns), **more})
    assert response.status_code == 200, response.text
    ChatAnswer.model_validate(response.json)
    assert response.headers["Cache-Control"] == "private, no-store"
    return response.json


def test_the_answer_is_that_of_the_recommender(client: FlaskClient, recommender: Recommender) -> None:
    found = understand(recommender.model, [Message("user", turn) for turn in TURNS])
    expected = chat_object(recommender.model, found, converse(recommender, found, {}, ListRequest(3)), {}, VERSION)
    body = chat(client, *TURNS, k=3)
    assert {key: body[key] for key in expected} == expected
    assert body["phrased_by"] == "plain"
    assert body["reply"].startswith("For Alien, year from 1980, no Horror:")
    assert "degraded" not in body


def test_what_was_understood_can_be_sent_back(client: FlaskClient) -> None:
    body = chat(client, *TURNS)
    understood = body["understood"]
    assert understood["likes"] == [
        {"said": "Alien", "turn": 0, "weight": 0.6, "item_id": "i0", "title": "Alien", "others": []}
    ]
    assert understood["dislikes"] == [
        {"said": "horror", "turn": 0, "weight": 0.6, "attribute": "genres", "value": "Horror"}
    ]
    again = chat(client, "I loved Alien", filters=understood["filters"])
    assert [item["item_id"] for item in again["items"]] == [item["item_id"] for item in body["items"]]
    corrected = chat(client, *TURNS, ignore=["ALIEN", "horror"])
    assert corrected["understood"]["likes"] == corrected["understood"]["dislikes"] == []
    assert [one.keys() for one in corrected["understood"]["filters"]] == [{"attribute", "min"}]


def test_a_conversation_goes_on_with_the_reply_and_what_an_option_says(client: FlaskClient) -> None:
    messages = said("something with creatures")
    seen: set[str] = set()
    for _ in range(3):
        response = client.post("/chat", json={"messages": messages, "k": 2})
        body = response.json
        ids = {item["item_id"] for item in body["items"]}
        assert not ids & seen
        seen |= ids
        assert set(body["understood"]["shown"]) | ids == seen
        if body["question"] is None:
            break
        messages += [
            {"role": "assistant", "content": body["reply"]},
            {"role": "user", "content": body["question"]["options"][1]["say"]},
        ]
    assert len(seen) > 2


def test_hidden_excluded_and_seen_items_are_not_answered(client: FlaskClient) -> None:
    client.put("/items/i1/hidden")
    ids = {item["item_id"] for item in chat(client, "I loved Alien", exclude=["i2", "nix"], k=50)["items"]}
    assert ids == {f"i{num}" for num in range(len(films.FILMS))} - {"i0", "i1", "i2"}
    ids = {item["item_id"] for item in chat(client, "I loved Alien", user_id="u3", k=50)["items"]}
    assert not {"i0", "i1", "i3", "i4", "i5"} & ids


def test_a_hidden_item_has_no_name(client: FlaskClient) -> None:
    client.put("/items/i0/hidden")
    messages = [*said("I loved Alien"), {"role": "assistant", "content": "1. Alien"}, *said("more")]
    body = client.post("/chat", json={"messages": messages, "k": 50}).json
    assert body["understood"]["shown"] == []
    assert not any("item_id" in one for one in body["understood"]["likes"])
    assert "i0" not in str(body)


def test_what_a_user_just_did_counts(client: FlaskClient) -> None:
    assert chat(client, "hello", user_id="guest")["strategy"] == "popular"
    client.post("/events", json={"user_id": "guest", "item_id": "i3"})
    body = chat(client, "hello", user_id="guest")
    assert (body["strategy"], body["user_id"]) == ("fold_in", "guest")
    assert "i3" not in {item["item_id"] for item in body["items"]}


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ({}, "messages is missing"),
        ({"messages": []}, "messages"),
        ({"messages": said("a") * (MOST_MESSAGES + 1)}, "messages"),
        ({"messages": said("")}, "messages[0].content"),
        ({"messages": said("x" * (LONGEST_SAID + 1))}, "a person's `content` has 4001 characters"),
        ({"messages": [{"role": "assistant", "content": "x" * (LONGEST_CONTENT + 1)}]}, "messages[0].content"),
        ({"messages": [{"role": "system", "content": "a"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content is missing"),
        ({"messages": [{"role": "user", "content": "a", "name": "b"}]}, "no key 'name'"),
        ({"messages": "a"}, "messages"),
        ({"messages": said("a"), "k": 0}, "k is 0"),
        ({"messages": said("a"), "k": 101}, "k is 101"),
        ({"messages": said("a"), "filter": []}, "did you mean 'filters'"),
        ({"messages": said("a"), "user_id": None}, "user_id"),
        ({"messages": said("a"), "ignore": [""]}, "ignore[0]"),
        ({"messages": said("a"), "filters": [{"attribute": "colour", "any": ["red"]}]}, "colour"),
    ],
)
def test_a_body_of_another_shape_is_422(client: FlaskClient, given: dict[str, Any], detail: str) -> None:
    response = client.post("/chat", json=given)
    assert response.status_code == 422
    assert detail in response.json["detail"]


def test_a_thousand_turns_are_answered(client: FlaskClient) -> None:
    messages = said("I loved Alien") + said("x" * 900) * (MOST_MESSAGES - 1)
    assert client.post("/chat", json={"messages": messages}).status_code == 200
    both = [{"role": role, "content": "Aliem 1990 not no Heat, " * 36} for role in ("user", "assistant") * 500]
    assert client.post("/chat", json={"messages": both}).status_code == 200


def test_a_conversation_of_one_side_is_answered(client: FlaskClient) -> None:
    response = client.post("/chat", json={"messages": [{"role": "assistant", "content": "1. Alien"}]})
    assert (response.status_code, response.json["strategy"]) == (200, "popular")
    assert response.json["understood"]["shown"] == ["i0"]


def test_nothing_that_was_said_is_logged(
    recommender: Recommender, tmp_path: Path, speaker: Speaker, caplog: pytest.LogCaptureFixture
) -> None:
    speaker.status = 500
    with caplog.at_level(logging.DEBUG):
        client = app_of(recommender, tmp_path, phrase_url=speaker.url).test_client()
        chat(client, f"I loved {SECRET}")
        client.post("/chat", json={"messages": said(SECRET), "k": 0})
    assert "did not answer: status 500" in caplog.text
    assert SECRET not in caplog.text


class TestWithAnEncoder:
    def test_texts_are_searched_by_their_meaning(self, encoded: Recommender, tmp_path: Path) -> None:
        body = chat(app_of(encoded, tmp_path).test_client(), "wine by the sea", k=12)
        assert body["items"][0]["reason"]["meaning"] > 0.5
        assert "degraded" not in body

    @pytest.mark.parametrize("error", [EncoderBusyError("x"), EncoderError("gone")], ids=["busy", "gone"])
    def test_without_it_words_answer_and_say_so(self, encoded: Recommender, tmp_path: Path, error: Exception) -> None:
        app = app_of(encoded, tmp_path)
        breaks(app, error)
        body = chat(app.test_client(), "wine by the sea")
        assert body["degraded"] == ["semantic"]
        assert {item["reason"]["meaning"] for item in body["items"]} == {0.0}


class TestPhrasing:
    def test_the_words_may_be_those_of_a_model(
        self, recommender: Recommender, tmp_path: Path, speaker: Speaker
    ) -> None:
        client = app_of(recommender, tmp_path, phrase_url=speaker.url, phrase_model="m").test_client()
        body = chat(client, "I loved Alien", user_id="u3")
        assert (body["reply"], body["phrased_by"]) == ("Watch these.", "model")
        assert "degraded" not in body
        (asked,) = speaker.asked
        assert "1. Aliens (1986): like Alien" in asked["messages"][0]["content"]
        assert "u3" not in str(asked)

    def test_where_it_fails_plain_words_stand_in_and_that_is_said(
        self, recommender: Recommender, tmp_path: Path, speaker: Speaker
    ) -> None:
        client = app_of(recommender, tmp_path, phrase_url=speaker.url).test_client()
        speaker.body = b"{}"
        body = chat(client, "I loved Alien")
        assert (body["phrased_by"], body["degraded"]) == ("plain", ["phrasing"])
        assert body["reply"].startswith("For Alien:")

    def test_nobody_is_asked_where_none_is_configured(
        self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("serving.routes.chat.llm_reply", None)
        assert chat(client, "I loved Alien")["phrased_by"] == "plain"


@pytest.mark.slow
def test_the_contract_holds(encoded: Recommender, tmp_path: Path) -> None:
    found = contract.search(app_of(encoded, tmp_path), 80, only="/chat")
    assert not found.failures, "\n".join(found.failures[:5])
    assert found.statuses[200] > 20
    assert max(found.statuses) < 500
