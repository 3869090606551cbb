"""Directions as they are kept."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.data.packed import PackedStrings
from recsys.errors import BundleError
from recsys.model.extras.directions import Directions
from tests.support import explored
from tests.support.parts import arrays, opened


def test_what_is_written_is_read_back() -> None:
    made = explored.directions()
    assert opened(Directions, arrays(made), items=1).directions == made.directions
    assert len(opened(Directions, arrays(Directions(())), items=1)) == 0


def test_an_item_that_the_catalog_does_not_have_is_refused() -> None:
    with pytest.raises(BundleError, match="directions: an item is out of range"):
        opened(Directions, arrays(explored.directions()), items=0)


@pytest.mark.parametrize("text", ["{}", "null", "{", "[]"])
def test_what_is_no_direction_is_refused(text: str) -> None:
    packed = arrays(PackedStrings.from_strings([text]))
    with pytest.raises(BundleError, match="directions: a record cannot be read"):
        opened(Directions, {f"directions.{name}": one for name, one in packed.items()}, items=5)


def test_a_space_that_is_not_known_is_refused() -> None:
    sound = arrays(explored.directions())
    blob = sound["directions.blob"].tobytes().replace(b'"content"', b'"contemn"')
    with pytest.raises(BundleError, match=r"directions: a record cannot be read: space: Input should be '.*$"):
        opened(Directions, {**sound, "directions.blob": np.frombuffer(blob, dtype=np.uint8)}, items=5)
