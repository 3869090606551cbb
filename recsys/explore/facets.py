"""Facets: the values of the attributes and the number of items that have each, under given filters.

The counts of an attribute obey the conditions on all other attributes, so that another value can be chosen.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.data.attribute_index import digest
from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog
from recsys.recommend.recommender import NONE, Recommender
from recsys.recommend.request import ListRequest

MOST_VALUES = 50  # of an attribute
MOST_NAMED = 2000  # values of all attributes, the most frequent ones, that can be listed
Object = dict[str, Any]
Names = list[tuple[int, int, str]]  # row of the attribute, row of the value, and the value as the catalog has it


def facets_object(
    recommender: Recommender, request: ListRequest, names: Names, hidden: AbstractSet[str] = NONE
) -> Object:
    """Return the facets of the items that meet `request`; `names` is the result of :func:`frequent_values`.

    Raises
    ------
    QueryError
        When a filter names no attribute of the catalog.
    """
    model = recommender.model
    attributes = model.attributes

    def eligible(without: str | None = None) -> NDArray[np.bool_]:
        filters = tuple(condition for condition in request.filters if condition.attribute != without)
        return recommender.listable(replace(request, filters=filters), hidden)

    everything = eligible()
    conditioned = {condition.attribute for condition in request.filters}
    shown = []
    for name, num in attributes.nums.items():
        mask = eligible(name) if name in conditioned else everything
        shown += _number_facet(attributes, name, num, mask) + _value_facet(attributes, name, num, mask, names)
    return {
        "model_version": recommender.model_version,
        "n_items": int(np.count_nonzero(everything)),
        "attributes": shown,
    }


def frequent_values(recommender: Recommender) -> Names:
    """Return the MOST_NAMED most frequent values of all attributes; the index has digests, the catalog texts."""
    model = recommender.model
    texts = model.attributes.texts
    counts = np.diff(texts.indptr)
    frequent = np.argsort(-counts, kind="stable")[:MOST_NAMED]
    found = (_name(model.catalog, model.attributes, int(value)) for value in frequent)
    return [named for named in found if named is not None]


def _name(catalog: Catalog, attributes: Attributes, value: int) -> tuple[int, int, str] | None:
    texts = attributes.texts
    key = (int(texts.high[value]), int(texts.low[value]))
    item = catalog[int(texts.items[texts.indptr[value]])]
    for name, held in item.attributes.items():
        num = attributes.nums[name]
        for text in held if isinstance(held, list) else [str(held)]:
            high, low = np.frombuffer(digest(num, text), dtype="<u8").tolist()
            if (high, low) == key:
                return num, value, text
    return None


def _number_facet(attributes: Attributes, name: str, num: int, mask: NDArray[np.bool_]) -> list[Object]:
    numbers = attributes.numbers
    if not numbers.any(num):
        return []
    start, stop = numbers.indptr[num : num + 2]
    values = numbers.values[start:stop][mask[numbers.items[start:stop]]]
    facet: Object = {"attribute": name, "kind": "number", "n_items": len(values)}
    if not len(values):
        return [{**facet, "low": None, "high": None, "quartiles": []}]
    quartiles = [float(values[round(share * (len(values) - 1))]) for share in (0.25, 0.5, 0.75)]  # the values rise
    return [{**facet, "low": float(values[0]), "high": float(values[-1]), "quartiles": quartiles}]


def _value_facet(attributes: Attributes, name: str, num: int, mask: NDArray[np.bool_], names: Names) -> list[Object]:
    texts = attributes.texts
    if num not in texts.attributes:
        return []
    own = [(value, text) for attribute, value, text in names if attribute == num]
    counted = [
        (int(np.count_nonzero(mask[texts.items[texts.indptr[value] : texts.indptr[value + 1]]])), text)
        for value, text in own
    ]
    listed = sorted((pair for pair in counted if pair[0]), key=lambda pair: (-pair[0], pair[1]))
    complete = len(texts.indptr) - 1 <= MOST_NAMED
    return [
        {
            "attribute": name,
            "kind": "values",
            "n_values": len(listed) if complete else None,
            "values": [{"value": text, "n_items": count} for count, text in listed[:MOST_VALUES]],
        }
    ]
