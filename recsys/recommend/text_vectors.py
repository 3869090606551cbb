"""Vectors of texts in the space of similar items; their behavior is that of the items with similar texts.

Each of the NEAREST items by text is weighted by its cosine: with the rows ``[x, t]`` of items
(:mod:`recsys.model.similarity`) and the text alone, ``c``, the behavior is ``b = sum max(0, t . c) x``. Without it a
text would shift the content of a mean of examples but never their behavior, and "like Alien, minus horror, plus comedy"
would stay horror (docs/search.md has figures).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors
from recsys.model.model import Model

NEAREST = 20


def content_row(model: Model, vector: Vectors) -> NDArray[np.float64]:
    """Return the row of a text without behavior, (layout.dim,), from its encoded unit vector, (text_dim,)."""
    return model.likeness.of_text(vector, np.zeros(model.layout.factors, dtype=np.float32))


def row_of_text(model: Model, vector: Vectors) -> NDArray[np.float64]:
    """Return the row of a text with the behavior of similar items, (layout.dim,); zero for a zero vector."""
    alone = content_row(model, vector)
    if not alone.any() or not len(model.catalog):
        return alone
    neighbors = model.items_like_item.query(alone, NEAREST)
    rows = model.items_like_item.table.rows(neighbors.nums)[:, : model.layout.factors]
    behavior = (np.maximum(neighbors.scores, 0).astype(np.float64)[:, None] * rows).sum(axis=0)
    return model.likeness.of_text(vector, behavior)
