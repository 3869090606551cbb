"""Requests that a client makes up on purpose to break a service, and what every answer has to be."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from serving.openapi.operations import OPERATIONS, Operation
from tests.serving.conftest import strict_json

WORDS = [
    b"%00", b"%2F", b"%0D%0A", b"%FF", b"%C0%AF", b"%ED%A0%80", b"%F0%9F%98%80", b"..", b"//", b"\xff",
    b"\r\nX-Evil: 1\r\n", b"{{7*7}}", b"${jndi:ldap://x}", b"' OR 1=1 --", b"<script>", b"%", b"%zz", b"\x00",
    b"a" * 3000, b"\xe2\x80\xae", b"+", b"&k=1", b"NaN", b"Infinity", b"-0", b"1e999", b"null", b"true", b"[]",
    b"__proto__", b"filter=a:b", b"%u0041", b";", b"#", b"?", b"e\xcc\x81",
]  # fmt: skip


def ask(
    app: Flask, one: Operation, path: bytes, query: bytes, headers: dict[str, bytes], body: bytes
) -> tuple[int, bytes]:
    """The status and the body of an answer to what a server passes on."""
    builder = EnvironBuilder("/", method=one.method)
    environ = builder.get_environ()
    environ |= {"PATH_INFO": path.decode("latin-1"), "QUERY_STRING": query.decode("latin-1")}
    environ |= {name: value.decode("latin-1") for name, value in headers.items()}
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"].write(body)
    environ["wsgi.input"].seek(0)
    written, status, sent = run_wsgi_app(app, environ)
    for name, value in sent:
        assert not re.search(r"[\r\n\0]", name + value)
    return int(status[:3]), b"".join(written)


def assert_sound(status: int, written: bytes) -> None:
    assert status < 500, written[:300]
    if status >= 400:
        problem = strict_json(written.decode())
        assert isinstance(problem, dict)
        assert sorted(problem) == ["detail", "request_id", "status", "title", "type"]
        assert problem["status"] == status
        assert len(problem["detail"]) < 2000


TEXTS = st.text(min_size=1, max_size=10).map(str.encode)
PIECES = st.lists(st.sampled_from(WORDS) | TEXTS | st.binary(max_size=20), max_size=4).map(b"".join)
IDS = st.sampled_from([b"u1", b"i1"]) | TEXTS | PIECES.filter(bool)
NAMES = [
    b"k",
    b"offset",
    b"exclude",
    b"filter",
    b"diversity",
    b"explain",
    b"include_seen",
    b"recommendation_id",
    b"trending",
]
GOOD = [b"1", b"7", b"0.5", b"true", b"false", b"i1,i2", b"year>=1995", b"year:1991", b"0" * 32]
PARAMETERS = st.tuples(st.sampled_from(NAMES) | PIECES, st.sampled_from(GOOD) | PIECES).map(b"=".join)
QUERIES = st.just(b"") | st.lists(PARAMETERS, max_size=3).map(b"&".join)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one, max_size=3),
    max_leaves=8,
)
KEYS = [
    "user_id",
    "item_id",
    "item_ids",
    "history",
    "k",
    "filters",
    "attribute",
    "any",
    "min",
    "exclude",
    "event_id",
    "timestamp",
]
OBJECTS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5)
SOUND: list[dict[str, Any]] = [
    {"user_id": "u1", "item_id": "i1", "event_id": "e1", "value": 2, "timestamp": 1_700_000_000},
    {"user_id": "u1", "k": 5, "offset": 3, "exclude": ["i1"], "filters": [{"attribute": "year", "min": 1991}]},
    {"history": ["i1", {"item_id": "i2", "value": 3}], "explain": True, "diversity": 0.5, "include_seen": True},
    {"user_id": "u1", "item_ids": ["i1", "i2"], "explain": True},
]
NEARLY = st.tuples(st.sampled_from(SOUND), st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=1)).map(
    lambda pair: {**pair[0], **pair[1]}
)
OBJECTS_TOO = NEARLY | OBJECTS
BODIES = (OBJECTS_TOO | st.lists(OBJECTS_TOO, max_size=3)).map(lambda one: json.dumps(one).encode()) | PIECES
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "CONTENT_TYPE": st.sampled_from(
            [b"application/json", b"application/json; charset=x", b"text/plain", b"\xff", b"a/b/c;;="]
        ),
        "HTTP_X_REQUEST_ID": PIECES,
        "HTTP_ORIGIN": PIECES,
        "HTTP_ACCEPT": PIECES,
        "HTTP_X_API_KEY": PIECES,
        "HTTP_AUTHORIZATION": PIECES,
        "HTTP_COOKIE": PIECES,
        "HTTP_HOST": PIECES,
        "HTTP_CONTENT_ENCODING": PIECES,
        "HTTP_IF_NONE_MATCH": PIECES,
        "HTTP_RANGE": PIECES,
    },
)
REQUESTS = st.tuples(st.sampled_from(OPERATIONS), IDS, QUERIES, HEADERS, BODIES)
JSON_ALWAYS = st.tuples(
    st.sampled_from([one for one in OPERATIONS if one.body]), st.just({"CONTENT_TYPE": b"application/json"}), BODIES
)


def path_of(one: Operation, piece: bytes) -> bytes:
    return re.sub(rb"{\w+}", lambda _: piece, one.path.encode())


def try_all(app: Flask, cases: int) -> Counter[int]:
    """Statuses of the answers to that many requests."""
    statuses: Counter[int] = Counter()

    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        derandomize=cases < 10_000,
        suppress_health_check=list(HealthCheck),
    )
    @given(REQUESTS)
    def anything(request: tuple[Operation, bytes, bytes, dict[str, bytes], bytes]) -> None:
        one, piece, query, headers, body = request
        status, written = ask(app, one, path_of(one, piece), query, headers, body)
        assert_sound(status, written) if one.answer != "text/html" or status >= 400 else None
        statuses[status] += 1

    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        derandomize=cases < 10_000,
        suppress_health_check=list(HealthCheck),
    )
    @given(JSON_ALWAYS)
    def bodies(request: tuple[Operation, dict[str, bytes], bytes]) -> None:
        one, headers, body = request
        status, written = ask(app, one, one.path.encode(), b"", headers, body)
        assert_sound(status, written)
        statuses[status] += 1

    anything()
    bodies()
    return statuses
