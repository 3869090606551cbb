"""Attribute values by item, and the calibration of votes of nearest items.

The k nearest items that have an attribute vote for their values, weighted by similarity. A rising curve, fitted by training on
held-out items, maps the share of the votes for a value to a confidence (weighted k-nearest neighbors: Dudani 1976; for several
values to an item Zhang and Zhou 2007; isotonic calibration: Zadrozny and Elkan 2002). Two spaces have their own k, curve and
threshold: behavior and content, for items of the catalog, and text alone, for texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.data.packed import PackedStrings
from recsys.data.part import Column, Nested, Part, Pointers

Numbers = NDArray[np.float64]
Space = Literal["blended", "text"]
SPACES: tuple[Space, ...] = ("blended", "text")


class Measured(NamedTuple):
    """Settings of an attribute in a space, and their accuracy on held-out items.

    `precision`, `recall` and `f1` are micro averages over all values of all held-out items at the threshold; the `base`
    figures are those of the most frequent values, the same for every item.
    """

    k: int
    threshold: float
    tested: int
    precision: float
    recall: float
    f1: float
    calibration_error: float
    base_precision: float
    base_recall: float
    base_f1: float


SETTING = Measured._fields


@dataclass(frozen=True, eq=False)
class Tagging(Part):
    """Attributes that can be suggested.

    Attribute ``a`` has the values ``value_indptr[a]`` to ``value_indptr[a + 1]``, and is `single` (1) if an item has at most
    one. Item ``i`` has the values ``value_nums[indptr[i]:indptr[i + 1]]``, rising. `settings` are the fields of
    :class:`Measured`, by space. `knots` are points (share, confidence), both rising in each curve; curve ``2 a + space``.
    """

    name = "tagging"
    names: Annotated[PackedStrings, Nested(PackedStrings, "attributes")]
    values: Annotated[PackedStrings, Nested(PackedStrings, "values")]
    value_indptr: Annotated[NDArray[np.int64], Pointers("attributes", "values")]
    single: Annotated[NDArray[np.uint8], Column(np.uint8, "attributes")]
    indptr: Annotated[NDArray[np.int64], Pointers("items", "entries")]
    value_nums: Annotated[NDArray[np.int32], Column(np.int32, "entries", low=0, below="values")]
    settings: Annotated[Numbers, Column(np.float64, ("attributes", len(SPACES), len(SETTING)), finite=True)]
    knots_indptr: Annotated[NDArray[np.int64], Pointers("curves", "knots", strictly=True)]
    knots: Annotated[Numbers, Column(np.float64, ("knots", 2), finite=True)]

    def sound(self) -> bool:
        curves = len(self.knots_indptr) - 1 == len(SPACES) * len(self.names)
        return curves and bool(np.all(self.settings[:, :, 0] >= 1))

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def measured(self, attribute: int, space: Space) -> Measured:
        """Return the settings of an attribute in a space."""
        k, threshold, tested, *figures = self.settings[attribute, SPACES.index(space)].tolist()
        return Measured(int(k), threshold, int(tested), *figures)

    def values_of(self, item_num: int, attribute: int) -> NDArray[np.int32]:
        """Return the values of an attribute of an item, rising."""
        row = self.value_nums[self.indptr[item_num] : self.indptr[item_num + 1]]
        first, last = np.searchsorted(row, self.value_indptr[attribute : attribute + 2])
        return row[first:last]

    def having(self, attribute: int) -> NDArray[np.bool_]:
        """Return the mask of items with a value of an attribute, (n_items,)."""
        first, last = self.value_indptr[attribute : attribute + 2]
        places = np.flatnonzero((self.value_nums >= first) & (self.value_nums < last))
        mask = np.zeros(len(self), dtype=bool)
        mask[np.searchsorted(self.indptr, places, side="right") - 1] = True
        return mask

    def confidences(self, attribute: int, space: Space, shares: Numbers) -> Numbers:
        """Return the confidence of each share of the votes, 0 to 1."""
        curve = len(SPACES) * attribute + SPACES.index(space)
        points = self.knots[self.knots_indptr[curve] : self.knots_indptr[curve + 1]]
        return np.asarray(np.interp(shares, points[:, 0], points[:, 1]))
