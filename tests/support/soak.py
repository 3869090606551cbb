"""Tests that run for minutes: marked ``soak``, left out unless pytest is given ``--soak``; `make soak` runs them alone.

Files that have slow tests come first, so that at the end of a run in several processes none is left alone with a long one.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="run the tests that take minutes, too")


def pytest_configure(config: pytest.Config) -> None:
    """Try the same examples of a property at every run, or with --soak ten times as many, and new ones."""
    soak = bool(config.getoption("--soak"))
    health = [HealthCheck.function_scoped_fixture]
    settings.register_profile(
        "tests", max_examples=600 if soak else 60, derandomize=not soak, deadline=None, suppress_health_check=health
    )
    settings.load_profile("tests")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
    if config.getoption("--soak"):
        return
    skip = pytest.mark.skip(reason="takes minutes; `make soak` runs it")
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(skip)
