"""Rate limits: a token bucket for each key, or for each address where no keys are required.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10. An address is that of the peer: ``X-Forwarded-For`` is
written by the client.
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from http import HTTPStatus

from flask import Flask, Response, g, request

from serving.access.addresses import network
from serving.http.problems import problem
from serving.openapi.operations import OPERATIONS
from serving.settings import Settings

EXEMPT = frozenset(operation.endpoint for operation in OPERATIONS if operation.always)
POLICY = '"requests"'
CALLER_BYTES = 16


def limit_rates(app: Flask, settings: Settings) -> None:
    """Answer 429 to a caller that sends more than ``serve.rate_limit`` allows; 0: no limit, at no cost.

    Raises ConfigError when the limit is too small, or ``serve.rate_limit_storage`` is no URL of a Redis.
    """
    serve = settings.serve
    if not serve.rate_limit:
        return
    from serving.access.limiter import Limiter

    workers = 1 if settings.run is None else serve.workers
    limiter = Limiter(serve.rate_limit, serve.rate_burst, workers, serve.rate_limit_storage)
    burst, seconds = limiter.policy
    policy = f"{POLICY};q={burst};w={_whole(seconds)}"

    @app.before_request
    def limit() -> Response | None:
        if request.url_rule is not None and request.url_rule.endpoint in EXEMPT:
            return None
        result = limiter.take(_caller())
        g.rate_limit = result.state
        if not result.limited:
            return None
        wait = max(1, _whole(result.state.retry_after))
        response = problem(HTTPStatus.TOO_MANY_REQUESTS, f"too many requests; try again in {wait} s")
        response.headers["Retry-After"] = str(wait)
        return response

    @app.after_request
    def add_headers(response: Response) -> Response:
        if "rate_limit" in g:
            response.headers["RateLimit-Policy"] = policy
            response.headers["RateLimit"] = f"{POLICY};r={g.rate_limit.remaining};t={_whole(g.rate_limit.reset_after)}"
        return response


def _caller() -> str:
    if "key" in g:
        sha256: str = g.key.sha256
        return sha256[: 2 * CALLER_BYTES]
    return _by_address(request.environ.get("REMOTE_ADDR", ""))


@lru_cache(maxsize=4096)
def _by_address(address: str) -> str:
    return hashlib.blake2b(network(address), digest_size=CALLER_BYTES).hexdigest()


def _whole(seconds: float) -> int:
    return math.ceil(round(seconds, 6))  # without the last bits of sums of floats
