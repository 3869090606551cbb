"""What all tests of the offline side need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="session", autouse=True)
def _one_blas_thread() -> Iterator[None]:
    """As the command line sets it: implicit warns of more, and its own threads do the work."""
    with threadpool_limits(1, "blas"):
        yield
