"""Limit of the requests that a worker takes at once; others get 503 immediately, which is cheaper than a queue.

A request holds a place while the worker handles it. While its body arrives, which a slow client may stretch, it holds one of
another, larger number of places instead, so slow clients never stop others. The server needs threads for all places
and some more: for requests that are refused, and for requests for the health of the worker.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson
from flask import Flask, request

from serving.errors import NotReadyError
from serving.http.problems import RETRY_AFTER_SECONDS, problem_object
from serving.http.requests import request_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ALWAYS = frozenset({"/livez", "/readyz", "/metrics"})
BODIES = 256
SPARE_THREADS = 8
PLACE = "recsys.place"
BUSY = "the server has too much to do; try again later"


class OverloadError(NotReadyError):
    """All places of the worker are taken."""


def threads(in_flight: int) -> int:
    """Return the threads that a server needs for `in_flight` requests at once."""
    return in_flight + BODIES + SPARE_THREADS


def limit_in_flight(app: Flask, in_flight: int, on_refusal: Callable[[], None]) -> None:
    """Limit the requests that `app` handles at once, except health and metrics; its extension ``admission`` is the limit."""
    app.extensions["admission"] = app.wsgi_app = Admission(app.wsgi_app, in_flight, on_refusal)  # type: ignore[method-assign]


@contextmanager
def arriving() -> Iterator[None]:
    """Hold a place for bodies instead of one for work while the body of the current request is read.

    Raises
    ------
    OverloadError
        When too many bodies are arriving, or other requests took the places for work meanwhile.
    """
    place: Place | None = request.environ.get(PLACE)
    if place is not None:
        place.move(place.admission.bodies)
    yield
    if place is not None:
        place.move(place.admission.work)


class Admission:
    """WSGI application with a limited number of places.

    Parameters
    ----------
    app : WSGI application
        Each of its answers comes whole.
    in_flight : int
        Requests that are handled at once.
    on_refusal : callable
        Called for each refused request.
    bodies : int
        Requests whose bodies arrive at once.
    """

    def __init__(
        self, app: WSGIApplication, in_flight: int, on_refusal: Callable[[], None], bodies: int = BODIES
    ) -> None:
        self._app, self.on_refusal = app, on_refusal
        self.work = threading.Semaphore(in_flight)
        self.bodies = threading.Semaphore(bodies)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] in ALWAYS:
            return self._app(environ, start_response)
        place = Place(self)
        try:
            place.move(self.work)
        except OverloadError:
            return _refuse(environ, start_response)
        environ[PLACE] = place
        try:
            return self._app(environ, start_response)
        finally:
            place.leave()


class Place:
    """The place of one request."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self._held: threading.Semaphore | None = None

    def move(self, places: threading.Semaphore) -> None:
        """Take one of `places` and release the present one; raise OverloadError and keep it if there is none."""
        if not places.acquire(blocking=False):
            self.admission.on_refusal()
            raise OverloadError(BUSY)
        self.leave()
        self._held = places

    def leave(self) -> None:
        """Release the place."""
        if self._held is not None:
            self._held.release()
            self._held = None


def _refuse(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """Answer with the problem document, without Flask, which would cost as much as an answer."""
    status = HTTPStatus.SERVICE_UNAVAILABLE
    body = orjson.dumps(problem_object(status, BUSY, request_id(environ)))
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("Retry-After", str(RETRY_AFTER_SECONDS)),
    ]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
