"""Token buckets, by the generic cell rate algorithm of throttled-py.

Each worker counts in its own memory and allows its share of the limit, unless a Redis is named in which all workers of all
servers count together. Imported only where there is a limit: the library takes a tenth of a second.
"""

from __future__ import annotations

import logging
import math
import time
from datetime import timedelta
from fractions import Fraction

from throttled.exceptions import StoreUnavailableError
from throttled.rate_limiter import Quota, RateLimitResult, per_duration
from throttled.rate_limiter.gcra import GCRARateLimiter
from throttled.store import MemoryStore, RedisStore

from recsys.errors import ConfigError

LOG = logging.getLogger(__name__)
MAX_CALLERS = 16_384  # buckets in the memory of a worker, 11 MB; the least recently used one is dropped
LONGEST_INTERVAL_SECONDS = 1_000_000
REDIS_URLS = ("redis://", "rediss://", "unix://")
REDIS_SECONDS = 0.25  # a Redis that hangs must not hang the service
WITHOUT_REDIS_SECONDS = 10.0
KEY_PREFIX = "recsys"


class Limiter:
    """Takes tokens from the bucket of a caller, which gets `rate` tokens a second and holds `burst`.

    `workers` share the limit when each counts in its own memory. `storage` is the URL of a Redis; while it does not answer,
    and where it is empty, memory is used. Raises ConfigError when the rate is too small, or the storage is no URL of a Redis.
    """

    def __init__(self, rate: float, burst: int, workers: int = 1, storage: str = "") -> None:
        self._local = GCRARateLimiter(_quota(rate, burst, workers), MemoryStore(options={"MAX_SIZE": MAX_CALLERS}))
        self._shared = _in_redis(_quota(rate, burst, 1), storage) if storage else None
        self._use_shared_at = 0.0

    @property
    def policy(self) -> tuple[int, float]:
        """Tokens that a bucket holds, and the seconds in which an empty one fills."""
        quota = (self._shared or self._local).quota
        return quota.burst, quota.burst * quota.emission_interval

    def take(self, caller: str) -> RateLimitResult:
        """Take a token of a caller if there is one."""
        if self._shared is not None and time.monotonic() >= self._use_shared_at:
            try:
                return self._shared.limit(caller)
            except StoreUnavailableError as error:
                self._use_shared_at = time.monotonic() + WITHOUT_REDIS_SECONDS
                text = "serve.rate_limit_storage does not answer (%s): for %g s this worker counts alone"
                LOG.warning(text, type(error.__cause__).__name__, WITHOUT_REDIS_SECONDS)
        return self._local.limit(caller)


def _quota(rate: float, burst: int, workers: int) -> Quota:
    """Return the share of each worker; a bucket holds at least one token."""
    share = Fraction(rate).limit_denominator(LONGEST_INTERVAL_SECONDS) / workers
    if not share:
        raise ConfigError(
            f"serve.rate_limit = {rate:g} is less than a request in {LONGEST_INTERVAL_SECONDS} s; "
            "raise it, or set it to 0 for no limit"
        )
    return per_duration(timedelta(seconds=share.denominator), share.numerator, math.ceil(burst / workers))


def _in_redis(quota: Quota, url: str) -> GCRARateLimiter:
    """Return a limiter that connects when it is first used. No message repeats the URL, which may hold a password."""
    if not url.startswith(REDIS_URLS):
        raise ConfigError(f"serve.rate_limit_storage must be a URL that begins with {', '.join(REDIS_URLS)}")
    try:
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError as error:
        raise ConfigError("serve.rate_limit_storage: redis is not installed; install the extra 'redis'") from error
    pool = {"retry": Retry(NoBackoff(), retries=1)}  # for a connection that Redis has closed
    options = {"SOCKET_TIMEOUT": REDIS_SECONDS, "SOCKET_CONNECT_TIMEOUT": REDIS_SECONDS, "CONNECTION_POOL_KWARGS": pool}
    try:
        return GCRARateLimiter(quota, RedisStore(url, options), key_prefix=KEY_PREFIX)
    except ValueError:
        raise ConfigError("serve.rate_limit_storage is not a URL such as redis://host:6379/0") from None
