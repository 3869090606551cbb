"""Everything that answers, in one value: a core, and extras that a model has or has not."""

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
    """The parts of a trained model; sizes are checked against each other at birth.

    Parameters
    ----------
    users : IdMap
    catalog : Catalog
    histories : Histories
        What each user consumed and liked.
    seen_only : Histories
        What each user has seen besides, such as items rated under the threshold: never recommended, never learned from.
    popularity, trending : Popularity
        Over all the data, and over its last days.
    user_factors : float32 array (n_users, factors)
    layout : Layout
        The lengths of the collaborative and the content part of the vectors below.
    items_for_user, items_like_item : VectorIndex
        Over the item rows of the two formulas of :mod:`recsys.model.blending`.
    neighborhood : Neighborhood
        What the items of a history add to the items near them.
    fold_in : FoldIn
        For users and histories that the model does not know.
    attributes : Attributes
        For conditions on items.
    likeness : Likeness
        How texts and users become rows of `items_like_item`.
    items_by_text : VectorIndex
        Over the text vectors of the items as the encoder makes them; NO_INDEX where they cannot be searched.
    items_by_picture : VectorIndex
        Over the vectors of the items' pictures as the picture encoder makes them, zero for an item without; NO_INDEX where
        the model has none.
    extras : mapping
        What a model has or has not, by type, see :meth:`extra`.
    forests : mapping
        The annoy indexes by name, kept while a model is written; a loaded model opens the ones that serve.
    encoder_files : mapping
        Files of the text encoder by name, of one that was fitted on this catalogue or exported to ONNX.
    picture_encoder_files : mapping
        Files of a picture encoder in ONNX by name.

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
                pairs[f"layout and {name}"] = (table.vectors.shape, (n_items, dim))
        for what, (one, other) in pairs.items():
            if one != other:
                raise BundleError(f"model: {what} disagree: {one} and {other}")

    def extra(self, kind: type[P]) -> P | None:
        """Return the part of a kind; None where the model was made without."""
        found = self.extras.get(kind)
        return found if isinstance(found, kind) else None

    def need(self, kind: type[P]) -> P:
        """Return the part of a kind; raises UnansweredError where the model was made without."""
        found = self.extra(kind)
        if found is None:
            raise UnansweredError(f"the model was trained without {kind.name.replace('_', ' ')}")
        return found

    def with_extras(self, *parts: Part) -> Model:
        """Return the model with these parts, in place of its own of the same kinds."""
        return replace(self, extras={**self.extras, **{type(part): part for part in parts}})

    def without(self, *kinds: type[Part]) -> Model:
        """Return the model without the parts of these kinds."""
        return replace(self, extras={kind: part for kind, part in self.extras.items() if kind not in kinds})

    @property
    def picture_dim(self) -> int:
        """The length of the vectors of pictures; 0 for a model without."""
        return self.items_by_picture.table.dim

    def seen(self, user_num: int) -> NDArray[np.int32]:
        """Row numbers of what must not be recommended to a user, rising."""
        besides = self.seen_only.items_of(user_num)
        history = self.histories.items_of(user_num)
        return np.union1d(history, besides) if len(besides) else history
