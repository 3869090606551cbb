"""Models that have learned from attributes of users, with a known truth."""

from __future__ import annotations

import numpy as np

from recsys.data.packed import PackedStrings
from recsys.model.extras.attribute_tastes import AttributeTastes
from recsys.model.extras.user_records import UserRecords
from recsys.model.model import Model
from tests.support import factories

VALUES = (  # attribute, text, low, high
    ("age", "under 30", -np.inf, 30.0),
    ("age", "from 30", 30.0, np.inf),
    ("country", "CH", 0.0, 0.0),
    ("country", "DE", 0.0, 0.0),
    ("hobby", "7", 0.0, 0.0),
)


def tastes(n_items: int, n_ranked: int = 20, seed: int = 0) -> AttributeTastes:
    """Random gains of every other item."""
    attributes, texts, low, high = zip(*VALUES, strict=True)
    gains = np.random.default_rng(seed).normal(size=(len(VALUES), n_ranked)).round(6).astype(np.float32)
    items = np.arange(0, n_items, 2, dtype=np.int32)[:n_ranked]
    columns = PackedStrings.from_strings(attributes), PackedStrings.from_strings(texts)
    return AttributeTastes(*columns, np.array(low), np.array(high), items, gains)


def model() -> Model:
    """A random model in which the new user `swiss` has a country and an age."""
    made = factories.model()
    records = UserRecords.of({"swiss": {"country": "CH", "age": 34}, "u1": {"country": "DE"}})
    assert records is not None
    return made.with_extras(tastes(len(made.catalog)), records)
