"""API keys: who asks, and whether they may.

A key is compared by its SHA-256 with every key that there is, each in constant time, so that the time of an answer says
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

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LOG = logging.getLogger(__name__)
READ_SECONDS = 1.0
COPY = "keys.json"
NAME = "recsys.key"  # in the WSGI environment, for the access log: the name, not the key
BEARER = "bearer "
OPEN = "none"
OPEN_PATHS = frozenset(one.path for one in OPERATIONS if one.scope == OPEN)
ADMIN = "admin"
CHALLENGE = 'Bearer realm="recsys"'


class Keys:
    """The keys of a file, which is read again once a second; while it is unsound the last sound keys hold.

    Parameters
    ----------
    path : Path
    copy : Path or None
        Where the last sound file is kept for workers that start while the file is unsound.
    clock, wall : callable
        Seconds that only rise, and Unix time.

    Raises
    ------
    KeyFileError
        When there are no sound keys to begin with.
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
        self._content, self._problem = b"", ""
        self._lock = threading.Lock()
        replaced = copy is not None and copy.exists()  # whether this is not the first worker of its server
        try:
            self._read(path)
        except KeyFileError as error:
            if copy is None or not replaced:
                raise
            self._complain(f"{error}; the last sound keys hold")
            self._read(copy)
        if not self._keys and not replaced:
            raise key_file.no_key(path)
        self._next_read = clock() + READ_SECONDS

    def find(self, given: str) -> KeyRecord | None:
        """Return the key that was given, None if it is unknown or expired."""
        if self._clock() >= self._next_read and self._lock.acquire(blocking=False):
            try:
                self._poll()
            finally:
                self._lock.release()
        digest = key_file.digest(given)
        found = None
        for key in self._keys:  # all of them, wherever the right one is
            if hmac.compare_digest(key.sha256, digest):
                found = key
        expires_at = None if found is None else found.expires_at
        return None if expires_at is not None and self._wall() >= expires_at.timestamp() else found

    def _poll(self) -> None:
        self._next_read = self._clock() + READ_SECONDS
        try:
            self._read(self._path)
        except KeyFileError as error:
            self._complain(f"{error}; the last sound keys hold")
            return
        if self._problem:
            LOG.warning("key file %s is sound again", self._path)
        self._problem = ""

    def _read(self, path: Path) -> None:
        content = key_file.read_bytes(path)
        if content == self._content:
            return
        self._keys, self._content = key_file.parse(path, content), content
        LOG.info("key file %s: %d keys", path, len(self._keys))
        if not self._keys:
            LOG.warning("key file %s holds no key: no client is admitted", path)
        if self._copy is not None and path != self._copy:
            try:
                key_file.replace(self._copy, content)
            except OSError as error:
                LOG.warning("the copy of the keys cannot be written to %s: %s", self._copy, error.strerror)

    def _complain(self, problem: str) -> None:
        if problem != self._problem:  # once, not every second
            LOG.error(problem)
        self._problem = problem


def require_keys(app: Flask, settings: Settings, scopes: Mapping[str, str] = SCOPES) -> None:
    """Ask every request for a key with the scope that its endpoint needs; without ``serve.keys`` for none.

    Parameters
    ----------
    scopes : mapping
        ``none``, ``read``, ``write`` or ``admin`` by endpoint; an endpoint that is not in it needs ``admin``.

    Raises
    ------
    KeyFileError
        When the file of keys cannot be used.
    """
    if not settings.serve.keys:
        return
    keys = Keys(Path(settings.serve.keys), None if settings.run is None else settings.run / COPY)

    def check() -> Response | None:
        rule = request.url_rule
        if rule is None and request.path in OPEN_PATHS:  # with a wrong method, which is told to everybody
            return None
        scope = "" if rule is None else scopes.get(rule.endpoint, ADMIN)  # "": no such resource, which any key may hear
        return None if scope == OPEN else _refusal(keys, request.environ, scope)

    app.before_request(check)


def _refusal(keys: Keys, environ: WSGIEnvironment, scope: str) -> Response | None:
    """The answer to a request that may not pass, None for one that may."""
    given = _given(environ)
    if given is None:
        return _unauthorized("this resource needs an API key: send it as X-API-Key, or as Authorization: Bearer")
    if len(given) > 1:
        return _unauthorized("X-API-Key and Authorization hold two different keys; send one", "invalid_request")
    key = keys.find(*given)
    if key is None:
        return _unauthorized("the API key is not known, or has expired", "invalid_token")
    g.key = key
    environ[NAME] = key.name
    if scope and scope not in key.scopes and ADMIN not in key.scopes:
        response = problem(HTTPStatus.FORBIDDEN, f"the API key {key.name!r} has no scope {scope!r}")
        response.headers["WWW-Authenticate"] = f'{CHALLENGE}, error="insufficient_scope", scope="{scope}"'
        return response
    return None


def _given(environ: WSGIEnvironment) -> set[str] | None:
    """What was sent as a key: usually one, two when the headers disagree."""
    found = set()
    plain = environ.get("HTTP_X_API_KEY")
    if plain is not None:
        found.add(plain.strip())
    authorization = environ.get("HTTP_AUTHORIZATION")
    if authorization is not None and authorization[: len(BEARER)].lower() == BEARER:
        found.add(authorization[len(BEARER) :].strip())
    return found or None


def _unauthorized(detail: str, error: str = "") -> Response:
    response = problem(HTTPStatus.UNAUTHORIZED, detail)
    response.headers["WWW-Authenticate"] = CHALLENGE + (f', error="{error}"' if error else "")
    return response
