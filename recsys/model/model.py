"""Everything that answers, in one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog
from recsys.data.histories import Histories
from recsys.data.ids import IdMap
from recsys.data.vectors import Vectors
from recsys.encoders.hub import FileContent
from recsys.errors import BundleError
from recsys.index.annoy import AnnoyVectorIndex
from recsys.index.exact import NO_INDEX, VectorIndex
from recsys.model.blending import Layout
from recsys.model.extras.anomalies import Anomalies
from recsys.model.extras.directions import Directions
from recsys.model.extras.groups import Groups
from recsys.model.extras.item_map import ItemMap
from recsys.model.extras.picture_tags import NO_TAGS, Tags
from recsys.model.extras.tagging import Tagging
from recsys.model.fold_in import FoldIn
from recsys.model.neighborhood import Neighborhood
from recsys.model.popularity import Popularity
from recsys.model.precomputed_lists import Lists
from recsys.model.similarity import Likeness
from recsys.text.bm25 import Bm25
from recsys.text.name_index import NameIndex


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
    items_by_text : VectorIndex
        Over the text vectors of the items as the encoder makes them; of dimension 0 where they cannot be searched.
    neighborhood : Neighborhood
        What the items of a history add to the items near them.
    fold_in : FoldIn
        For users and histories that the model does not know.
    attributes : Attributes
        For conditions on items.
    user_lists, item_lists : Lists
        The best unseen items of each user and the items most like each item; may be none.
    keywords : Bm25
        The texts of the items by their words.
    likeness : Likeness
        How texts and users become rows of `items_like_item`.
    names : NameIndex
        What people call the items and the values of their attributes.
    clusters, segments : Groups
        The items and the users in groups of like ones; may be none.
    item_map : ItemMap
        Where the items lie on a map of two dimensions.
    directions : Directions
        What the principal directions of the item vectors mean.
    tagging : Tagging
        Values of attributes by item, to suggest them for others.
    anomalies : Anomalies
        Items and users that stand out, with the evidence.
    items_by_picture : VectorIndex
        Over the vectors of the items' pictures as the picture encoder makes them, zero for an item without; NO_INDEX where
        the model has none.
    picture_tags : Tags
        What a picture can be said to show.
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
    items_by_text: VectorIndex
    neighborhood: Neighborhood
    fold_in: FoldIn
    attributes: Attributes
    user_lists: Lists
    item_lists: Lists
    keywords: Bm25
    likeness: Likeness
    names: NameIndex
    clusters: Groups
    segments: Groups
    item_map: ItemMap
    directions: Directions
    tagging: Tagging
    anomalies: Anomalies
    items_by_picture: VectorIndex = NO_INDEX
    picture_tags: Tags = NO_TAGS
    forests: Mapping[str, AnnoyVectorIndex] = field(default_factory=dict)
    encoder_files: Mapping[str, FileContent] = field(default_factory=dict)
    picture_encoder_files: Mapping[str, FileContent] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n_items = len(self.catalog)
        if self.user_factors.dtype != np.float32 or self.user_factors.ndim != 2:
            raise BundleError(f"user factors are {self.user_factors.dtype} of {self.user_factors.ndim} dimensions")
        pairs = {
            "user ids and user factors": (len(self.users), len(self.user_factors)),
            "user ids and histories": (len(self.users), len(self.histories)),
            "user ids and seen_only": (len(self.users), len(self.seen_only)),
            "items and popularity": (n_items, len(self.popularity.scores)),
            "items and trending": (n_items, len(self.trending.scores)),
            "items and fold_in": (n_items, len(self.fold_in.rotated)),
            "items and item_lists": (n_items, len(self.item_lists)),
            "user ids and user_lists": (len(self.users), len(self.user_lists)),
            "layout and fold_in": (self.layout.factors, self.fold_in.rotated.shape[1]),
            "items and items_for_user": (n_items, len(self.items_for_user)),
            "items and items_like_item": (n_items, len(self.items_like_item)),
            "items and items_by_text": (n_items, len(self.items_by_text)),
            "items and items_by_picture": (n_items if self.picture_dim else 0, len(self.items_by_picture)),
            "items_by_picture and picture_tags": (self.picture_dim, self.picture_tags.vectors.shape[1]),
            "items and keywords": (n_items, len(self.keywords)),
            "items and names": (n_items, len(self.names)),
            "items and clusters": (n_items, len(self.clusters)),
            "user ids and segments": (len(self.users), len(self.segments)),
            "items and item_map": (n_items, len(self.item_map)),
            "items and tagging": (n_items, len(self.tagging)),
            "items and neighborhood": (n_items, len(self.neighborhood)),
            "layout and user factors": (self.layout.factors, self.user_factors.shape[1]),
            "layout and items_for_user": (self.layout.dim, self.items_for_user.table.dim),
            "layout and items_like_item": (self.layout.dim, self.items_like_item.table.dim),
            "layout and items_by_text": (self.layout.text_dim, self.items_by_text.table.dim or self.layout.text_dim),
            "layout and likeness": (self.layout.text_dim, len(self.likeness.text_mean)),
        }
        for what, (one, other) in pairs.items():
            if one != other:
                raise BundleError(f"model: {what} disagree: {one} and {other}")

    @property
    def picture_dim(self) -> int:
        """The length of the vectors of pictures; 0 for a model without."""
        return self.items_by_picture.table.dim

    def seen(self, user_num: int) -> NDArray[np.int32]:
        """Row numbers of what must not be recommended to a user, rising."""
        besides = self.seen_only.items_of(user_num)
        history = self.histories.items_of(user_num)
        return np.union1d(history, besides) if len(besides) else history
