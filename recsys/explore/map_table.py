"""Item map as a table for map viewers: a row for each item that has a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from recsys.data.attributes import Kind
from recsys.data.catalog import Attribute
from recsys.explore.json import item_groups, map_rows
from recsys.index.exact import Nums
from recsys.model.extras.item_map import ItemMap
from recsys.recommend.recommender import NONE, Recommender
from recsys.recommend.request import ListRequest

TYPES = {"x": "float32", "y": "float32", "cluster": "int32", "popularity": "float32"}
COLUMNS = ("id", "title", "x", "y", "cluster", "cluster_name", "popularity", "text")
Kinds = Mapping[str, Kind | None]


class MapTable(NamedTuple):
    """Columns, the types of columns other than text, and the rows, the most popular item first."""

    columns: tuple[str, ...]
    types: dict[str, str]
    rows: Iterator[tuple[object, ...]]


def map_table(recommender: Recommender, request: ListRequest, hidden: AbstractSet[str] = NONE) -> MapTable:
    """Return the items that `request` filters, without the ids in `hidden`.

    An attribute whose name is taken gets the prefix ``attribute_``.
    """
    kinds = recommender.model.attributes.names()
    own = {name: f"attribute_{name}" if name in COLUMNS else name for name in kinds}
    types = TYPES | {own[name]: "float64" for name, kind in kinds.items() if kind == "number"}
    return MapTable((*COLUMNS, *own.values()), types, _rows(recommender, map_rows(recommender, request, hidden), kinds))


def _rows(recommender: Recommender, nums: Nums, kinds: Kinds) -> Iterator[tuple[object, ...]]:
    model = recommender.model
    places, clusters = model.need(ItemMap).places, item_groups(model)
    for num in nums.tolist():
        item, cluster = model.catalog[num], clusters.of(num)
        x, y = places[num].tolist()
        popularity = float(model.popularity.scores[num])
        name = "" if cluster is None else clusters.groups[cluster].name
        yield item.item_id, item.title, x, y, cluster, name, popularity, item.text, *_values(item.attributes, kinds)


def _values(attributes: Mapping[str, Attribute], kinds: Kinds) -> Iterator[object]:
    """Yield the number, or None, of a numeric attribute; the text of others."""
    for name, kind in kinds.items():
        value = attributes.get(name)
        if kind == "number":
            yield value if isinstance(value, int | float) else None
        else:
            yield ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)
