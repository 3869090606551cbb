"""Bodies: strict JSON of a known shape, and never read beyond their limit."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, jsonify
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from recsys.config import ServeConfig
from recsys.data.filters import Condition
from recsys.events.activity import Event
from recsys.recommend.request import ListRequest
from serving.app import create_app
from serving.http.read_body import body, loads
from serving.schemas.bodies import RecommendBody
from serving.settings import Settings

LIMIT = 1000
NOT_JSON = [
    b"",
    b" ",
    b"{",
    b"{'user_id': 'u1'}",
    b'{"user_id": "u1",}',
    b'{"user_id": "u1"} {}',
    b'{"k": NaN}',
    b'{"k": Infinity}',
    b'{"k": -Infinity}',
    b'{"k": 1e999}',
    b'{"k": 01}',
    b'{"k": +1}',
    b'{"k": .5}',
    b'{"user_id": "\xff"}',
    b'{"user_id": "\xed\xa0\x80"}',
    b'{"user_id": "\\ud800"}',
    b'{"user_id": "\\udfff"}',
    b'{"user_id": "a\nb"}',
    b"\xef\xbb\xbf{}",
    '{"user_id": "u1"}'.encode("utf-16"),
    b"[" * 2000 + b"]" * 2000,
    b'{"a":' * 2000 + b"1" + b"}" * 2000,
    b"[" * 900_000,
    b"9" * 5000,
]


@pytest.fixture
def small(tmp_path: Path) -> Flask:
    """A service whose limit of bodies is small, with a route that says what it read."""
    app = create_app(Settings(tmp_path, serve=ServeConfig(max_body=LIMIT, access_log=False)))
    app.add_url_rule("/echo", view_func=lambda: jsonify(len(body(RecommendBody).user_id or "")), methods=["POST"])
    return app


def post(client: FlaskClient, raw: bytes, kind: str = "application/json", **headers: str) -> Any:
    return client.post("/recommend", data=raw, content_type=kind, headers=headers)


@pytest.mark.parametrize("raw", NOT_JSON, ids=range(len(NOT_JSON)))
@pytest.mark.parametrize("path", ["/recommend", "/rank"])
def test_what_is_not_json_is_400(client: FlaskClient, path: str, raw: bytes) -> None:
    response = client.post(path, data=raw, content_type="application/json")
    assert response.status_code == 400
    assert response.json["detail"].startswith("the body is not JSON")


@pytest.mark.parametrize(
    "raw", [b'{"user_id":"a","user_id":"b"}', b'{"user_id":"a","\\u0075ser_id":"b"}', b'{"user_id":{"x":1,"x":1}}']
)
def test_a_key_that_stands_twice_is_400(client: FlaskClient, raw: bytes) -> None:
    response = post(client, raw)
    assert response.status_code == 400
    assert "twice in one object" in response.json["detail"]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda one: st.lists(one) | st.dictionaries(st.text(), one),
)


@given(VALUES, st.booleans())
def test_json_is_read_as_it_was_written(value: Any, ascii_only: bool) -> None:
    assert loads(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=60) | st.text('[]{}:,"\\u0dNa1e-. \n', max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        found = loads(raw)
    except BadRequest:
        return
    assert found == json.loads(raw)


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ([], "the body is a list of 0: it must be an object"),
        ("u1", 'the body is "u1": it must be an object'),
        (None, "the body is null: it must be an object"),
        ({}, "the body is an object of 0 keys: must have either a user_id or a history"),
        ({"user_id": "u1", "history": []}, "the body is an object of 2 keys: must have either a user_id or a history"),
        ({"user_id": 17}, "user_id is 17: input should be a valid string"),
        ({"user_id": ""}, 'user_id is "": string should have at least 1 character'),
        ({"user_id": None}, "the body: the key 'user_id' is null; leave it out"),
        ({"user_id": "u1", "kk": 5}, "the body: there is no key 'kk'; did you mean 'k'?"),
        ({"user_id": "u1", "k": "5"}, 'k is "5": input should be a valid integer'),
        ({"user_id": "u1", "k": True}, "k is true: input should be a valid integer"),
        ({"user_id": "u1", "k": 2.5}, "k is 2.5: input should be a valid integer"),
        ({"user_id": "u1", "k": 0}, "k is 0: input should be greater than or equal to 1"),
        ({"user_id": "u1", "k": 1001}, "k is 1001: input should be less than or equal to 1000"),
        ({"user_id": "u1", "k": 10**30}, "k is 1000000000000000019884624838656: input should be less than"),
        ({"user_id": "u1", "offset": -1}, "offset is -1: input should be greater than or equal to 0"),
        ({"user_id": "u1", "explain": 1}, "explain is 1: input should be a valid boolean"),
        ({"user_id": "u1", "exclude": "a,b"}, 'exclude is "a,b": input should be a valid tuple'),
        ({"user_id": "u1", "exclude": ["a", 3]}, "exclude[1] is 3: input should be a valid string"),
        ({"user_id": "u1", "exclude": ["a"] * 1001}, "exclude is a list of 1001: tuple should have at most 1000 items"),
        ({"history": [{"item_id": "a", "vlaue": 1}]}, "history[0]: there is no key 'vlaue'; did you mean 'value'?"),
        ({"history": ["a", {"event": "view"}]}, "history[1].item_id is missing"),
        ({"history": ["a", {"item_id": "b", "value": "3"}]}, 'history[1].value is "3": input should be a valid number'),
        ({"history": ["a", 3]}, "history[1] is 3: it must be an object"),
        ({"history": [], "filters": [{"attribute": "y", "mim": 3}]}, "filters[0]: there is no key 'mim'; did you mean 'min'?"),
    ],
)  # fmt: skip
def test_json_of_another_shape_is_422_and_names_the_place(client: FlaskClient, given: object, detail: str) -> None:
    response = post(client, json.dumps(given).encode())
    assert response.status_code == 422
    assert response.json["detail"].startswith(detail)


@pytest.mark.parametrize("deep", [b"[" * 900 + b"]" * 900, b'{"a":' * 900 + b"1" + b"}" * 900])
def test_a_deep_value_is_named_in_a_short_message(client: FlaskClient, deep: bytes) -> None:
    response = post(client, b'{"user_id":' + deep + b"}")
    assert response.status_code == 422
    assert len(response.json["detail"]) < 200


@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        ("text/plain", {}),
        ("application/x-www-form-urlencoded", {}),
        ("multipart/form-data; boundary=x", {}),
        ("", {}),
        ("application/jsonp", {}),
        ("application/json; charset=latin-1", {}),
        ("application/json", {"Content-Encoding": "gzip"}),
    ],
)
def test_another_type_is_415(client: FlaskClient, kind: str, headers: dict[str, str]) -> None:
    response = client.post("/recommend", data=b'{"user_id":"u1"}', headers={"Content-Type": kind, **headers})
    assert response.status_code == 415
    assert "JSON" in response.json["detail"] or "compressed" in response.json["detail"]


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"']
)
def test_the_type_may_be_written_in_its_usual_ways(client: FlaskClient, kind: str) -> None:
    assert post(client, b'{"user_id":"u1"}', kind).status_code == 200


def test_a_body_means_the_same_as_a_query(client: FlaskClient) -> None:
    sent = {"user_id": "u3", "k": 5, "offset": 2, "exclude": ["i7", "i9"], "include_seen": True, "explain": True}
    sent |= {"diversity": 0.3, "filters": [{"attribute": "year", "min": 1995, "max": 2030}]}
    address = (
        "/recommend/u3?k=5&offset=2&exclude=i7,i9&include_seen=true&explain=true&diversity=0.3"
        "&filter=year>=1995&filter=year<=2030"
    )
    posted, got = client.post("/recommend", json=sent).json, client.get(address).json
    assert len(posted["items"]) == 5
    assert posted["items"] == got["items"]


def test_a_body_as_a_value() -> None:
    found = RecommendBody.model_validate(
        {
            "history": ["a", {"item_id": "b", "event": "view", "value": 2}],
            "k": 3.0,
            "filters": [{"attribute": "g", "any": ["x"]}],
        }
    )
    assert found.user == (Event("a"), Event("b", "view", 2.0))
    assert found.request == ListRequest(k=3, filters=(Condition("g", "in", ("x",)),))
    assert found.user_id is None


class Untouched(io.RawIOBase):
    """A body that must not be read."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        raise AssertionError("the body was read")


class Endless(io.RawIOBase):
    """A body that goes on, and counts what was taken of it."""

    taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.taken += len(buffer)
        buffer[:] = b" " * len(buffer)
        return len(buffer)


def send(app: Flask, stream: Any, length: str | None) -> tuple[int, dict[str, Any]]:
    """What is answered to a body that comes as a stream: with its length, or chunked."""
    environ = EnvironBuilder("/echo", method="POST", content_type="application/json").get_environ()
    environ["wsgi.input"] = stream
    environ.pop("CONTENT_LENGTH", None)
    if length is None:
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"
        environ["wsgi.input_terminated"] = True
    else:
        environ["CONTENT_LENGTH"] = length
    written, status, _ = run_wsgi_app(app, environ)
    return int(status[:3]), json.loads(b"".join(written))


def body_of(length: int) -> bytes:
    return b'{"user_id":"' + b"a" * (length - len(b'{"user_id":""}')) + b'"}'


def test_a_body_of_just_the_limit_is_read(small: Flask) -> None:
    assert send(small, io.BytesIO(body_of(LIMIT)), str(LIMIT)) == (200, LIMIT - 14)
    assert send(small, io.BytesIO(body_of(LIMIT)), None) == (200, LIMIT - 14)


@pytest.mark.parametrize("length", [LIMIT + 1, 10**12, 10**40])
def test_a_longer_body_is_413_and_is_not_read(small: Flask, length: int) -> None:
    status, answer = send(small, Untouched(), str(length))
    assert status == 413
    assert answer["detail"] == f"the body is longer than {LIMIT} bytes; send less"


def test_control_the_stream_notices_that_it_is_read(small: Flask) -> None:
    with pytest.raises(AssertionError, match="the body was read"):
        io.BufferedReader(Untouched()).read(1)
    assert send(small, Untouched(), str(LIMIT))[0] == 500


def test_a_chunked_body_is_read_up_to_the_limit(small: Flask) -> None:
    endless = Endless()
    status, answer = send(small, endless, None)
    assert (status, answer["detail"]) == (413, f"the body is longer than {LIMIT} bytes; send less")
    assert endless.taken <= LIMIT + 64 * 1024


def test_a_chunked_body_that_is_json_up_to_the_limit_is_not_cut_there(small: Flask) -> None:
    sound = body_of(LIMIT)
    assert send(small, io.BytesIO(sound + b" "), None)[0] == 413
    assert send(small, io.BytesIO(sound + b"x" * 10**6), None)[0] == 413


def test_a_body_that_ends_early_is_400(small: Flask) -> None:
    status, answer = send(small, io.BytesIO(b'{"user_id":"a'), "500")
    assert status == 400
    assert answer["title"] == "Bad Request"


def test_a_batch_that_is_too_long_is_422(tmp_path: Path) -> None:
    serve = ServeConfig(max_batch=3, access_log=False)
    client = create_app(Settings(tmp_path, str(tmp_path / "events.sqlite"), serve)).test_client()
    events = [{"user_id": "u1", "item_id": f"i{number}"} for number in range(4)]
    assert client.post("/events", json=events[:3]).status_code == 202
    response = client.post("/events", json=events)
    assert response.status_code == 422
    assert response.json["detail"] == "the body is a list of 4 events; send at most 3 at once"


@pytest.mark.parametrize("n", [0, 1001])
def test_rank_takes_one_to_a_thousand_items(client: FlaskClient, n: int) -> None:
    response = client.post("/rank", json={"user_id": "u1", "item_ids": ["i1"] * n})
    assert response.status_code == 422
    assert response.json["detail"].startswith(f"item_ids is a list of {n}: ")
