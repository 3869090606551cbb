"""Words by an endpoint, and what is done where it fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from recsys.chat.llm import LONGEST_ANSWER, LONGEST_REPLY, LONGEST_TURN, MOST_TURNS, llm_reply
from recsys.chat.preferences import Message
from recsys.config import ChatConfig
from recsys.errors import PhrasingError
from tests.support.fake_llm import Speaker, speaking

SAID = [Message("user", "I loved a secret film")]


@pytest.fixture
def speaker() -> Iterator[Speaker]:
    with speaking() as one:
        yield one


def config(speaker: Speaker, **more: object) -> ChatConfig:
    return ChatConfig(phrase_url=speaker.url, phrase_model="small", **more)  # type: ignore[arg-type]


def test_the_endpoint_is_asked_as_openai_is(speaker: Speaker) -> None:
    assert llm_reply(config(speaker, phrase_key_env="KEY"), SAID, "1. Alien", {"KEY": "s3"}) == "Watch these."
    assert speaker.paths == ["/v1/chat/completions"]
    assert speaker.keys == ["Bearer s3"]
    (asked,) = speaker.asked
    assert (asked["model"], asked["stream"]) == ("small", False)
    assert [one["role"] for one in asked["messages"]] == ["system", "user"]
    assert asked["messages"][0]["content"].endswith("FOUND:\n1. Alien")
    assert asked["messages"][1]["content"] == "I loved a secret film"


def test_no_more_is_sent_than_stated(speaker: Speaker) -> None:
    llm_reply(config(speaker), [Message("user", "x" * 4000)] * 1000, "1. Alien", {})
    turns = speaker.asked[0]["messages"][1:]
    assert len(turns) == MOST_TURNS
    assert {len(one["content"]) for one in turns} == {LONGEST_TURN}
    assert speaker.keys == [None]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b"null", b'{"choices": []}', b'{"choices": [{"message": {"content": null}}]}', b"\xff",
        b'{"choices": [{"message": {"content": "  "}}]}', b"[" * 100_000, b" " * (LONGEST_ANSWER + 1),
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_refused(speaker: Speaker, body: bytes) -> None:
    speaker.body = body
    with pytest.raises(PhrasingError, match="something else than a chat completion"):
        llm_reply(config(speaker), SAID, "", {})


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 429, 500, 503])
def test_another_status_is_told_and_no_redirect_followed(speaker: Speaker, status: int) -> None:
    speaker.status, speaker.headers = status, {"Location": speaker.url}
    with pytest.raises(PhrasingError, match=f"did not answer: status {status}") as raised:
        llm_reply(config(speaker), SAID, "", {})
    assert len(speaker.asked) == 1
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_who_does_not_answer_in_time_is_not_waited_for(speaker: Speaker) -> None:
    speaker.seconds = 0.5
    with pytest.raises(PhrasingError, match="did not answer: "):
        llm_reply(config(speaker, phrase_seconds=0.05), SAID, "", {})


def test_nobody_there_and_no_key_are_told(speaker: Speaker) -> None:
    with pytest.raises(PhrasingError, match="did not answer: "):
        llm_reply(ChatConfig(phrase_url="http://127.0.0.1:1/v1"), SAID, "", {})
    with pytest.raises(PhrasingError, match=r"the environment has no KEY, which chat\.phrase_key_env names"):
        llm_reply(config(speaker, phrase_key_env="KEY"), SAID, "", {})
    assert speaker.asked == []


def test_proxies_of_the_environment_are_not_asked(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert llm_reply(config(speaker), SAID, "", {}) == "Watch these."


def test_long_and_odd_texts_are_cut_and_mended(speaker: Speaker) -> None:
    speaker.says("x" * 10_000)
    assert llm_reply(config(speaker), SAID, "", {}) == "x" * LONGEST_REPLY
    speaker.says("a\ud800b")
    assert llm_reply(config(speaker), SAID, "", {}) == "a?b"


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://host/",
        "127.0.0.1:80",
        "http://",
        "http://user:word@host/",
        "http://h/?q=1",
        "http://h /",
    ],
)
def test_only_addresses_of_http_are_taken(url: str) -> None:
    with pytest.raises(ValidationError, match="phrase_url"):
        ChatConfig(phrase_url=url)
