"""What all tests of the offline side need."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

from tests.support import factories
from tests.support.files import table


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Implicit warns of a BLAS with more, and small data is faster with one."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def some_users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The events of the first 250 users of the sample."""
    with (factories.SAMPLE / "interactions.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    chosen = [row for row in rows if row[0] <= "u0250"]
    return table(tmp_path_factory.mktemp("sample") / "i.csv", chosen, header)
