from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.settings import Settings

VERSION = "20261123T120000Z-0000"


@pytest.fixture
def client(model: Model, tmp_path: Path) -> FlaskClient:
    """A service over the random model; its store is empty and never asked."""
    return create_app(Settings(tmp_path), Recommender(model, VERSION)).test_client()


@pytest.fixture
def empty(tmp_path: Path) -> FlaskClient:
    """A service over a store without any model."""
    return create_app(Settings(tmp_path / "store")).test_client()


def strict_json(text: str) -> object:
    """Parse JSON as a strict client does: NaN and infinities are errors."""

    def refuse(constant: str) -> object:
        raise AssertionError(f"{constant} in a body")

    return json.loads(text, parse_constant=refuse)
