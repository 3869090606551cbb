"""Model of a training with items that came after it.

Their rows are behind those of the training, by item id. What a training computes by querying its model, as groups, the map,
neighbors and lists, has nothing about them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from recsys.data.catalog import Attribute
from recsys.data.part import Part
from recsys.data.vectors import Vectors
from recsys.data.years import year_attribute
from recsys.index.annoy import AnnoyVectorIndex
from recsys.index.exact import ExactIndex, VectorIndex
from recsys.index.grown import GrownForest, GrownTable
from recsys.live.changed_attributes import changed_attributes
from recsys.live.changed_catalog import changed_catalog
from recsys.live.grown_words import GrownNames, GrownWords
from recsys.live.new_items import NewItem
from recsys.live.new_neighbors import GrownNeighborhood, NearItems
from recsys.model.model import Model
from recsys.model.new_items import ItemRows
from recsys.text.bm25 import Bm25
from recsys.text.name_index import NameIndex


@dataclass(frozen=True, eq=False)
class _GrownArray:
    """Rows of a mapped array with others behind, of which some are read at a time."""

    old: Vectors
    new: Vectors

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.old) + len(self.new), *self.old.shape[1:])

    def __getitem__(self, nums: np.ndarray) -> Vectors:
        is_new = nums >= len(self.old)
        if not is_new.any():
            return np.asarray(self.old[nums])
        rows = np.empty((len(nums), *self.old.shape[1:]), dtype=self.old.dtype)
        rows[~is_new], rows[is_new] = self.old[nums[~is_new]], self.new[nums[is_new] - len(self.old)]
        return rows


def grown_model(model: Model, items: Sequence[NewItem], rows: ItemRows, near: Sequence[NearItems]) -> Model:
    """Return `model` with new items, rising by id, their rows, and the items near them."""
    n_old, n = len(model.catalog), len(model.catalog) + len(items)
    catalog = changed_catalog(model.catalog, {}, [new.item for new in items])
    numbered: dict[int, tuple[Mapping[str, Attribute], Mapping[str, Attribute]]] = {
        num: ({}, new.item.attributes) for num, new in enumerate(items, n_old)
    }
    attributes = changed_attributes(model.attributes.grown("items", n), numbered)
    fold_in, counts = model.fold_in, np.array([new.n_users for new in items], dtype=np.int64)
    rotated = np.asarray(rows.factors @ fold_in.basis, dtype=np.float32)
    pictures = np.zeros((len(items), model.picture_dim), dtype=np.float32)
    extras: dict[type[Part], Part] = {kind: part.grown("items", n) for kind, part in model.extras.items()}
    words, names = model.extra(Bm25), model.extra(NameIndex)
    if words is not None:
        year = year_attribute(attributes)
        extras[Bm25] = GrownWords.of(words, [new.words(year) for new in items])
    if names is not None:
        extras[NameIndex] = GrownNames.of(names, [new.item for new in items], attributes.nums)
    return replace(
        model,
        catalog=catalog,
        attributes=attributes,
        **_grown(model, ("histories", "seen_only", "popularity", "trending"), n),
        neighborhood=GrownNeighborhood.of(model.neighborhood, near) if near else model.neighborhood.grown("items", n),
        fold_in=fold_in.grown(
            "items",
            n,
            rotated=cast(Vectors, _GrownArray(fold_in.rotated, rotated)),
            item_counts=np.concatenate((fold_in.item_counts, counts)),
        ),
        items_for_user=grown_index(model.items_for_user, rows.for_user),
        items_like_item=grown_index(model.items_like_item, rows.like_item),
        items_by_text=grown_index(model.items_by_text, rows.by_text),
        items_by_picture=grown_index(model.items_by_picture, pictures),
        extras=extras,
    )


def grown_index(index: VectorIndex, vectors: Vectors) -> VectorIndex:
    """Return an index with rows behind; an index of no dimensions as it is."""
    if not index.table.dim:
        return index
    table = GrownTable.of(index.table, vectors)
    return GrownForest(index, table) if isinstance(index, AnnoyVectorIndex) else ExactIndex(table)


def _grown(model: Model, names: Sequence[str], n: int) -> Mapping[str, Any]:
    return {name: getattr(model, name).grown("items", n) for name in names}
