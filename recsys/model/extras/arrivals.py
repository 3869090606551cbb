"""When each item came: from its attribute `available_from`, else at its first event in the training data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from recsys.data.attributes import Attributes
from recsys.data.catalog import Attribute, Catalog
from recsys.data.part import Column, Part
from recsys.events.timestamps import seconds, seconds_of
from recsys.index.exact import Nums

ATTRIBUTE = "available_from"
UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Arrivals(Part):
    """Times of the items in seconds UTC, UNKNOWN for none, and row numbers of all items, newest first.

    `announced` is 1 where the time is from the attribute. Equal times are ordered by row number.
    """

    name = "arrivals"
    times: Annotated[NDArray[np.int64], Column(np.int64, "items", low=UNKNOWN, new=UNKNOWN)]
    announced: Annotated[NDArray[np.uint8], Column(np.uint8, "items", high=1)]
    order: Annotated[Nums, Column(np.int32, "items", low=0, below="items")]

    def sound(self) -> bool:
        return bool(np.all(np.diff(self.times[self.order]) <= 0))

    @classmethod
    def of(cls, catalog: Catalog, attributes: Attributes, first_events: NDArray[np.int64] | None) -> Arrivals | None:
        """Return the times of the items; None if there is none. `first_events` (n_items,) has UNKNOWN for items without."""
        n_items = len(catalog)
        times = np.full(n_items, UNKNOWN, dtype=np.int64) if first_events is None else first_events.copy()
        announced = np.zeros(n_items, dtype=np.uint8)
        if ATTRIBUTE in attributes.nums:
            for num, item in enumerate(catalog):
                if (time := announced_time(item.attributes)) is not None:
                    times[num], announced[num] = time, 1
        if not (times != UNKNOWN).any():
            return None
        return cls(times, announced, np.argsort(-times, kind="stable").astype(np.int32))

    def changed(self, times: Mapping[int, int | None], trained: Arrivals) -> Arrivals:
        """Return the times after the attribute of some items, by row number, changed; None where an item has none any more.

        Such an item has the time of its first event in the `trained` times, or none if they have only that of the attribute.
        """
        nums = np.array(sorted(times), dtype=np.int32)
        new = np.array([UNKNOWN if times[num] is None else times[num] for num in nums.tolist()], dtype=np.int64)
        has = np.array([times[num] is not None for num in nums.tolist()])
        first = np.where(trained.announced[nums] == 1, UNKNOWN, trained.times[nums])
        all_times, announced = self.times.copy(), self.announced.copy()
        all_times[nums], announced[nums] = np.where(has, new, first), has
        moved = np.zeros(len(all_times), dtype=bool)
        moved[nums] = True
        rest = self.order[~moved[self.order]]
        nums = nums[np.lexsort((nums, -all_times[nums]))]
        first, last = (np.searchsorted(-all_times[rest], -all_times[nums], side) for side in ("left", "right"))
        equal = zip(nums.tolist(), first.tolist(), last.tolist(), strict=True)
        places = [start + int(np.searchsorted(rest[start:stop], num)) for num, start, stop in equal]
        order = np.insert(rest, np.array(places, dtype=np.int64), nums)
        return Arrivals(all_times, announced, order.astype(np.int32))


def announced_time(attributes: Mapping[str, Attribute]) -> int | None:
    """Return seconds UTC of the attribute; None without one, and for a value that is no time."""
    value = attributes.get(ATTRIBUTE)
    if isinstance(value, str):
        return seconds(value)
    return seconds_of(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
