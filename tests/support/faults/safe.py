"""A service with a file of keys, for the tests of promise 27."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from recsys.config import ServeConfig
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.access import key_file
from serving.access.key_file import KeyRecord, Scope
from serving.app import create_app
from serving.settings import Settings
from tests.support.factories import NOON

CLOSED = "/recommend/u1?k=3"
SCOPES = ("read", "write", "admin")


@dataclass
class Safe:
    """A file of keys, and the keys that were put into it, by name."""

    path: Path
    model: Model
    keys: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, *scopes: Scope, expires: datetime | None = None) -> str:
        self.keys[name], record = key_file.generate(name, scopes, NOON, expires)
        self.change(lambda known: known.append(record))
        return self.keys[name]

    def remove(self, name: str) -> None:
        self.change(lambda known: known.__setitem__(slice(None), [one for one in known if one.name != name]))

    def change(self, how: Callable[[list[KeyRecord]], object]) -> None:
        with key_file.changing(self.path) as known:
            how(known)

    def settings(self, run: Path | None = None) -> Settings:
        return Settings(self.path.parent / "store", "", ServeConfig(keys=str(self.path)), run)

    def service(self, run: Path | None = None) -> Flask:
        return create_app(self.settings(run), Recommender(self.model, "v1"))

    def service_with_all(self) -> Flask:
        """A service with a key for each scope, which has its name."""
        for scope in SCOPES:
            self.add(scope, scope)  # type: ignore[arg-type]
        return self.service()


@pytest.fixture
def safe(tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> Safe:
    """An empty one, whose services look at the file whenever they are asked."""
    monkeypatch.setattr("serving.access.keys.READ_SECONDS", 0.0)
    return Safe(tmp_path / "keys.json", model)


def get(app: Flask, key: str | None = None, path: str = CLOSED, method: str = "GET") -> TestResponse:
    return app.test_client().open(path, method=method, headers={} if key is None else {"X-API-Key": key})
