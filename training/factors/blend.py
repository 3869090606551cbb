"""Blends factors, texts and neighbors to the vectors and the neighborhood of a model."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from recsys.config import BlendConfig, Config
from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog
from recsys.data.histories import Histories
from recsys.data.interactions import Interactions
from recsys.data.vectors import Vectors
from recsys.index.exact import ExactIndex, VectorTable
from recsys.model import blending
from recsys.model.blending import Layout
from recsys.model.fold_in import FoldIn
from recsys.model.model import Model
from recsys.model.neighborhood import Neighborhood
from recsys.model.popularity import Popularity
from recsys.model.similarity import Likeness
from training.factors import neighbors
from training.factors.als import Factors


@dataclass(frozen=True, eq=False)
class FittedParts:
    """The fitted parts of a model."""

    catalog: Catalog
    interactions: Interactions
    seen_only: Histories  # seen, and not learned from
    factors: Factors
    texts: Vectors  # centered unit vectors (n_items, text_dim); text_dim is 0 without content
    behavior: sparse.csr_matrix  # nearest items of each item, (n_items, n_items), from training.factors.neighbors
    words: sparse.csr_matrix  # likewise

    @property
    def has_content(self) -> bool:
        """Whether texts say anything about the items."""
        return bool(self.texts.shape[1] or self.words.nnz)

    def of(self, catalog: Catalog, interactions: Interactions, seen_only: Histories) -> FittedParts:
        """Return the parts of the first items alone, which are those of `catalog`."""
        n = len(catalog)
        factors = Factors(self.factors.users, self.factors.items[:n])
        behavior, words = self.behavior[:n, :n], self.words[:n, :n]
        return FittedParts(catalog, interactions, seen_only, factors, self.texts[:n], behavior, words)

    def behavior_alone(self) -> FittedParts:
        """Return the factors alone: plain matrix factorization."""
        none = neighbors.no_neighbors(len(self.catalog))
        return replace(self, texts=self.texts[:, :0], behavior=none, words=none)

    def content_alone(self) -> FittedParts:
        """Return the texts alone, dense and by words."""
        zeros = Factors(np.zeros_like(self.factors.users), np.zeros_like(self.factors.items))
        return replace(self, factors=zeros, behavior=neighbors.no_neighbors(len(self.catalog)))


@dataclass(frozen=True, eq=False)
class BlendedVectors:
    """Item vectors for users and for items, (n_items, layout.dim), and the neighborhood, in units of the score."""

    layout: Layout
    for_user: Vectors
    like_item: Vectors
    neighborhood: Neighborhood


def blend_parts(parts: FittedParts, blend: BlendConfig) -> BlendedVectors:
    """Blend the parts by the formulas of :mod:`recsys.model.blending`."""
    factors, texts, counts = parts.factors, parts.texts, parts.interactions.item_counts()
    unit = blending.score_unit(factors.users, factors.items)
    scale = unit * blend.beta if factors.items.any() else 1.0  # content alone is weighed against nothing
    scale = scale if texts.shape[1] else 0.0
    prior = neighbors.factor_prior(parts.words, factors.items, counts)
    shrunk = blending.with_prior(factors.items, prior, counts, blend.prior_at)
    trust = blending.reliability(counts, blend.half_at)
    return BlendedVectors(
        Layout(factors.items.shape[1], texts.shape[1], scale, blend.short_history),
        blending.items_for_user(shrunk, texts, scale),
        blending.items_like_item(factors.items, texts, blend.weight, trust),
        Neighborhood.from_matrices(
            (unit * blend.neighbors * parts.behavior).tocsr(), (unit * blend.lexical * parts.words).tocsr()
        ),
    )


def exact_model(parts: FittedParts, config: Config) -> Model:
    """Return a model for measurements: exact indexes, no attributes, no extras."""
    blended = blend_parts(parts, config.blend)
    popularity = Popularity.from_interactions(parts.interactions, config.data.half_life_days)
    return Model(
        users=parts.interactions.users,
        catalog=parts.catalog,
        histories=Histories.from_interactions(parts.interactions),
        seen_only=parts.seen_only,
        popularity=popularity,
        trending=popularity,
        user_factors=parts.factors.users,
        layout=blended.layout,
        items_for_user=ExactIndex(VectorTable.from_vectors(blended.for_user)),
        items_like_item=ExactIndex(VectorTable.from_vectors(blended.like_item)),
        neighborhood=blended.neighborhood,
        fold_in=FoldIn.none(len(parts.catalog), blended.layout.factors),
        attributes=Attributes.none(len(parts.catalog)),
        likeness=Likeness.of(config.blend.weight, np.zeros(blended.layout.text_dim, dtype=np.float32)),
    )


def empty_histories(interactions: Interactions) -> Histories:
    """Return histories without items for the users of the interactions."""
    empty = np.empty(0, dtype=np.int32)
    return Histories.from_pairs(empty, empty, len(interactions.users), len(interactions.items))
