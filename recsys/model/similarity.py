"""Vectors of texts and users in the space of similar items (:mod:`recsys.model.blending`).

Item rows are ``[sqrt(w) r unit(q), sqrt(1 - w) unit(t)]`` with the factors q and the centered text vector t of an item.
A text with the vector v is ``[sqrt(w) unit(b), sqrt(1 - w) unit(v - m)]`` with the mean m of the texts of the
catalog; its behavior b is zero, or taken from the items with similar texts (:mod:`recsys.recommend.text_vectors`).
A user with the factors p and the unit mean c of the history's text vectors is ``[sqrt(w) unit(p), sqrt(1 - w) c]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from recsys.data.part import Column, Part, Scalar
from recsys.data.vectors import Vectors, unit_rows
from recsys.score_order import Scores


@dataclass(frozen=True, eq=False)
class Likeness(Part):
    """Constants of the formula: w, the share of behavior (1 without content), and m (empty without content)."""

    name = "likeness"
    weight: Annotated[float, Scalar(low=0, high=1)]
    text_mean: Annotated[Vectors, Column(np.float32, "text_dim", finite=True)]

    @classmethod
    def of(cls, weight: float, text_mean: Vectors) -> Likeness:
        """Return the constants of :func:`recsys.model.blending.items_like_item`; without content the weight is 1."""
        return cls(weight if len(text_mean) else 1.0, text_mean)

    def of_text(self, vector: Vectors, behavior: Scores) -> NDArray[np.float64]:
        """Return the row (factors + text_dim,) of a text from its unit vector (text_dim,) and b (factors,), of any length."""
        return self._row(behavior, vector - self.text_mean if vector.any() else vector)

    def of_user(self, query: Scores, factors: int) -> NDArray[np.float64]:
        """Return the row of a user, (factors + text_dim,), from the query vector ``[p, c]``, of any lengths."""
        return self._row(query[:factors], query[factors:])

    def _row(self, behavior: Scores, content: Scores) -> NDArray[np.float64]:
        parts = (np.sqrt(self.weight) * unit_rows(behavior), np.sqrt(1 - self.weight) * unit_rows(content))
        return np.concatenate(parts)
