"""What every request has in common: its id, and the headers of its answer."""

from __future__ import annotations

import re
import uuid

from flask import Flask, Response, g, request

REQUEST_ID = "X-Request-ID"
ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


def register(app: Flask) -> None:
    """Give each request an id, the caller's own where it is a plain one, and answer with it."""
    app.before_request(_identify)
    app.after_request(_add_headers)


def _identify() -> None:
    given = request.headers.get(REQUEST_ID, "")
    g.request_id = given if ACCEPTED.fullmatch(given) else uuid.uuid4().hex


def _add_headers(response: Response) -> Response:
    response.headers[REQUEST_ID] = g.get("request_id") or uuid.uuid4().hex
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
