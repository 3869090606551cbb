"""OPTIONS, and which pages of other origins may read the answers (the CORS of the Fetch standard); none unless configured."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, Response, request
from flask.globals import request_ctx

SENT = "X-API-Key, Authorization, Content-Type, X-Request-ID"
READ = "X-Request-ID, Retry-After, RateLimit, RateLimit-Policy"
SECONDS = 600
VARY = ("Vary", "Origin")


def answer_options(app: Flask, origins: Sequence[str]) -> None:
    """Answer OPTIONS, also the preflights of browsers; register it before anything that asks for a key.

    Parameters
    ----------
    app : Flask
    origins : sequence of str
        Compared whole, such as ``https://shop.example``. Cookies are not used, so credentials are never allowed.
    """
    allowed = frozenset(origins)

    def options() -> Response | None:
        if request.method != "OPTIONS" or request.routing_exception is not None:
            return None
        response = Response(status=204)
        del response.headers["Content-Type"]
        response.allow.update(_methods())
        if "Access-Control-Request-Method" in request.headers and request.headers.get("Origin") in allowed:
            response.headers["Access-Control-Allow-Methods"] = ", ".join(_methods())
            response.headers["Access-Control-Allow-Headers"] = SENT
            response.headers["Access-Control-Max-Age"] = str(SECONDS)
        return response

    app.before_request(options)


def cors_headers(origin: str | None, allowed: frozenset[str]) -> list[tuple[str, str]]:
    """The headers of an answer to a page of `origin`, None for a client that is no page of another origin."""
    if origin is None or origin not in allowed:
        return [VARY]
    return [VARY, ("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", READ)]


def _methods() -> list[str]:
    """What can be asked of the resource, not of others whose ids end like its path."""
    rule, adapter = request.url_rule, request_ctx.url_adapter
    assert rule is not None
    assert adapter is not None
    same = [one for one in adapter.map.iter_rules() if one.rule == rule.rule]
    return sorted({method for one in same for method in one.methods or ()})
