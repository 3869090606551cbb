from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.ids import IdMap
from recsys.data.vectors import Embeddings, unit_rows
from recsys.errors import DataError
from tests.support import factories

ITEMS = IdMap.from_ids(["a", "b", "c"])


def test_vectors_are_kept_and_read_only() -> None:
    vectors = factories.random_vectors(3, 5)
    embeddings = Embeddings(ITEMS, vectors.copy(), "als")
    assert embeddings.dim == 5
    assert np.array_equal(embeddings.vectors, vectors)
    with pytest.raises(ValueError, match="read-only"):
        embeddings.vectors[0, 0] = 1


def test_no_dimensions_are_a_value_too() -> None:
    assert Embeddings(ITEMS, np.zeros((3, 0), np.float32), "none").dim == 0


@pytest.mark.parametrize("shape", [(2, 5), (4, 5), (3,), (3, 5, 1)])
def test_a_shape_that_does_not_fit_the_items_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"als embeddings of shape \(.*\) for 3 items"):
        Embeddings(ITEMS, np.zeros(shape, np.float32), "als")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_refused(bad: float) -> None:
    vectors = np.zeros((3, 2), np.float32)
    vectors[2, 1] = bad
    with pytest.raises(DataError, match="lsa embeddings hold a number that is not finite"):
        Embeddings(ITEMS, vectors, "lsa")


@given(st.lists(st.lists(st.floats(-1e6, 1e6, width=32), min_size=3, max_size=3), min_size=1))
def test_rows_have_length_one_or_stay_zero(rows: list[list[float]]) -> None:
    vectors = np.array(rows, np.float32)
    vectors[np.abs(vectors) < 1e-6] = 0  # the squares of smaller numbers are no float32
    before = vectors.copy()
    found = unit_rows(vectors)
    assert np.array_equal(vectors, before)
    assert found.dtype == np.float32
    for row, unit in zip(vectors.tolist(), found.tolist(), strict=True):
        length = math.sqrt(sum(value * value for value in row))
        wanted = [value / length for value in row] if length else row
        assert unit == pytest.approx(wanted, abs=1e-6)


def test_one_vector_is_scaled_too() -> None:
    assert unit_rows(np.array([3, 4], np.float32)).tolist() == pytest.approx([0.6, 0.8])
    assert unit_rows(np.zeros(2, np.float32)).tolist() == [0, 0]
    assert unit_rows(np.zeros((4, 0), np.float32)).shape == (4, 0)
