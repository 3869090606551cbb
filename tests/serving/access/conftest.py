"""Services with a file of keys, and a Redis."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.faults.safe import safe
from tests.support.faults.stores import memory, store
from tests.support.redis_server import NotInstalledError, RedisServer, redis_server

__all__ = ["memory", "redis", "safe", "store"]


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    try:
        with redis_server() as server:
            yield server
    except NotInstalledError as error:
        pytest.skip(str(error))
