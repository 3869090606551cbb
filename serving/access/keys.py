"""API keys: who sends a request, and whether the key allows it.

A key is compared by its SHA-256 with every key of the file, each in constant time, so that the time of an answer says
nothing of the keys. No key is logged, put into an answer or into the message of an error.
"""

from __future__ import annotations

import hmac
import logging
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request

from serving.access import key_file
from serving.access.key_file import KeyFileError, KeyRecord
from serving.http.problems import problem
from serving.openapi.operations import OPERATIONS, SCOPES
from serving.settings import Settings
from serving.telemetry.observe import KEY

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LOG = logging.getLogger(__name__)
READ_SECONDS = 1.0
COPY = "keys.json"
OPEN, ADMIN = "none", "admin"
OPEN_PATHS = frozenset(operation.path for operation in OPERATIONS if operation.scope == OPEN)
REFUSALS = (
    ("this resource needs an API key: send it as X-API-Key, or as Authorization: Bearer", ""),
    ("the API key is not known, or has expired", ', error="invalid_token"'),
    ("X-API-Key and Authorization hold two different keys; send one", ', error="invalid_request"'),
)  # detail and challenge by the number of keys that were sent


class Keys:
    """The keys of a file, which is read again once a second; while it is unsound the last sound keys hold.

    `copy` is where they are kept for workers that start while the file is unsound; `clock` returns monotonic seconds, `wall`
    Unix time. Raises KeyFileError when there are no sound keys to begin with.
    """

    def __init__(
        self,
        path: Path,
        copy: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._path, self._copy, self._clock, self._wall = path, copy, clock, wall
        self._keys: tuple[KeyRecord, ...] = ()
        self._problem, self._lock = "", threading.Lock()
        self._next_read = clock() + READ_SECONDS
        if copy is None or not copy.exists():  # the first worker of its server
            self._take(key_file.read_for_server(path))
            return
        self._poll()
        if self._problem:
            self._keys = key_file.read(copy)

    def find(self, key: str) -> KeyRecord | None:
        """Return the record of a key, None if it is unknown or expired."""
        if self._clock() >= self._next_read and self._lock.acquire(blocking=False):
            try:
                self._poll()
            finally:
                self._lock.release()
        digest = key_file.digest(key)
        for record in [record for record in self._keys if hmac.compare_digest(record.sha256, digest)]:  # compares all
            if record.expires_at is None or self._wall() < record.expires_at.timestamp():
                return record
        return None

    def _poll(self) -> None:
        self._next_read = self._clock() + READ_SECONDS
        problem = ""
        try:
            self._take(key_file.read(self._path))
        except KeyFileError as error:
            problem = f"{error}; the last sound keys hold"
        if problem and problem != self._problem:  # once, not every second
            LOG.error(problem)
        elif self._problem and not problem:
            LOG.warning("key file %s is sound again", self._path)
        self._problem = problem

    def _take(self, keys: tuple[KeyRecord, ...]) -> None:
        if keys == self._keys:
            return
        self._keys = keys
        LOG.info("key file %s: %d keys", self._path, len(keys))
        if not keys:
            LOG.warning("key file %s holds no key: no client is admitted", self._path)
        if self._copy is not None:
            try:
                key_file.write(self._copy, keys)
            except OSError as error:
                LOG.warning("the copy of the keys cannot be written to %s: %s", self._copy, error.strerror)


def require_keys(app: Flask, settings: Settings, scopes: Mapping[str, str] = SCOPES) -> None:
    """Require of every request a key with the scope of its endpoint; without ``serve.keys`` require none.

    `scopes` has ``none``, ``read``, ``write`` or ``admin`` by endpoint; an endpoint that is not in it needs ``admin``.
    Raises KeyFileError when the key file cannot be used.
    """
    if not settings.serve.keys:
        return
    keys = Keys(Path(settings.serve.keys), None if settings.run is None else settings.run / COPY)

    @app.before_request
    def check() -> Response | None:
        rule, environ = request.url_rule, request.environ
        scope = "" if rule is None else scopes.get(rule.endpoint, ADMIN)  # "": no such resource, which any key may know
        if scope == OPEN or (rule is None and request.path in OPEN_PATHS):  # the latter with a wrong method
            return None
        sent = _sent_keys(environ)
        key = keys.find(*sent) if len(sent) == 1 else None
        if key is None:
            return _refuse(HTTPStatus.UNAUTHORIZED, *REFUSALS[len(sent)])
        g.key, environ[KEY] = key, key.name
        if not scope or scope in key.scopes or ADMIN in key.scopes:
            return None
        detail = f"the API key {key.name!r} has no scope {scope!r}"
        return _refuse(HTTPStatus.FORBIDDEN, detail, f', error="insufficient_scope", scope="{scope}"')


def _sent_keys(environ: WSGIEnvironment) -> set[str]:
    """Return the keys of both headers: two when they disagree."""
    scheme, space, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    sent = {token.strip()} if space and scheme.lower() == "bearer" else set()
    if "HTTP_X_API_KEY" in environ:
        sent.add(environ["HTTP_X_API_KEY"].strip())
    return sent


def _refuse(status: HTTPStatus, detail: str, challenge: str) -> Response:
    response = problem(status, detail)
    response.headers["WWW-Authenticate"] = f'Bearer realm="recsys"{challenge}'
    return response
