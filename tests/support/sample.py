"""The configuration that trains a small model on the sample, or on a part of it, in half a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recsys.config import Config
from tests.support import factories
from tests.support.files import config

ITEMS = factories.SAMPLE / "items.csv"
EVENTS = {"watch": 1.0, "like": 2.0}
LSA = {"encoder": "lsa", "lsa_dim": 16}


def small(path: Path, **sections: Any) -> Config:
    als = {"factors": 8, "iterations": 5} | sections.pop("als", {})
    index = sections.pop("index", {"n_trees": 5, "queries": 50})
    return config(path, ITEMS, als=als, content=LSA, events=EVENTS, index=index, **sections)
