"""Where the items lie on a map of two dimensions, like beside like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.packed import Arrays
from recsys.data.vectors import Vectors
from recsys.errors import BundleError


@dataclass(frozen=True, eq=False)
class ItemMap:
    """The place of each item.

    Parameters
    ----------
    places : float32 array (n_items, 2)
        x and y, each from -1 to 1; not a number where nothing is known of an item.

    Raises
    ------
    BundleError
        When the array is of another shape, or a place lies outside.
    """

    places: Vectors

    def __post_init__(self) -> None:
        if self.places.dtype != np.float32 or self.places.ndim != 2 or self.places.shape[1] != 2:
            raise BundleError(f"map: places are {self.places.dtype} of shape {self.places.shape}")
        missing = np.isnan(self.places)
        if not np.array_equal(missing[:, 0], missing[:, 1]) or bool(np.any(np.abs(self.places[~missing]) > 1)):
            raise BundleError("map: a place lies outside of the map")

    @classmethod
    def none(cls, n_items: int) -> ItemMap:
        """No item has a place."""
        return cls(np.full((n_items, 2), np.nan, dtype=np.float32))

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> ItemMap:
        """Open the arrays of :meth:`to_arrays`; raises BundleError when they do not fit."""
        return cls(arrays["places"])  # type: ignore[arg-type]

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        return {"places": self.places}

    def __len__(self) -> int:
        return len(self.places)

    def placed(self) -> NDArray[np.bool_]:
        """Which items have a place, bool array (n_items,)."""
        return ~np.isnan(self.places[:, 0])
