"""Places of a worker: taken, given up and refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from flask import Flask, Response, request
from flask.testing import FlaskClient
from werkzeug.exceptions import BadRequest

from recsys.config import ServeConfig
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.http import admission, problems, requests
from serving.http.admission import Admission
from serving.settings import Settings

IN_FLIGHT = 2


class Told:
    """Counts what was refused."""

    def __init__(self) -> None:
        self.refused = 0

    def __call__(self) -> None:
        self.refused += 1


@pytest.fixture
def told() -> Told:
    return Told()


def service(told: Told, views: dict[str, Callable[[], object]], bodies: int = 1) -> tuple[FlaskClient, Admission]:
    """An application with a few views and two places."""
    app = Flask("some")
    requests.begin_requests(app, 1000)
    problems.answer_errors(app)
    for path, view in views.items():
        app.add_url_rule(path, path, view, methods=["GET", "POST"])
    gate = Admission(app.wsgi_app, IN_FLIGHT, told, bodies)
    app.wsgi_app = gate  # type: ignore[method-assign]
    return app.test_client(), gate


def free(gate: Admission) -> tuple[int, int]:
    return gate.work._value, gate.bodies._value


def test_a_request_holds_a_place_until_it_is_answered(told: Told) -> None:
    seen = []

    def view() -> str:
        seen.append(free(gate))
        return "done"

    client, gate = service(told, {"/x": view})
    assert client.get("/x").status_code == 200
    assert seen == [(IN_FLIGHT - 1, 1)]
    assert free(gate) == (IN_FLIGHT, 1)


def test_one_request_too_many_is_told_to_come_back(told: Told) -> None:
    statuses = []

    def view() -> str:
        if len(statuses) < 5:
            statuses.append(None)
            statuses.append(client.get("/x").status_code)  # a request while this one is worked on
        return "done"

    client, gate = service(told, {"/x": view})
    assert client.get("/x").status_code == 200
    assert statuses == [None, None, 503, 200]
    assert told.refused == 1
    assert free(gate) == (IN_FLIGHT, 1)


def test_the_refusal_is_a_problem_document(told: Told) -> None:
    client, gate = service(told, {"/x": lambda: "done"})
    for _ in range(IN_FLIGHT):
        gate.work.acquire()
    answer = client.get("/x", headers={"X-Request-ID": "one"})
    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["Retry-After"] == "5"
    assert json.loads(answer.data) == {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "the server has too much to do; try again later",
        "request_id": "one",
    }


def fails() -> str:
    raise ZeroDivisionError


def refuses() -> str:
    raise BadRequest


def sends() -> Response:
    return Response(iter([b"a", b"b"]))


@pytest.mark.parametrize("view", [fails, refuses, sends])
def test_however_a_request_ends_its_place_is_free_again(told: Told, view: Callable[[], object]) -> None:
    client, gate = service(told, {"/x": view})
    for _ in range(3 * IN_FLIGHT):
        assert client.get("/x").status_code in (200, 400, 500)
    assert client.get("/nowhere").status_code == 404
    assert free(gate) == (IN_FLIGHT, 1)
    assert told.refused == 0


def test_a_place_is_free_again_where_nothing_catches_the_error(told: Told) -> None:
    def broken(*_: object) -> Iterable[bytes]:
        raise MemoryError("all is taken")

    gate = Admission(broken, 1, told)
    for _ in range(3):
        with pytest.raises(MemoryError, match="all is taken"):
            gate({"PATH_INFO": "/x"}, lambda *_: lambda _: None)
    assert gate.work._value == 1


class Body:
    """What a server hands over as a body; looks at the places when it is read."""

    def __init__(self, content: bytes, read: Callable[[], None]) -> None:
        self._content, self._read = content, read

    def read(self, size: int = -1) -> bytes:
        self._read()
        found, self._content = self._content[:size], self._content[size:]
        return found


def reading() -> str:
    with admission.arriving():
        found = request.get_data()
    return str(len(found))


def send(client: FlaskClient, body: Body, length: int = 3) -> int:
    given = {"wsgi.input": body, "CONTENT_LENGTH": str(length), "REQUEST_METHOD": "POST", "PATH_INFO": "/x"}
    return client.open(environ_overrides=given).status_code


def test_while_its_body_arrives_a_request_holds_no_place_of_work(told: Told) -> None:
    seen: list[tuple[int, int]] = []
    client, gate = service(told, {"/x": reading})
    assert send(client, Body(b"abc", lambda: seen.append(free(gate)))) == 200
    assert set(seen) == {(IN_FLIGHT, 0)}
    assert free(gate) == (IN_FLIGHT, 1)


@pytest.mark.parametrize(("body", "length", "status"), [(b"ab", 3, 400), (b"abc", 5000, 413)])
def test_a_body_that_ends_early_or_is_too_long_frees_its_place(
    told: Told, body: bytes, length: int, status: int
) -> None:
    client, gate = service(told, {"/x": reading})
    assert send(client, Body(body, lambda: None), length) == status
    assert free(gate) == (IN_FLIGHT, 1)


def test_too_many_bodies_on_their_way_are_refused(told: Told) -> None:
    client, gate = service(told, {"/x": reading, "/y": lambda: "done"}, bodies=1)
    gate.bodies.acquire()
    assert client.post("/x", data=b"abc").status_code == 503
    assert told.refused == 1
    assert client.get("/y").status_code == 200
    assert free(gate) == (IN_FLIGHT, 0)


def test_a_body_that_comes_when_others_have_taken_the_places_is_refused(told: Told) -> None:
    client, gate = service(told, {"/x": reading})
    assert send(client, Body(b"abc", lambda: [gate.work.acquire(blocking=False) for _ in range(IN_FLIGHT)])) == 503  # type: ignore[arg-type]
    assert told.refused == 1
    assert free(gate) == (0, 1)


@pytest.fixture
def busy(model: Model, tmp_path: Path) -> FlaskClient:
    """The service with all its places taken."""
    app = create_app(Settings(tmp_path, serve=ServeConfig(in_flight=1)), Recommender(model, "v"))
    app.extensions["admission"].work.acquire()
    return app.test_client()


def test_a_busy_worker_says_that_it_is_alive_and_ready(busy: FlaskClient) -> None:
    assert busy.get("/livez").status_code == 200
    assert busy.get("/readyz").status_code == 200
    assert busy.get("/metrics").status_code == 200


def test_a_busy_worker_refuses_the_rest_with_the_headers_of_every_answer_and_counts_it(busy: FlaskClient) -> None:
    for path in ("/recommend/u1", "/similar/i1", "/nowhere"):
        answer = busy.get(path)
        assert answer.status_code == 503
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Request-ID"] == answer.json["request_id"]
    counted = busy.get("/metrics").text
    assert "recsys_sheds_total 3.0" in counted
