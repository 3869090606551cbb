"""What all tests of the offline side need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Implicit warns of a BLAS with more, and small data is faster with one."""
    with threadpool_limits(1):
        yield
