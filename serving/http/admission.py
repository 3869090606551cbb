"""How many requests a worker takes on at once; more are told at once to try again, which is cheaper than to queue them.

A request holds a place while it is worked on. While its body arrives, which a slow client may stretch, it holds one of
another, larger number of places instead, so that slow clients never stop others. The server needs threads for all places
and some more: those that refuse a request, and those that say whether the worker is alive.
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
from serving.http.problems import RETRY_AFTER_SECONDS
from serving.http.requests import request_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ALWAYS = frozenset({"/livez", "/readyz", "/metrics"})
BODIES = 256
SPARE_THREADS = 8
PLACE = "recsys.place"
BUSY = "the server has too much to do; try again later"

Told = Callable[[], None]


class OverloadError(NotReadyError):
    """All places of the worker are taken."""


def threads(in_flight: int) -> int:
    """The threads that a server needs for `in_flight` requests at once."""
    return in_flight + BODIES + SPARE_THREADS


def limit_in_flight(app: Flask, in_flight: int, told: Told) -> None:
    """Let at most `in_flight` requests into the application at once; health and metrics always.

    ``app.extensions`` gets ``admission``.

    Parameters
    ----------
    app : Flask
    in_flight : int
    told : callable
        Is told of each request that is refused.
    """
    admission = Admission(app.wsgi_app, in_flight, told)
    app.wsgi_app = admission  # type: ignore[method-assign]
    app.extensions["admission"] = admission


@contextmanager
def arriving() -> Iterator[None]:
    """Around the reading of a body: the current request holds no place among those that are worked on.

    Raises
    ------
    OverloadError
        When too many bodies are on their way, or others have taken the places meanwhile.
    """
    place: Place | None = request.environ.get(PLACE)
    if place is None:
        yield
        return
    place.move(place.admission.bodies)
    yield
    place.move(place.admission.work)


class Admission:
    """An application that has a number of places.

    Parameters
    ----------
    app : WSGI application
        Each of its answers comes whole.
    in_flight : int
        Requests that are worked on at once.
    told : callable
        Is told of each request that is refused.
    bodies : int
        Requests whose bodies are on their way at once.
    """

    def __init__(self, app: WSGIApplication, in_flight: int, told: Told, bodies: int = BODIES) -> None:
        self._app, self._told = app, told
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

    def refused(self) -> OverloadError:
        """The error to raise, after it was told."""
        self._told()
        return OverloadError(BUSY)


class Place:
    """What one request holds."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self._held: threading.Semaphore | None = None

    def move(self, places: threading.Semaphore) -> None:
        """Take one of `places` and give up the one held so far; raises OverloadError and keeps it when there is none."""
        if not places.acquire(blocking=False):
            raise self.admission.refused()
        self.leave()
        self._held = places

    def leave(self) -> None:
        """Give the place up."""
        if self._held is not None:
            self._held.release()
            self._held = None


def _refuse(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """The problem document, without Flask, which would cost as much as an answer."""
    status = HTTPStatus.SERVICE_UNAVAILABLE
    body = orjson.dumps(
        {
            "type": "about:blank",
            "title": status.phrase,
            "status": status.value,
            "detail": BUSY,
            "request_id": request_id(environ),
        }
    )
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("Retry-After", str(RETRY_AFTER_SECONDS)),
    ]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
