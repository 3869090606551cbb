"""The current model of the configured store."""

from __future__ import annotations

from pathlib import Path

from recsys.config import Config
from recsys.recommender import Recommender
from recsys.store import Store


def open_store(config: Config) -> Store:
    return Store(Path(config.store.path))


def open_recommender(config: Config) -> Recommender:
    """Raises NoModelError when nothing is published, BundleError when the current bundle is damaged."""
    return open_store(config).recommender()
