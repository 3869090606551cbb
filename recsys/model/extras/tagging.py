"""Values of attributes by item, and how the votes of nearest items for them become a confidence.

The item whose attribute is sought asks the k nearest items that have the attribute. Each votes with its likeness for all of
its values, and the share of the votes that a value gets is turned into a confidence by a rising curve, which training fitted
on items whose attribute was held out (weighted k-nearest neighbours: Dudani 1976; for several values to an item Zhang and Zhou
2007; isotonic calibration: Zadrozny and Elkan 2002). There are two ways to be near: by behaviour and content, for items of the
catalogue, and by text alone, for texts; each has its own k, curve and threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.data.packed import Arrays, PackedStrings, is_indptr
from recsys.errors import BundleError

Space = Literal["blended", "text"]
SPACES: tuple[Space, ...] = ("blended", "text")
SETTING = (
    *("k", "threshold", "tested", "precision", "recall", "f1", "calibration_error"),
    *("base_precision", "base_recall", "base_f1"),
)
COLUMNS = (
    *("names_blob", "names_offsets", "values_blob", "values_offsets", "value_indptr", "single"),
    *("indptr", "value_nums", "settings", "knots_indptr", "knots"),
)


class Measured(NamedTuple):
    """How the votes for an attribute are counted in one space, and how right they were on held-out items.

    `precision`, `recall` and `f1` are micro averages over all values of all held-out items at the threshold; those of `base`
    are what the most frequent values alone reach, the same for every item.
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


@dataclass(frozen=True, eq=False)
class Tagging:
    """The attributes that can be suggested.

    Parameters
    ----------
    names : PackedStrings
        Of the attributes.
    values : PackedStrings
        Of all attributes, one attribute after another.
    value_indptr : int64 array (n_attributes + 1,)
        Attribute ``a`` has the values ``value_indptr[a]`` to ``value_indptr[a + 1]``.
    single : uint8 array (n_attributes,)
        1 where an item has at most one value.
    indptr : int64 array (n_items + 1,)
    value_nums : int32 array (n,)
        Values of item ``i``: ``value_nums[indptr[i]:indptr[i + 1]]``, rising.
    settings : float64 array (n_attributes, 2, len(SETTING))
        What :class:`Measured` names, by space.
    knots_indptr : int64 array (2 * n_attributes + 1,)
    knots : float64 array (m, 2)
        Points (share, confidence) of the curves, both rising in each; curve ``2 a + space``.

    Raises
    ------
    BundleError
        When the arrays do not fit together.
    """

    names: PackedStrings
    values: PackedStrings
    value_indptr: NDArray[np.int64]
    single: NDArray[np.uint8]
    indptr: NDArray[np.int64]
    value_nums: NDArray[np.int32]
    settings: NDArray[np.float64]
    knots_indptr: NDArray[np.int64]
    knots: NDArray[np.float64]

    def __post_init__(self) -> None:
        n, n_values = len(self.names), len(self.values)
        sound = (
            is_indptr(self.value_indptr, n, n_values)
            and is_indptr(self.indptr, len(self.indptr) - 1, len(self.value_nums))
            and is_indptr(self.knots_indptr, len(SPACES) * n, len(self.knots))
            and self.single.dtype == np.uint8
            and self.single.shape == (n,)
            and self.value_nums.dtype == np.int32
            and self.value_nums.ndim == 1
            and self.settings.dtype == self.knots.dtype == np.float64
            and self.settings.shape == (n, len(SPACES), len(SETTING))
            and self.knots.shape == (len(self.knots), 2)
            and bool(np.all(np.isfinite(self.settings)) and np.all(np.isfinite(self.knots)))
            and bool(np.all(self.settings[:, :, 0] >= 1))
            and bool(np.all(np.diff(self.knots_indptr) >= 1))
        )
        in_range = not len(self.value_nums) or (self.value_nums.min() >= 0 and self.value_nums.max() < n_values)
        if not sound or not in_range:
            raise BundleError("tagging: the arrays do not fit together")

    @classmethod
    def none(cls, n_items: int) -> Tagging:
        """No attribute can be suggested."""
        nothing, one = PackedStrings.from_strings(()), np.zeros(1, dtype=np.int64)
        settings = np.zeros((0, len(SPACES), len(SETTING)))
        indptr, nums = np.zeros(n_items + 1, dtype=np.int64), np.empty(0, dtype=np.int32)
        return cls(nothing, nothing, one, np.empty(0, np.uint8), indptr, nums, settings, one, np.zeros((0, 2)))

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Tagging:
        """Open the arrays of :meth:`to_arrays`; raises BundleError when they do not fit together."""
        columns: list[NDArray[np.generic]] = [arrays[column] for column in COLUMNS]
        return cls(PackedStrings(*columns[:2]), PackedStrings(*columns[2:4]), *columns[4:])  # type: ignore[arg-type]

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """By the names of COLUMNS."""
        arrays: Sequence[NDArray[np.generic]] = (
            *(
                self.names.blob,
                self.names.offsets,
                self.values.blob,
                self.values.offsets,
                self.value_indptr,
                self.single,
            ),
            *(self.indptr, self.value_nums, self.settings, self.knots_indptr, self.knots),
        )
        return dict(zip(COLUMNS, arrays, strict=True))

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def measured(self, attribute: int, space: Space) -> Measured:
        """How an attribute is suggested in a space."""
        k, threshold, tested, *figures = self.settings[attribute, SPACES.index(space)].tolist()
        return Measured(int(k), threshold, int(tested), *figures)

    def values_of(self, item_num: int, attribute: int) -> NDArray[np.int32]:
        """The values of an attribute that an item has, rising."""
        row = self.value_nums[self.indptr[item_num] : self.indptr[item_num + 1]]
        first, last = np.searchsorted(row, self.value_indptr[attribute : attribute + 2])
        return row[first:last]

    def having(self, attribute: int) -> NDArray[np.bool_]:
        """Which items have a value of an attribute, (n_items,)."""
        first, last = self.value_indptr[attribute : attribute + 2]
        places = np.flatnonzero((self.value_nums >= first) & (self.value_nums < last))
        mask = np.zeros(len(self), dtype=bool)
        mask[np.searchsorted(self.indptr, places, side="right") - 1] = True
        return mask

    def confidences(self, attribute: int, space: Space, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """The confidence of each share of the votes, 0 to 1."""
        curve = len(SPACES) * attribute + SPACES.index(space)
        points = self.knots[self.knots_indptr[curve] : self.knots_indptr[curve + 1]]
        return np.asarray(np.interp(shares, points[:, 0], points[:, 1]))
