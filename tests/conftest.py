"""Fixtures that several folders of tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recsys.model.model import Model
from tests.support import factories, postgresql
from tests.support.soak import pytest_addoption, pytest_collection_modifyitems, pytest_configure

__all__ = ["pytest_addoption", "pytest_collection_modifyitems", "pytest_configure"]


@pytest.fixture(scope="session")
def model() -> Model:
    """Thirty users, fifty items, random vectors; never changed by a test."""
    return factories.model()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Server]:
    """A PostgreSQL server of the tests alone."""
    try:
        with postgresql.server() as running:
            yield running
    except postgresql.NotInstalledError as error:
        pytest.skip(str(error))


@pytest.fixture(params=["sqlite", "postgresql"])
def events_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an event store may be made: a file that is not there, or an empty schema."""
    if request.param == "sqlite":
        return str(tmp_path / "events.sqlite")
    made: Callable[[], str] = request.getfixturevalue("postgresql_server").new_schema
    return made()
