"""Vectors of texts and users in the space of similar items (:mod:`recsys.model.blending`).

Item rows are ``[sqrt(w) r unit(q), sqrt(1 - w) unit(t)]`` with the factors q and the centred text vector t of an item.
A text with the vector v is ``[sqrt(w) unit(b), sqrt(1 - w) unit(v - m)]`` with the mean m of the texts of the
catalog; its behavior b is zero, or taken from the items with similar texts (:mod:`recsys.recommend.text_vectors`).
A user with the factors p and the unit mean c of the history's text vectors is ``[sqrt(w) unit(p), sqrt(1 - w) c]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from recsys.data.part import Column, Fields, Part, Scalar
from recsys.data.vectors import Vectors, unit_rows
from recsys.score_order import Scores


@dataclass(frozen=True, eq=False)
class Likeness(Part):
    """Constants of the formula.

    Parameters
    ----------
    weight : float
        w, the share of behavior, 0 to 1; 1 without content.
    text_mean : float32 array (text_dim,)
        m, subtracted from the text vectors of the items before scaling; empty without content.

    Raises
    ------
    BundleError
        When a value is out of range.
    """

    name: ClassVar[str] = "likeness"
    fields: ClassVar[Fields] = {
        "weight": Scalar(low=0, high=1),
        "text_mean": Column(np.float32, "text_dim", finite=True),
    }

    weight: float
    text_mean: Vectors

    @classmethod
    def of(cls, weight: float, text_mean: Vectors) -> Likeness:
        """Return the constants of :func:`recsys.model.blending.items_like_item`; without content the weight is 1."""
        return cls(weight if len(text_mean) else 1.0, text_mean)

    def of_text(self, vector: Vectors, behavior: Scores) -> NDArray[np.float64]:
        """Return the row of a text, (factors + text_dim,).

        Parameters
        ----------
        vector : float32 array (text_dim,)
            Encoded text, of length 1.
        behavior : float array (factors,)
            The b of the module's formula, of any length; zeros without.
        """
        centred = vector - self.text_mean if vector.any() else vector
        return self._row(behavior, centred)

    def of_user(self, query: Scores, factors: int) -> NDArray[np.float64]:
        """Return the row of a user, (factors + text_dim,), from the query vector ``[p, c]``, of any lengths."""
        return self._row(query[:factors], query[factors:])

    def _row(self, behavior: Scores, content: Scores) -> NDArray[np.float64]:
        parts = (np.sqrt(self.weight) * unit_rows(behavior), np.sqrt(1 - self.weight) * unit_rows(content))
        return np.concatenate(parts)
