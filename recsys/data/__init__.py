"""Items, attributes and interactions as arrays that can be memory-mapped."""

from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog, Item
from recsys.data.filters import Condition, parse_filter
from recsys.data.histories import Histories
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions
from recsys.data.packed import Arrays, PackedStrings
from recsys.data.vectors import Embeddings, Vectors, unit_rows

__all__ = [
    "Arrays",
    "Attributes",
    "Catalog",
    "Condition",
    "Embeddings",
    "Histories",
    "IdMap",
    "Interactions",
    "Item",
    "PackedStrings",
    "Vectors",
    "parse_filter",
    "unit_rows",
]
