"""Rows of items that came after the training, by the formulas of :mod:`recsys.model.blending`.

The factors of a new item with n users are ``q' = (n q + prior_at z) / (n + prior_at)``. z is the mean of the factors of the
NEAREST items by text that have factors, weighted by the cosine of their centered texts, where that is above 0. q solves the
equations of an item in ALS (:mod:`recsys.model.fold_in` with the sides exchanged)::

    (P'P + sum over its users of (c_u - 1) p_u p_u' + r) q = sum over its users of c_u p_u
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors, unit_rows
from recsys.index.exact import best_of, products
from recsys.model import blending
from recsys.model.fold_in import MOST_CONFIDENCE
from recsys.model.model import Model
from recsys.score_order import SLACK, contenders

NEAREST = 20
BLOCK_CELLS = 4_000_000  # products in memory at a time
TABLE_BLOCK = 8192  # rows
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class NewItemRules:
    """Settings of the training that new items follow, by the names of the configuration; without it, its defaults."""

    text_columns: tuple[str, ...] = ()
    title_column: str = "title"
    list_separator: str = "|"
    prior_at: float = 2.0
    half_at: float = 30.0
    n_neighbors: int = 100
    regularization: float = 0.15
    regularization_power: float = 1.0

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> Self:
        """Return the rules from the parameters of a manifest; what they lack is as by default."""
        data, blend, als = (parameters.get(name, {}) for name in ("data", "blend", "als"))
        columns = tuple(parameters.get("content", {}).get("columns", ()))
        found = {**data, **blend, **als, "text_columns": columns}
        return cls(**{name: found[name] for name in cls.__dataclass_fields__ if name in found})


@dataclass(frozen=True, eq=False)
class ItemRows:
    """Rows of m new items for the tables of a model: (m, layout.dim) twice, (m, text_dim) and (m, factors)."""

    for_user: Vectors
    like_item: Vectors
    by_text: Vectors
    factors: Vectors

    @classmethod
    def joined(cls, rows: Sequence[ItemRows]) -> ItemRows:
        """Return the rows of all, in their order."""
        return cls(*(np.concatenate([getattr(one, name) for one in rows]) for name in cls.__dataclass_fields__))

    def __len__(self) -> int:
        return len(self.for_user)

    def row(self, num: int) -> ItemRows:
        """Return a copy of the rows of one item."""
        return ItemRows(*(getattr(self, name)[num : num + 1].copy() for name in self.__dataclass_fields__))


def rows_of_new_items(
    model: Model, rules: NewItemRules, vectors: Vectors, own: Vectors, counts: NDArray[np.int64]
) -> ItemRows:
    """Return the rows of new items.

    Parameters
    ----------
    vectors : float32 array (m, text_dim)
        Unit vectors of their texts as encoded, zero without a text.
    own : float32 array (m, factors)
        The q of the module's formula, zero for an item without users.
    counts : int64 array (m,)
        Their numbers of users.
    """
    present = vectors.any(axis=1)
    texts = np.zeros_like(vectors)
    texts[present] = unit_rows(vectors[present] - model.likeness.text_mean) if present.any() else vectors[present]
    shrunk = blending.with_prior(own, prior_of_texts(model, texts), counts, rules.prior_at)
    trust = blending.reliability(counts, rules.half_at)
    return ItemRows(
        blending.items_for_user(shrunk, texts, model.layout.content_scale),
        blending.items_like_item(own, texts, model.likeness.weight, trust),
        vectors,
        shrunk,
    )


def prior_of_texts(model: Model, texts: Vectors) -> Vectors:
    """Return the z of the module's formula for centered unit text vectors (m, text_dim), (m, factors); zero without a text."""
    prior = np.zeros((len(texts), model.layout.factors), dtype=np.float32)
    table, scale, factors = model.items_for_user.table, model.layout.content_scale, model.layout.factors
    cold = model.fold_in.item_counts[table.order] == 0
    if not (scale and factors) or cold.all():
        return prior
    step = max(1, BLOCK_CELLS // len(cold))
    for start in range(0, len(texts), step):
        some = texts[start : start + step]
        rough = np.empty((len(some), len(cold)), dtype=np.float32)
        for first in range(0, len(cold), TABLE_BLOCK):  # a copy of all texts would not be mapped memory
            block = table.vectors[first : first + TABLE_BLOCK, factors:]
            rough[:, first : first + TABLE_BLOCK] = some @ block.T
        rough[:, cold] = -np.inf
        for num in np.flatnonzero(some.any(axis=1)).tolist():
            nums = table.order[contenders(rough[num], NEAREST, 2 * SLACK * scale)]
            cosines = products(table.rows(nums)[:, factors:], some[num]) / scale
            near = best_of(nums, cosines, NEAREST)
            prior[start + num] = _weighted_mean(model, near.nums, np.maximum(near.scores, 0).astype(np.float64))
    return prior


def _weighted_mean(model: Model, nums: NDArray[np.int32], weights: Numbers) -> Numbers:
    """Return the mean of the factors of items, (factors,); zero for weights of zero."""
    total = float(weights.sum())
    if not total:
        return np.zeros(model.layout.factors)
    rotated = np.einsum("i,ij->j", weights / total, model.fold_in.rotated[nums].astype(np.float64))
    return np.asarray(np.einsum("ij,j->i", model.fold_in.basis, rotated))


@dataclass(frozen=True, eq=False)
class ItemFoldIn:
    """Constants of the equations of a new item: ``P'P``, (factors, factors), and the r of an item of n users."""

    gram: Numbers
    scale: float
    mean_mass: float
    power: float

    @classmethod
    def of(cls, model: Model, rules: NewItemRules) -> ItemFoldIn:
        """Compute them from the factors of the users, as :mod:`training.factors.als` does for items."""
        confidence, counts = model.fold_in.confidence, model.fold_in.item_counts
        mean = float(counts[counts > 0].mean()) if counts.any() else 1.0
        gram = np.zeros((model.layout.factors, model.layout.factors))
        step = max(1, BLOCK_CELLS // max(1, model.layout.factors))
        for start in range(0, len(model.users), step):
            block = model.user_factors[start : start + step].astype(np.float64)
            gram += block.T @ block
        scale = rules.regularization * max(confidence.alpha, 1.0) * mean
        return cls(gram, scale, confidence.alpha * mean + len(model.users), rules.regularization_power)

    def solve(self, model: Model, users: Vectors | Numbers, weights: Numbers, lengths: NDArray[np.int64]) -> Vectors:
        """Return the q of the module's formula, (factors,) float32.

        `users` (n, factors) are the factors of its users, `weights` (n,) above 0 those of the pairs, and `lengths` (n,) the
        numbers of items of the users.
        """
        confidence, wide = model.fold_in.confidence, np.asarray(users, dtype=np.float64)
        per_item = np.full(len(wide), len(wide), dtype=np.int64)
        strengths = confidence.strengths(weights, lengths, per_item)
        confidences = np.minimum(confidence.of(strengths), MOST_CONFIDENCE)
        mass = confidence.alpha * len(wide) + len(model.users)
        whole = self.gram + (wide.T * (confidences - 1)) @ wide
        whole += self.scale * (mass / self.mean_mass) ** self.power * np.eye(len(whole))
        return np.asarray(np.linalg.solve(whole, wide.T @ confidences), dtype=np.float32)
