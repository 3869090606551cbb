"""A model whose items lie in two directions and whose attributes follow them: suggestions that can be told by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recsys.data.catalog import Catalog, Item
from recsys.data.packed import PackedStrings
from recsys.index.exact import ExactIndex, VectorTable
from recsys.model.extras.tagging import SETTING, SPACES, Tagging
from recsys.model.model import Model
from recsys.model.similarity import Likeness
from tests.support import factories

GENRES = [("comedy",), ("comedy", "war"), ("war",), (), ("comedy",)]
LANDS = ["fr", "fr", "it", "", "it"]


def tagging(**changes: object) -> Tagging:
    """Of five items: genres, of which an item may have two, and a land."""
    settings = np.zeros((2, len(SPACES), len(SETTING)))
    settings[:, :, 0], settings[:, :, 1] = 2, 0.4
    settings[:, :, SETTING.index("f1")] = 0.5  # better than the most frequent values
    settings[0, 0, 2:] = (9, 0.8, 0.7, 0.75, 0.05, 0.4, 0.3, 0.35)
    made = Tagging(
        PackedStrings.from_strings(["genres", "land"]),
        PackedStrings.from_strings(["comedy", "war", "fr", "it"]),
        np.array([0, 2, 4], dtype=np.int64),
        np.array([0, 1], dtype=np.uint8),
        np.array([0, 2, 5, 7, 7, 9], dtype=np.int64),
        np.array([0, 2, 0, 1, 2, 1, 3, 0, 3], dtype=np.int32),
        settings,
        np.array([0, 2, 4, 6, 8], dtype=np.int64),
        np.array([[0.0, 0.0], [1.0, 0.5]] + [[0.0, 0.0], [1.0, 1.0]] * 3),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def model() -> Model:
    """Items 0 and 1 are alike, and 2; 3 is like 0 and 1, and has no attributes; 4 is unlike all."""
    base = factories.model(n_users=5, n_items=5, factors=2, text_dim=2, n_neighbors=0)
    items = [Item(f"i{num}", f"Title {num}", "", {"genres": list(GENRES[num]), "land": LANDS[num]}) for num in range(5)]
    rows = np.array(
        [[1, 0, 1, 0], [0.8, 0, 0.8, 0], [0, 1, 0, 1], [1, 0.1, 1, 0.1], [-1, -1, -1, -1]], dtype=np.float32
    )
    return replace(
        base.with_extras(tagging()),
        catalog=Catalog.from_items(items),
        items_like_item=ExactIndex(VectorTable.from_vectors(rows)),
        likeness=Likeness.of(0.5, np.zeros(2, dtype=np.float32)),
        forests={},
    )
