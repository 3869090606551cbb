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
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request

from serving.access import key_file
from serving.access.key_file import KeyFile, KeyFileError, KeyRecord
from serving.http.problems import problem
from serving.openapi.operations import OPERATIONS, SCOPES
from serving.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LOG = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
SETTLED_SECONDS = 2.0  # a file may be written twice within one tick of its clock
COPY = "keys.json"
NAME = "recsys.key"  # in the WSGI environment, for the access log: the name, not the key
BEARER = "bearer "
OPEN = "none"
OPEN_PATHS = frozenset(one.path for one in OPERATIONS if one.scope == OPEN)
ADMIN = "admin"
IMPLIED = {ADMIN: ("read", "write", ADMIN)}
CHALLENGE = 'Bearer realm="recsys"'


@dataclass(frozen=True)
class Key:
    """A key as it is compared: its SHA-256, what it may do, and the Unix time from which on it is refused."""

    name: str
    digest: bytes
    scopes: frozenset[str]
    expires: float = float("inf")

    @classmethod
    def from_record(cls, record: KeyRecord) -> Key:
        scopes = frozenset(one for scope in record.scopes for one in IMPLIED.get(scope, (scope,)))
        expires = float("inf") if record.expires_at is None else record.expires_at.timestamp()
        return cls(record.name, bytes.fromhex(record.sha256), scopes, expires)


class Keys:
    """The keys of a file, which is read again when it changes; while it is unsound the last sound ones hold.

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
        self._keys: tuple[Key, ...] = ()
        self._content = b""
        self._signature: key_file.Signature | None = None
        self._problem = ""
        self._lock = threading.Lock()
        self._begin()
        self._next_look = clock() + LOOK_SECONDS

    def find(self, given: str) -> Key | None:
        """The key that `given` is, None when it is none or has expired."""
        if self._clock() >= self._next_look:
            self._look()
        digest = key_file.digest(given)
        found = None
        for key in self._keys:  # all of them, whichever it is
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found if found is not None and self._wall() < found.expires else None

    def _begin(self) -> None:
        known = self._copy is not None and self._copy.exists()
        try:
            self._read()
        except KeyFileError as error:
            if self._copy is None or not known:
                raise
            self._complain(f"{error}; the last sound keys hold")
            self._take(key_file.read(self._copy))
        if not self._keys and not known:
            raise key_file.no_key(self._path)

    def _look(self) -> None:
        if not self._lock.acquire(blocking=False):  # another thread is at it
            return
        try:
            self._next_look = self._clock() + LOOK_SECONDS
            if self._signature is None or key_file.signature(self._path) != self._signature:
                self._read()
            if self._problem:
                LOG.warning("key file %s is sound again", self._path)
            self._problem = ""
        except KeyFileError as error:
            self._complain(f"{error}; the last sound keys hold")
        finally:
            self._lock.release()

    def _read(self) -> None:
        signature = key_file.signature(self._path)  # before the content, so that a later change is seen
        found = key_file.read(self._path)
        settled = signature is not None and abs(self._wall() - signature[0] / 1e9) > SETTLED_SECONDS
        self._signature = signature if settled else None
        if found.content != self._content:
            self._take(found)
            self._keep(found)

    def _take(self, found: KeyFile) -> None:
        self._content = found.content
        self._keys = tuple(Key.from_record(record) for record in found.keys)
        LOG.info("key file %s: %d keys", self._path, len(self._keys))
        if not self._keys:
            LOG.warning("key file %s holds no key: nobody gets in", self._path)
        if found.readable_by_others:
            LOG.warning("key file %s can be read by other users of this machine; chmod 600 it", self._path)

    def _keep(self, found: KeyFile) -> None:
        if self._copy is None:
            return
        try:
            key_file.replace(self._copy, found.content)
        except OSError as error:
            LOG.warning("the copy of the keys cannot be written to %s: %s", self._copy, error.strerror)

    def _complain(self, problem: str) -> None:
        if problem != self._problem:  # once, not every second
            LOG.error(problem)
        self._problem = problem


def register(app: Flask, settings: Settings, scopes: Mapping[str, str] = SCOPES) -> None:
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
    if scope and scope not in key.scopes:
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
