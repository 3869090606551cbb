"""Fixtures that several folders of tests share."""

from __future__ import annotations

import pytest

from recsys.model import Model
from tests import factories


@pytest.fixture(scope="session")
def model() -> Model:
    """Thirty users, fifty items, random vectors; never changed by a test."""
    return factories.model()
