"""What users with a value of an attribute take more or less often than others, for the lists of users without events.

Naive Bayes: of N users with an attribute, n_v have its value v, n_i took item i and n_vi both. A value adds

    g_vi = w log(n_vi / E(n_vi) shrunk),  shrunk: (n_vi N / n_i + s) / (n_v + s)

to ``log(1 + users of i)``, so an item for which a value says nothing keeps its place in the popular list; s is the number of
users that count as much as popularity, and w discounts that attributes depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from recsys.data.catalog import Attribute
from recsys.data.filters import number_in, plain_text
from recsys.data.packed import PackedStrings
from recsys.data.part import Column, Nested, Part
from recsys.index.exact import Nums

Gains = NDArray[np.float32]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AttributeTastes(Part):
    """Gains of the most popular items by value; the other items have none.

    Value ``v`` is the text ``values[v]`` of ``attributes[v]``, in any case, or where ``low[v] < high[v]`` the numbers from
    `low` to below `high`. `items` are the row numbers of the items with gains, rising.
    """

    name = "attribute_tastes"
    attributes: Annotated[PackedStrings, Nested(PackedStrings, "values")]
    values: Annotated[PackedStrings, Nested(PackedStrings, "values")]
    low: Annotated[NDArray[np.float64], Column(np.float64, "values")]
    high: Annotated[NDArray[np.float64], Column(np.float64, "values")]
    items: Annotated[Nums, Column(np.int32, "ranked", low=0, below="items")]
    gains: Annotated[Gains, Column(np.float32, ("values", "ranked"), finite=True)]

    def sound(self) -> bool:
        return bool(np.all(self.items[1:] > self.items[:-1]))

    def rows_of(self, attributes: Mapping[str, Attribute]) -> Nums:
        """Return the values that a user has, rising; others are ignored."""
        found = {
            row
            for name, value in attributes.items()
            for one in (value if isinstance(value, list) else [value])
            for row in self._rows(name, one)
        }
        return np.array(sorted(found), dtype=np.int32)

    def gains_of(self, rows: Nums, item_nums: Nums) -> Numbers:
        """Return what each value adds to the score of each item, (len(rows), len(item_nums))."""
        gains = np.zeros((len(rows), len(item_nums)))
        places = np.searchsorted(self.items, item_nums)
        has = np.isin(item_nums, self.items)
        gains[:, has] = self.gains[np.ix_(rows, places[has])]
        return gains

    def _rows(self, name: str, value: str | float) -> Iterator[int]:
        text = plain_text(value).casefold()
        if (row := self._texts.get((name, text))) is not None:
            yield row
        number = number_in(value) if isinstance(value, str) else value
        if number is not None and math.isfinite(number):
            yield from (row for row, low, high in self._ranges.get(name, ()) if low <= number < high)

    @cached_property
    def _texts(self) -> dict[tuple[str, str], int]:
        rows = zip(self.attributes, self.values, (self.low < self.high).tolist(), strict=True)
        return {(name, text.casefold()): row for row, (name, text, is_range) in enumerate(rows) if not is_range}

    @cached_property
    def _ranges(self) -> dict[str, list[tuple[int, float, float]]]:
        ranges: dict[str, list[tuple[int, float, float]]] = {}
        for row, (name, low, high) in enumerate(
            zip(self.attributes, self.low.tolist(), self.high.tolist(), strict=True)
        ):
            if low < high:
                ranges.setdefault(name, []).append((row, low, high))
        return ranges


def gains(both: Numbers, with_value: Numbers, with_item: Numbers, n_users: Numbers, shrinkage: float) -> Numbers:
    """Return ``log((n_vi N / n_i + s) / (n_v + s))`` of the module, (n_values, n_items); 0 for an item that no user took.

    Parameters
    ----------
    both, with_item : array (n_values, n_items)
        n_vi, and n_i among the users who have the attribute of the value.
    with_value, n_users : array (n_values,)
        n_v, and N of the attribute of the value.
    """
    taken = with_item > 0
    expected = both * n_users[:, None] / np.where(taken, with_item, 1)
    found = np.log((expected + shrinkage) / (with_value[:, None] + shrinkage))
    return np.asarray(np.where(taken, found, 0.0))
