"""OPTIONS, and the pages of other origins that may read answers (the CORS of the Fetch standard); none by default."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, Response, request
from flask.globals import request_ctx

SENT = "X-API-Key, Authorization, Content-Type, X-Request-ID"
READ = "X-Request-ID, Retry-After, RateLimit, RateLimit-Policy"
SECONDS = 600
VARY = ("Vary", "Origin")


def answer_options(app: Flask, origins: Sequence[str]) -> None:
    """Answer OPTIONS and the preflights of browsers; call it before anything that requires a key.

    `origins` such as ``https://shop.example`` are compared whole. Credentials are never allowed, as cookies are not used.
    """
    allowed = frozenset(origins)

    @app.before_request
    def options() -> Response | None:
        if request.method != "OPTIONS" or request.routing_exception is not None:
            return None
        response = Response(status=204)
        del response.headers["Content-Type"]
        methods = _methods()
        response.allow.update(methods)
        if "Access-Control-Request-Method" in request.headers and request.headers.get("Origin") in allowed:
            response.headers["Access-Control-Allow-Methods"] = ", ".join(methods)
            response.headers["Access-Control-Allow-Headers"] = SENT
            response.headers["Access-Control-Max-Age"] = str(SECONDS)
        return response


def cors_headers(origin: str | None, allowed: frozenset[str]) -> list[tuple[str, str]]:
    """Return the headers of an answer to a page of `origin`; None: the client is not a page of another origin."""
    if origin is None or origin not in allowed:
        return [VARY]
    return [VARY, ("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", READ)]


def _methods() -> list[str]:
    """Return the methods of the resource, without those of resources whose ids end like its path."""
    rule, adapter = request.url_rule, request_ctx.url_adapter
    assert rule is not None
    assert adapter is not None
    return sorted(
        {method for same in adapter.map.iter_rules() if same.rule == rule.rule for method in same.methods or ()}
    )
