"""How behaviour (ALS factors) and content (text vectors) become one vector.

User to item, by inner product::

    items  [q_i, s t_i]      users  [p_u, c_u]      score = p_u . q_i + s (c_u . t_i)

with q, p the ALS factors, t_i the centred unit text vector of an item, c_u the unit mean of the text vectors in the user's
history, and s = beta * (mean length of q) * (mean length of p), so that beta = 1 gives both parts the same scale.

Item to item, by inner product::

    rows   [sqrt(w) r_i unit(q_i), sqrt(1 - w) unit(t_i)]      r_i = sqrt(n_i / (n_i + half_at))

The product of two rows is ``w r_i r_j cos(q_i, q_j) + (1 - w) cos(t_i, t_j)``; with r = 1, for items of many
interactions, rows have length 1 and the product is the weighted mean of both cosines. The reliability r_i falls with the
number n_i of interactions that the factors of an item rest on, down to 0 for a cold item, which its content carries.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.embeddings import Vectors, unit_rows


@dataclass(frozen=True)
class Layout:
    """Where the two parts lie in a blended vector.

    Parameters
    ----------
    factors : int
        Length of the collaborative part, which comes first.
    text_dim : int
        Length of the content part; 0 without content.
    content_scale : float
        The s of the module's formula; 0 without content.
    """

    factors: int
    text_dim: int
    content_scale: float

    @property
    def dim(self) -> int:
        return self.factors + self.text_dim


def content_scale(user_factors: Vectors, item_factors: Vectors, beta: float) -> float:
    """The s of the user-item formula; the means run over users and items that have factors.

    1 where none has, so that content alone answers.
    """
    lengths = _mean_length(user_factors) * _mean_length(item_factors)
    return beta * lengths if lengths else 1.0


def centred(texts: Vectors) -> Vectors:
    """Text vectors (n_items, text_dim) less their mean, of length 1; rows of zeros (no text) stay zero.

    Sentence embeddings share a common direction; without it the cosines tell the items of one catalogue apart better
    (docs/decisions/0004).
    """
    known = texts.any(axis=1)
    if known.sum() < 2:  # a lone text is all that is known, and not its own mean
        return unit_rows(texts)
    moved = np.zeros_like(texts)
    moved[known] = texts[known] - texts[known].mean(axis=0, dtype=np.float64).astype(np.float32)
    return unit_rows(moved)


def items_for_user(item_factors: Vectors, texts: Vectors, scale: float) -> Vectors:
    """Item rows ``[q_i, s t_i]``, (n_items, factors + text_dim)."""
    return np.hstack((item_factors, np.float32(scale) * texts))


def user_vector(factors: Vectors, history_texts: Vectors) -> Vectors:
    """User row ``[p_u, c_u]`` from p_u (factors,) and the text vectors of the history (n, text_dim), of any common scale."""
    total = history_texts.sum(axis=0, dtype=np.float32)
    return np.concatenate((factors, unit_rows(total)))


def user_vectors(factors: Vectors, history: sparse.csr_matrix, texts: Vectors) -> Vectors:
    """User rows ``[p_u, c_u]`` of many users: factors (n, factors), history (n, n_items) of ones."""
    return np.hstack((factors, unit_rows(np.asarray(history @ texts, dtype=np.float32))))


def reliability(counts: NDArray[np.int64], half_at: float) -> Vectors:
    """The r_i of the item-item formula, (n_items,), from the number of interactions of each item.

    Parameters
    ----------
    half_at : float
        Number of interactions at which r_i^2 is one half.
    """
    return np.asarray(np.sqrt(counts / np.maximum(counts + half_at, 1e-9)), dtype=np.float32)


def items_like_item(item_factors: Vectors, texts: Vectors, weight: float, trust: Vectors) -> Vectors:
    """Item rows of the item-item formula, (n_items, factors + text_dim).

    Parameters
    ----------
    weight : float
        The w of the formula, 0 to 1; without any content it counts as 1.
    trust : float32 array (n_items,)
        The r_i of the formula.
    """
    behaviour = trust[:, None] * unit_rows(item_factors)
    if not texts.shape[1]:
        return behaviour
    return np.hstack((np.float32(np.sqrt(weight)) * behaviour, np.float32(np.sqrt(1 - weight)) * unit_rows(texts)))


def _mean_length(vectors: Vectors) -> float:
    lengths = np.linalg.norm(vectors, axis=1)
    lengths = lengths[lengths > 0]
    return float(lengths.mean()) if len(lengths) else 0.0
