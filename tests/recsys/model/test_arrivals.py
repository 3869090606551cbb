"""When items came."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog, Item
from recsys.errors import BundleError
from recsys.model.extras.arrivals import UNKNOWN, Arrivals
from tests.support import explored
from tests.support.parts import arrays, opened

VALUES = ("2026-01-02", "soon", 1_700_000_000, True, None, "2026-01-02T00:00:00+00:00", 10**15)
FIRST = np.array([5, 6, 7, 8, UNKNOWN, 10, 11])


def of(first_events: np.ndarray | None, *values: object) -> Arrivals | None:
    items = [
        Item(f"i{num}", attributes={} if value is None else {"available_from": value})
        for num, value in enumerate(values)
    ]  # type: ignore[dict-item]
    catalog = Catalog.from_items(items)
    return Arrivals.of(catalog, Attributes.from_catalog(catalog), first_events)


def test_the_attribute_counts_before_the_first_event() -> None:
    found = of(FIRST, *VALUES)
    assert found is not None
    assert found.times.tolist() == [1_767_312_000, 6, 1_700_000_000, 8, UNKNOWN, 1_767_312_000, 11]
    assert found.announced.tolist() == [1, 0, 1, 0, 0, 1, 0]
    assert found.order.tolist() == [0, 5, 2, 6, 3, 1, 4]


def test_without_any_time_there_is_no_part() -> None:
    assert of(None, None, "soon") is None
    found = of(None, None, "2026-01-02")
    assert found is not None
    assert found.order.tolist() == [1, 0]


def test_an_order_that_does_not_fall_is_refused() -> None:
    made = arrays(explored.arrivals(4))
    assert opened(Arrivals, made, items=4).order.tolist() == [2, 1, 0, 3]
    with pytest.raises(BundleError, match="arrivals: the arrays do not fit together"):
        opened(Arrivals, {**made, "order": made["order"][::-1].copy()}, items=4)
