"""Directions as they are kept."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.data.packed import PackedStrings
from recsys.errors import BundleError
from recsys.model.extras.directions import Directions
from tests.support import explored


def test_what_is_written_is_read_back() -> None:
    made = explored.directions()
    assert Directions.from_arrays(made.to_arrays(), n_items=1).directions == made.directions
    assert len(Directions.from_arrays(Directions().to_arrays(), 1)) == 0


def test_an_item_that_the_catalogue_does_not_have_is_refused() -> None:
    with pytest.raises(BundleError, match="directions: an item is out of range"):
        Directions.from_arrays(explored.directions().to_arrays(), n_items=0)


@pytest.mark.parametrize("text", ["{}", "null", "{", "[]"])
def test_what_is_no_direction_is_refused(text: str) -> None:
    with pytest.raises(BundleError, match="directions: one cannot be read"):
        Directions.from_arrays(PackedStrings.from_strings([text]).to_arrays(), n_items=5)


def test_a_space_that_is_not_known_is_refused() -> None:
    arrays = explored.directions().to_arrays()
    blob = arrays["blob"].tobytes().replace(b'"content"', b'"contemn"')
    with pytest.raises(BundleError, match="directions: there is no space 'contemn'"):
        Directions.from_arrays({**arrays, "blob": np.frombuffer(blob, dtype=np.uint8)}, n_items=5)
