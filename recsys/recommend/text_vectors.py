"""Texts in the space of like items: nobody has consumed one, so it borrows the behaviour of the items that it describes.

Of the NEAREST items by their texts, each counts by its cosine: with the rows ``[x, t]`` of items
(:mod:`recsys.model.similarity`) and the text alone, ``c``, the behaviour is ``b = sum max(0, t . c) x``. Without it a
text could move the content of a mean of examples and never their behaviour, so that "like Alien, minus horror, plus
comedy" stayed horror (docs/search.md has figures).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors
from recsys.model.model import Model

NEAREST = 20


def content_row(model: Model, vector: Vectors) -> NDArray[np.float64]:
    """The row of a text without behaviour, (layout.dim,), from its unit vector as the encoder makes it, (text_dim,)."""
    return model.likeness.of_text(vector, np.zeros(model.layout.factors, dtype=np.float32))


def row_of_text(model: Model, vector: Vectors) -> NDArray[np.float64]:
    """The row of a text with the behaviour of the items it is like, (layout.dim,); zero for a zero vector."""
    alone = content_row(model, vector)
    if not alone.any() or not len(model.catalog):
        return alone
    found = model.items_like_item.query(alone, NEAREST)
    rows = model.items_like_item.table.rows(found.nums)[:, : model.layout.factors]
    behaviour = (np.maximum(found.scores, 0).astype(np.float64)[:, None] * rows).sum(axis=0)
    return model.likeness.of_text(vector, behaviour)
