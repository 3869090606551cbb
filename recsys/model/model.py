"""Trained model: required core parts and optional extras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog
from recsys.data.histories import Histories
from recsys.data.ids import IdMap
from recsys.data.part import Part
from recsys.data.vectors import Vectors
from recsys.encoders.hub import FileContent
from recsys.errors import BundleError, UnansweredError
from recsys.index.annoy import AnnoyVectorIndex
from recsys.index.exact import NO_INDEX, VectorIndex
from recsys.model.blending import Layout
from recsys.model.fold_in import FoldIn
from recsys.model.neighborhood import Neighborhood
from recsys.model.popularity import Popularity
from recsys.model.similarity import Likeness

P = TypeVar("P", bound=Part)
REQUIRED = ("items_for_user", "items_like_item")


@dataclass(frozen=True, eq=False)
class Model:
    """Parts of a trained model; their sizes are checked against each other.

    Parameters
    ----------
    seen_only : Histories
        Items that each user has seen but not liked, never recommended: of weight 1 if rated below the threshold, otherwise the
        sum of the weights of the events, 0 or less.
    popularity, trending : Popularity
        Over all data, and over recent days.
    user_factors : float32 array (n_users, factors)
    items_for_user, items_like_item : VectorIndex
        Over the item rows of the two formulas of :mod:`recsys.model.blending`.
    items_by_text, items_by_picture : VectorIndex
        Over the vectors of the items as encoded, zero without a picture; NO_INDEX without search, and without pictures.
    extras : mapping
        Optional parts by type, see :meth:`extra`.
    forests : mapping
        Annoy indexes by name, to be saved; a loaded model opens its indexes from files.
    encoder_files, picture_encoder_files : mapping
        Files by name of a text encoder fitted on this catalog or exported to ONNX, and of an ONNX picture encoder.

    Raises
    ------
    BundleError
        When two parts disagree about a size.
    """

    users: IdMap
    catalog: Catalog
    histories: Histories
    seen_only: Histories
    popularity: Popularity
    trending: Popularity
    user_factors: Vectors
    layout: Layout
    items_for_user: VectorIndex
    items_like_item: VectorIndex
    neighborhood: Neighborhood
    fold_in: FoldIn
    attributes: Attributes
    likeness: Likeness
    items_by_text: VectorIndex = NO_INDEX
    items_by_picture: VectorIndex = NO_INDEX
    extras: Mapping[type[Part], Part] = field(default_factory=dict)
    forests: Mapping[str, AnnoyVectorIndex] = field(default_factory=dict)
    encoder_files: Mapping[str, FileContent] = field(default_factory=dict)
    picture_encoder_files: Mapping[str, FileContent] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n_items, layout = len(self.catalog), self.layout
        if self.user_factors.dtype != np.float32 or self.user_factors.ndim != 2:
            raise BundleError(f"user factors are {self.user_factors.dtype} of {self.user_factors.ndim} dimensions")
        sizes = {"users": len(self.users), "items": n_items, "factors": layout.factors, "text_dim": layout.text_dim}
        core = (self.histories, self.seen_only, self.popularity, self.trending, self.neighborhood, self.fold_in)
        for part in (*core, self.attributes, self.likeness, *self.extras.values()):
            part.confirm({**sizes, "picture_dim": self.picture_dim})
        pairs = {"users and user factors": (self.user_factors.shape, (len(self.users), layout.factors))}
        dims = {"items_for_user": layout.dim, "items_like_item": layout.dim, "items_by_text": layout.text_dim}
        for name, dim in {**dims, "items_by_picture": self.picture_dim}.items():
            table = getattr(self, name).table
            if name in REQUIRED or table.dim:
                pairs[f"layout and {name}"] = ((len(table), table.dim), (n_items, dim))
        for what, (shape, other) in pairs.items():
            if shape != other:
                raise BundleError(f"model: {what} disagree: {shape} and {other}")

    def extra(self, kind: type[P]) -> P | None:
        """Return the part of a kind; None if the model lacks it."""
        part = self.extras.get(kind)
        return part if isinstance(part, kind) else None

    def need(self, kind: type[P]) -> P:
        """Return the part of a kind; raises UnansweredError if the model lacks it."""
        part = self.extra(kind)
        if part is None:
            raise UnansweredError(f"the model was trained without {kind.name.replace('_', ' ')}")
        return part

    def with_extras(self, *parts: Part) -> Model:
        """Return the model with these parts, which replace parts of the same kinds."""
        return replace(self, extras={**self.extras, **{type(part): part for part in parts}})

    def without(self, *kinds: type[Part]) -> Model:
        """Return the model without the parts of these kinds."""
        return replace(self, extras={kind: part for kind, part in self.extras.items() if kind not in kinds})

    @property
    def picture_dim(self) -> int:
        """Length of the picture vectors; 0 without pictures."""
        return self.items_by_picture.table.dim

    def seen(self, user_num: int) -> NDArray[np.int32]:
        """Return the row numbers of items not to recommend to a user, rising."""
        history, seen_only = self.histories.items_of(user_num), self.seen_only.items_of(user_num)
        return np.union1d(history, seen_only) if len(seen_only) else history
