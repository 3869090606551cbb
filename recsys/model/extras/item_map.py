"""Two-dimensional map of the items; similar items are close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from recsys.data.part import Column, Part
from recsys.data.vectors import Vectors


@dataclass(frozen=True, eq=False)
class ItemMap(Part):
    """Coordinates x and y of each item, from -1 to 1; NaN for an item without data."""

    name = "item_map"
    places: Annotated[Vectors, Column(np.float32, ("items", 2), new=np.nan)]

    def sound(self) -> bool:
        missing = np.isnan(self.places)
        outside = np.abs(self.places[~missing]) > 1
        return np.array_equal(missing[:, 0], missing[:, 1]) and not bool(np.any(outside))

    def __len__(self) -> int:
        return len(self.places)

    def placed(self) -> NDArray[np.bool_]:
        """Return the mask of items with a place, bool array (n_items,)."""
        return ~np.isnan(self.places[:, 0])
