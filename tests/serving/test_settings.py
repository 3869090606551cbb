from __future__ import annotations

from pathlib import Path

import pytest

from serving.settings import Settings


@pytest.mark.parametrize(("environment", "store"), [({"RECSYS_STORE": "/models"}, "/models"), ({}, "var/store")])
def test_the_store_comes_from_the_environment(environment: dict[str, str], store: str) -> None:
    assert Settings.from_environment(environment) == Settings(Path(store))
