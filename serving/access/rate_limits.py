"""Rate limits: a token bucket for each key, or for each address where no keys are asked for.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10. An address is that of the peer: ``X-Forwarded-For`` is
written by the client.
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request

from serving.access.addresses import network
from serving.http.problems import problem
from serving.openapi.operations import OPERATIONS
from serving.settings import Settings

if TYPE_CHECKING:
    from throttled.rate_limiter import RateLimitState

EXEMPT = frozenset(one.endpoint for one in OPERATIONS if one.always)
POLICY = '"requests"'
CALLER_BYTES = 16


def limit_rates(app: Flask, settings: Settings) -> None:
    """Answer 429 to a caller that sends more than ``serve.rate_limit`` allows; 0: no limit, at no cost.

    Raises
    ------
    ConfigError
        When the limit is too small, or ``serve.rate_limit_storage`` is no URL of a Redis.
    """
    serve = settings.serve
    if not serve.rate_limit:
        return
    from serving.access.limiter import Limiter

    workers = 1 if settings.run is None else serve.workers
    limiter = Limiter(serve.rate_limit, serve.rate_burst, workers, serve.rate_limit_storage)
    burst, seconds = limiter.policy
    policy = f"{POLICY};q={burst};w={_whole(seconds)}"

    def limit() -> Response | None:
        rule = request.url_rule
        if rule is not None and rule.endpoint in EXEMPT:
            return None
        result = limiter.take(_caller())
        g.rate_limit = result.state
        return _too_many(result.state) if result.limited else None

    def add_headers(response: Response) -> Response:
        state: RateLimitState | None = g.get("rate_limit")
        if state is not None:
            response.headers["RateLimit-Policy"] = policy
            response.headers["RateLimit"] = f"{POLICY};r={state.remaining};t={_whole(state.reset_after)}"
        return response

    app.before_request(limit)
    app.after_request(add_headers)


def _caller() -> str:
    key = g.get("key")
    if key is not None:
        sha256: str = key.sha256
        return sha256[: 2 * CALLER_BYTES]
    return _by_address(request.environ.get("REMOTE_ADDR", ""))


@lru_cache(maxsize=4096)
def _by_address(address: str) -> str:
    return hashlib.blake2b(network(address), digest_size=CALLER_BYTES).hexdigest()


def _whole(seconds: float) -> int:
    return math.ceil(round(seconds, 6))  # without the last bits of sums of floats


def _too_many(state: RateLimitState) -> Response:
    seconds = max(1, _whole(state.retry_after))
    response = problem(HTTPStatus.TOO_MANY_REQUESTS, f"too many requests; try again in {seconds} s")
    response.headers["Retry-After"] = str(seconds)
    return response
