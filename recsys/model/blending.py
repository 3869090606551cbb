"""Blending of behavior (ALS factors) and content (text vectors) into a single vector.

User to item, by inner product::

    items  [q'_i, s t_i]     users  [p_u, e_u c_u]     score = p_u . q'_i + s e_u (c_u . t_i)     e_u = 1 + short_history / n_u

with p the ALS factors of a user, t_i the centered unit text vector of an item, c_u the unit mean of the text vectors in the
user's history of n_u items, and s = beta * (mean length of q) * (mean length of p), so that beta = 1 gives both parts the same
scale. Content counts more for shorter histories.

``q'_i = (n_i q_i + prior_at z_i) / (n_i + prior_at)`` shrinks the ALS factors of an item with n_i interactions toward z_i,
the mean factors of the items with the most similar texts. A cold item has q' = z and competes with warm items on their scale.

The score adds the sums of :mod:`recsys.model.neighborhood` to this product.

Item to item, by inner product::

    rows   [sqrt(w) r_i unit(q_i), sqrt(1 - w) unit(t_i)]      r_i = sqrt(n_i / (n_i + half_at))

The product of two rows is ``w r_i r_j cos(q_i, q_j) + (1 - w) cos(t_i, t_j)``; with r = 1, for items of many
interactions, rows have length 1 and the product is the weighted mean of both cosines. The reliability r_i falls with the
number n_i of interactions of an item, down to 0 for a cold item, which is matched by content alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Float, Vectors, unit_rows


@dataclass(frozen=True)
class Layout:
    """Layout of the two parts in a blended vector; the collaborative part is first."""

    factors: int
    text_dim: int  # 0 without content
    content_scale: float  # s of the module's formula; 0 without content
    short_history: float  # number of interactions at which content counts twice

    @property
    def dim(self) -> int:
        return self.factors + self.text_dim

    def emphasis(self, n: int) -> float:
        """Return e_u for a user with `n` interactions."""
        return 1 + self.short_history / max(1, n)


def score_unit(user_factors: Vectors, item_factors: Vectors) -> float:
    """Return (mean length of q) * (mean length of p), over users and items with factors; 1 without factors.

    It is the unit of everything added to ``p . q``.
    """
    return _mean_length(user_factors) * _mean_length(item_factors) or 1.0


def with_prior(item_factors: Vectors, prior: Vectors, counts: NDArray[np.int64], prior_at: float) -> Vectors:
    """Return q' of the user-item formula, (n_items, factors), from q, z and the interactions n of each item; q where z is 0."""
    own = np.where(prior.any(axis=1), counts / np.maximum(counts + prior_at, 1e-9), 1.0).astype(np.float32)[:, None]
    return np.asarray(own * item_factors + (1 - own) * prior)


def centered(texts: Vectors) -> Vectors:
    """Return text vectors (n_items, text_dim) minus their mean, of length 1; rows of zeros (no text) stay zero.

    Sentence embeddings share a common direction; without it cosines separate the items of a catalog better
    (docs/decisions/0004).
    """
    present = texts.any(axis=1)
    shifted = np.zeros_like(texts)
    shifted[present] = texts[present] - text_mean(texts)
    return unit_rows(shifted)


def text_mean(texts: Vectors) -> Vectors:
    """Return the mean of the nonzero text vectors, (text_dim,); zero for fewer than two."""
    present = texts.any(axis=1)
    if present.sum() < 2:  # subtracting the mean would erase a single text
        return np.zeros(texts.shape[1], dtype=np.float32)
    return np.asarray(texts[present].mean(axis=0, dtype=np.float64), dtype=np.float32)


def items_for_user(item_factors: Vectors, texts: Vectors, scale: float) -> Vectors:
    """Return item rows ``[q_i, s t_i]``, (n_items, factors + text_dim)."""
    return np.hstack((item_factors, np.float32(scale) * texts))


def user_vector(factors: NDArray[Float], history_texts: Vectors, layout: Layout) -> NDArray[np.floating[Any]]:
    """Return the user row ``[p_u, e_u c_u]`` from p_u (factors,) and the history's text vectors (n, text_dim)."""
    total = history_texts.sum(axis=0, dtype=np.float32)
    return np.concatenate((factors, np.float32(layout.emphasis(len(history_texts))) * unit_rows(total)))


def user_vectors(factors: Vectors, totals: Vectors, lengths: NDArray[np.int64], layout: Layout) -> Vectors:
    """Return :func:`user_vector` of many users from the sums of their text vectors (n, text_dim) and lengths (n,)."""
    return np.hstack((factors, emphases(lengths, layout.short_history)[:, None] * unit_rows(totals)))


def emphases(lengths: NDArray[np.integer], short_history: float) -> Vectors:
    """Return e_u for histories of these lengths."""
    return np.asarray(1 + short_history / np.maximum(1, lengths), dtype=np.float32)


def reliability(counts: NDArray[np.int64], half_at: float) -> Vectors:
    """Return r_i of the item-item formula, (n_items,), from the interactions of each item; r_i^2 is 1/2 at `half_at`."""
    return np.asarray(np.sqrt(counts / np.maximum(counts + half_at, 1e-9)), dtype=np.float32)


def items_like_item(item_factors: Vectors, texts: Vectors, weight: float, trust: Vectors) -> Vectors:
    """Return item rows of the item-item formula, (n_items, factors + text_dim), with w = `weight` and r = `trust`."""
    behavior = trust[:, None] * unit_rows(item_factors)
    if not texts.shape[1]:
        return behavior
    return np.hstack((np.float32(np.sqrt(weight)) * behavior, np.float32(np.sqrt(1 - weight)) * unit_rows(texts)))


def _mean_length(vectors: Vectors) -> float:
    lengths = np.linalg.norm(vectors, axis=1)
    lengths = lengths[lengths > 0]
    return float(lengths.mean()) if len(lengths) else 0.0
