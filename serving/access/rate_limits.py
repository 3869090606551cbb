"""Rate limits: a bucket of tokens for each key, or for each address where no keys are asked for.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10. An address is that of the peer: ``X-Forwarded-For`` is
written by whoever sends the request.
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from http import HTTPStatus

from flask import Flask, Response, g, request

from serving.access.addresses import network
from serving.access.buckets import CALLER_BYTES, SECOND, Buckets, Rate, Taken
from serving.http.problems import problem
from serving.openapi.operations import OPERATIONS
from serving.settings import Settings

EXEMPT = frozenset(one.endpoint for one in OPERATIONS if one.always)
TABLE = "buckets"
POLICY = '"requests"'


def register(app: Flask, settings: Settings) -> None:
    """Answer 429 to who asks for more than ``serve.rate_limit`` allows; 0: no limit, at no cost.

    Raises
    ------
    ConfigError
        When the table cannot be made, or a limit is too small to be kept.
    """
    chosen = settings.serve
    if not chosen.rate_limit:
        return
    rate = Rate.per_second(chosen.rate_limit, chosen.rate_burst)
    buckets = Buckets(rate, None if settings.run is None else settings.run / TABLE)
    policy = f"{POLICY};q={rate.burst};w={math.ceil(rate.whole / SECOND)}"

    def limit() -> Response | None:
        rule = request.url_rule
        if rule is not None and rule.endpoint in EXEMPT:
            return None
        taken: Taken = buckets.take(_caller())
        g.taken = taken
        return None if taken.admitted else _too_many(taken)

    def tell(response: Response) -> Response:
        taken: Taken | None = g.get("taken")
        if taken is not None:
            response.headers["RateLimit-Policy"] = policy
            response.headers["RateLimit"] = f"{POLICY};r={taken.left};t={math.ceil(taken.full / SECOND)}"
        return response

    app.before_request(limit)
    app.after_request(tell)


def _caller() -> bytes:
    key = g.get("key")
    if key is not None:
        digest: bytes = key.digest
        return digest[:CALLER_BYTES]
    return _by_address(request.environ.get("REMOTE_ADDR", ""))


@lru_cache(maxsize=4096)
def _by_address(address: str) -> bytes:
    return hashlib.blake2b(network(address), digest_size=CALLER_BYTES).digest()


def _too_many(taken: Taken) -> Response:
    seconds = taken.retry_after
    response = problem(HTTPStatus.TOO_MANY_REQUESTS, f"too many requests; try again in {seconds} s")
    response.headers["Retry-After"] = str(seconds)
    return response
