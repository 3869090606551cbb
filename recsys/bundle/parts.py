"""The parts of a model that are kept as named arrays, in one table: a field of the model, its arrays, and how it is opened.

A new part is a field of :class:`recsys.model.model.Model` with ``to_arrays`` and a row of PARTS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any

from recsys.bundle.manifest import Manifest
from recsys.data import attributes
from recsys.data.attributes import Attributes
from recsys.data.histories import Histories
from recsys.data.ids import IdMap
from recsys.data.packed import Arrays
from recsys.errors import BundleError
from recsys.model.extras import anomalies, groups, picture_tags, tagging
from recsys.model.extras.anomalies import Anomalies
from recsys.model.extras.directions import Directions
from recsys.model.extras.groups import Groups
from recsys.model.extras.item_map import ItemMap
from recsys.model.extras.picture_tags import Tags
from recsys.model.extras.tagging import Tagging
from recsys.model.fold_in import Confidence, FoldIn
from recsys.model.model import Model
from recsys.model.neighborhood import Neighborhood
from recsys.model.popularity import Popularity
from recsys.model.precomputed_lists import Lists
from recsys.model.similarity import Likeness
from recsys.text import bm25, name_index
from recsys.text.bm25 import Bm25
from recsys.text.name_index import NameIndex

IDS = ("blob", "offsets", "starts", "nums")
STRINGS = ("blob", "offsets")
ROWS = ("indptr", "item_nums", "weights")
RANKING = ("scores", "order")
LISTS = ("nums", "scores", "collaborative")
VECTORS = ("vectors", "order", "norms", "positions")


@dataclass(frozen=True)
class Part:
    """A field of the model.

    Parameters
    ----------
    columns : tuple of str
        The names of its arrays.
    open : callable
        From its arrays and the manifest to its value; raises BundleError when they do not fit.
    """

    columns: tuple[str, ...]
    open: Callable[[Arrays, Manifest], Any]


PARTS = {
    "users": Part(IDS, lambda arrays, _: IdMap.from_arrays(arrays)),
    "attributes": Part(attributes.COLUMNS, lambda arrays, made: Attributes.from_arrays(arrays, made.counts.items)),
    "histories": Part(ROWS, lambda arrays, made: Histories.from_arrays(arrays, made.counts.items)),
    "seen_only": Part(ROWS, lambda arrays, made: Histories.from_arrays(arrays, made.counts.items)),
    "popularity": Part(RANKING, lambda arrays, made: Popularity.from_arrays(arrays, made.counts.items)),
    "trending": Part(RANKING, lambda arrays, made: Popularity.from_arrays(arrays, made.counts.items)),
    "neighborhood": Part(
        ("indptr", "item_nums", "collaborative", "content"),
        lambda arrays, made: Neighborhood.from_arrays(arrays, made.counts.items),
    ),
    "fold_in": Part(
        ("rotated", "basis", "eigenvalues", "item_counts", "run_counts", "run_regularization"),
        lambda arrays, made: FoldIn.from_arrays(arrays, Confidence(**vars(made.fold_in))),
    ),
    "user_lists": Part(LISTS, lambda arrays, made: Lists.from_arrays(arrays, made.counts.users, made.counts.items)),
    "item_lists": Part(LISTS, lambda arrays, made: Lists.from_arrays(arrays, made.counts.items, made.counts.items)),
    "keywords": Part(bm25.COLUMNS, lambda arrays, made: Bm25.from_arrays(arrays, made.counts.items)),
    "clusters": Part(groups.COLUMNS, lambda arrays, made: Groups.from_arrays(arrays, made.counts.items)),
    "segments": Part(groups.COLUMNS, lambda arrays, made: Groups.from_arrays(arrays, made.counts.items)),
    "item_map": Part(("places",), lambda arrays, _: ItemMap.from_arrays(arrays)),
    "directions": Part(STRINGS, lambda arrays, made: Directions.from_arrays(arrays, made.counts.items)),
    "likeness": Part(("weight", "text_mean"), lambda arrays, _: Likeness.from_arrays(arrays)),
    "names": Part(name_index.COLUMNS, lambda arrays, made: NameIndex.from_arrays(arrays, made.counts.items)),
    "tagging": Part(tagging.COLUMNS, lambda arrays, _: Tagging.from_arrays(arrays)),
    "anomalies": Part(
        anomalies.COLUMNS, lambda arrays, made: Anomalies.from_arrays(arrays, made.counts.items, made.counts.users)
    ),
    "picture_tags": Part(picture_tags.COLUMNS, lambda arrays, made: Tags.from_arrays(arrays, made.pictures.dim)),
}
CATALOG = {"items": IDS, "catalog": STRINGS, "titles": STRINGS}
INDEXES = dict.fromkeys(("items_for_user", "items_like_item", "items_by_text", "items_by_picture"), VECTORS)
COLUMNS = {**{name: part.columns for name, part in PARTS.items()}, **CATALOG, **INDEXES}
USER_FACTORS = "user_factors"
OF_PICTURES = frozenset({"picture_tags", "items_by_picture"})  # only a model with pictures has them


def tensor_names(pictures: bool) -> dict[str, tuple[str, ...]]:
    """Return the names of the tensors of each part of a model with or without pictures, in the order of COLUMNS."""
    present = {part: columns for part, columns in COLUMNS.items() if pictures or part not in OF_PICTURES}
    return {part: tuple(f"{part}.{column}" for column in columns) for part, columns in present.items()}


def by_part(tensors: Arrays, pictures: bool) -> dict[str, Arrays]:
    """Return the tensors of a model by part and column; raises BundleError when one is missing, unknown or not aligned."""
    names = tensor_names(pictures)
    expected = {USER_FACTORS, *chain.from_iterable(names.values())}
    for what, wrong in (("lacks", expected - tensors.keys()), ("has an unknown", tensors.keys() - expected)):
        if wrong:
            raise BundleError(f"the model {what} tensor {min(wrong)}")
    for name in expected:
        if not tensors[name].flags.aligned:
            raise BundleError(f"tensor {name} is not aligned")
    return {part: dict(zip(COLUMNS[part], map(tensors.__getitem__, names[part]), strict=True)) for part in names}


def to_arrays(model: Model) -> Arrays:
    """Return the tensors of a model by name."""
    catalog = {
        "items": model.catalog.items.to_arrays(),
        "catalog": model.catalog.to_arrays(),
        "titles": model.catalog.titles.to_arrays(),
    }
    indexes = {name: getattr(model, name).table.to_arrays() for name in INDEXES}
    every = {**{name: getattr(model, name).to_arrays() for name in PARTS}, **catalog, **indexes}
    parts = tensor_names(bool(model.picture_dim))
    found = {f"{part}.{column}": every[part][column] for part in parts for column in COLUMNS[part]}
    return {USER_FACTORS: model.user_factors, **found}
