"""Promise 24: no request is a failure of the server, whatever it holds."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask
import pytest
from flask import Flask

from recsys.config import ServeConfig
from recsys.model.model import Model
from recsys.recommend.answer import Answer, Recommendation
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.openapi.operations import OPERATIONS
from serving.settings import Settings
from tests.support import factories
from tests.support.faults.hostile import WORDS, ask, assert_sound, path_of, try_all


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder = tmp_path_factory.mktemp("hostile")
    serve = ServeConfig(access_log=False, max_body=100_000)
    return create_app(Settings(folder, str(folder / "events.sqlite"), serve), Recommender(factories.model(), "v1"))


@pytest.mark.slow
def test_no_request_is_a_failure_of_the_server(app: Flask) -> None:
    statuses = try_all(app, 400)
    assert {200, 400, 415, 422} <= set(statuses)


@pytest.mark.soak
def test_no_request_of_many_is_a_failure_of_the_server(app: Flask) -> None:
    statuses = try_all(app, 50_000)
    print(f"{sum(statuses.values())} requests, 0 failures: {dict(sorted(statuses.items()))}")  # noqa: T201


def failing_on_odd_ids(inner: Callable[..., Any]) -> Callable[..., Any]:
    def view(**ids: str) -> Any:
        if not all(one.isalnum() for one in ids.values()):
            raise ValueError(ids)
        return inner(**ids)

    return view


@pytest.mark.soak
def test_control_a_view_that_fails_now_and_then_is_found(tmp_path: Path, model: Model) -> None:
    broken = create_app(Settings(tmp_path, serve=ServeConfig(access_log=False)), Recommender(model, "v1"))
    for name in ("items.item", "similar.similar", "recommend.recommend"):
        broken.view_functions[name] = failing_on_odd_ids(broken.view_functions[name])
    with pytest.raises(BaseException, match="the server failed"):
        try_all(broken, 400)


@pytest.mark.parametrize("word", WORDS, ids=range(len(WORDS)))
def test_each_odd_word_everywhere(app: Flask, word: bytes) -> None:
    for one in OPERATIONS:
        for query in (word, b"k=" + word, b"filter=" + word, b"exclude=" + word, word + b"=1"):
            assert_sound(*ask(app, one, path_of(one, b"u1"), query, {}, b"")) if one.answer != "text/html" else None
        assert_sound(*ask(app, one, path_of(one, word), b"", {"HTTP_X_REQUEST_ID": word}, word))


def test_deep_json_is_400_on_every_body(app: Flask) -> None:
    kinds = {"CONTENT_TYPE": b"application/json"}
    for one in OPERATIONS:
        if one.body is not None:
            for deep in (
                b"[" * 2000 + b"]" * 2000,
                b'{"a":' * 2000 + b"1" + b"}" * 2000,
                b'{"user_id":' + b"[" * 50_000,
            ):
                assert ask(app, one, one.path.encode(), b"", kinds, deep)[0] == 400


def test_control_plain_flask_fails_on_deep_json() -> None:
    def read() -> object:
        return flask.request.get_json()

    plain = Flask("plain")
    plain.add_url_rule("/", view_func=read, methods=["POST"])
    raw = "[" * 2000 + "]" * 2000
    assert plain.test_client().post("/", data=raw, content_type="application/json").status_code == 500


def test_no_answer_holds_nan(tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Recommender):
        score = math.nan

        def recommend(self, *_: object, **__: object) -> Answer:
            return Answer("personalized", (Recommendation("i1", "", self.score, "blended"),))

    client = create_app(Settings(tmp_path), Broken(model, "v1")).test_client()
    for score in (math.nan, math.inf, -math.inf):
        monkeypatch.setattr(Broken, "score", score)
        response = client.get("/recommend/u1")
        assert response.status_code == 500
        assert "score" not in response.text
    monkeypatch.setattr("serving.http.responses.isfinite", lambda _: True)
    assert client.get("/recommend/u1").json["items"][0]["score"] is None  # control: this is what would go out
