"""Id of every request, and the limits of its address and its body."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

from flask import Flask, g, request
from werkzeug.exceptions import BadRequest, RequestURITooLarge

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

REQUEST_ID = "X-Request-ID"
ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
LONGEST_URL = 8192
_CACHED = "recsys.request_id"


def begin_requests(app: Flask, max_body: int) -> None:
    """Give each request an id, and refuse addresses that are too long and bodies of more than `max_body` bytes."""
    app.config["MAX_CONTENT_LENGTH"] = max_body
    app.before_request(_begin)


def request_id(environ: WSGIEnvironment) -> str:
    """Return the id of a request: that of the client if it is a plain one, otherwise a random one."""
    identifier: str | None = environ.get(_CACHED)
    if identifier is None:
        sent = environ.get("HTTP_X_REQUEST_ID")
        identifier = environ[_CACHED] = sent if sent and ACCEPTED.fullmatch(sent) else os.urandom(16).hex()
    return identifier


def _begin() -> None:
    environ = request.environ
    g.request_id = request_id(environ)
    path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
    if len(path) + len(query) > LONGEST_URL // 3:  # the limit is that of the encoded path
        encoded = quote_from_bytes(path.encode("latin-1"))
        if len(encoded) + bool(query) + len(query) > LONGEST_URL:
            raise RequestURITooLarge(
                f"the address is longer than {LONGEST_URL} bytes; send long lists as the body of a POST"
            )
    if not path.isascii():
        try:
            path.encode("latin-1").decode()
        except UnicodeError as error:
            raise BadRequest("the path is not UTF-8; percent-encode the bytes of UTF-8") from error
