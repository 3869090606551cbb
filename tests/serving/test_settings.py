from __future__ import annotations

from pathlib import Path

import pytest

from recsys.config import ServeConfig
from serving.settings import Settings

SETTINGS = Settings(Path("/models"), "/events.sqlite", ServeConfig(workers=3, cors_origins=("https://shop.example",)))


@pytest.mark.parametrize("run", [None, Path("/run/recsys")])
def test_settings_pass_through_the_environment(run: Path | None) -> None:
    settings = Settings(SETTINGS.store, SETTINGS.events, SETTINGS.serve, run)
    assert Settings.from_environment(settings.environment()) == settings


def test_an_empty_environment_means_the_defaults() -> None:
    assert Settings.from_environment({}) == Settings(Path("var/store"), "var/events.sqlite", ServeConfig(), None)
