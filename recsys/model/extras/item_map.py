"""Two-dimensional map of the items; similar items are close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from recsys.data.part import Column, Fields, Part
from recsys.data.vectors import Vectors


@dataclass(frozen=True, eq=False)
class ItemMap(Part):
    """Coordinates of each item.

    Parameters
    ----------
    places : float32 array (n_items, 2)
        x and y, each from -1 to 1; NaN for an item without data.

    Raises
    ------
    BundleError
        When the shape is wrong, or a place is out of range.
    """

    name: ClassVar[str] = "item_map"
    fields: ClassVar[Fields] = {
        "places": Column(np.float32, ("items", 2)),
    }

    places: Vectors

    def sound(self) -> bool:
        missing = np.isnan(self.places)
        outside = np.abs(self.places[~missing]) > 1
        return np.array_equal(missing[:, 0], missing[:, 1]) and not bool(np.any(outside))

    def __len__(self) -> int:
        return len(self.places)

    def placed(self) -> NDArray[np.bool_]:
        """Return the mask of items with a place, bool array (n_items,)."""
        return ~np.isnan(self.places[:, 0])
