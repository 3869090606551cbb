from __future__ import annotations

import math

import numpy as np
import pytest

from recsys.errors import BundleError
from recsys.model.extras.attribute_tastes import AttributeTastes, gains
from tests.support import factories

AGE_UNDER, AGE_FROM, CH, DE, SEVEN = range(5)


@pytest.mark.parametrize(
    ("attributes", "rows"),
    [
        ({"country": "ch", "age": 30}, [AGE_FROM, CH]),
        ({"age": 29.9}, [AGE_UNDER]),
        ({"age": "12"}, [AGE_UNDER]),
        ({"age": "old", "country": "FR", "city": "Bern"}, []),
        ({"country": ["DE", "FR", "CH", "CH"]}, [CH, DE]),
        ({"hobby": 7}, [SEVEN]),
        ({"hobby": "7"}, [SEVEN]),
        ({"country": 7, "age": "under 30"}, []),
        ({}, []),
    ],
)
def test_values_are_found_and_others_ignored(attributes: dict[str, object], rows: list[int]) -> None:
    assert factories.attribute_tastes(50).rows_of(attributes).tolist() == rows  # type: ignore[arg-type]


def test_gains_are_those_of_the_items_that_have_some() -> None:
    part = factories.attribute_tastes(50)
    nums = np.array([7, 4, 49, 0, 38, 40], dtype=np.int32)
    found = part.gains_of(np.array([CH, SEVEN], dtype=np.int32), nums)
    for place, num in enumerate(nums.tolist()):
        column = part.items.tolist().index(num) if num in part.items else None
        expected = [0.0, 0.0] if column is None else [part.gains[CH, column], part.gains[SEVEN, column]]
        assert found[:, place].tolist() == [float(one) for one in expected]


def test_the_formula_is_that_of_the_module() -> None:
    n, n_v, s = 100.0, 20.0, 10.0
    found = gains(
        np.array([[0.0, 5.0, 8.0, 0.0]]), np.array([n_v]), np.array([[50.0, 25.0, 10.0, 0.0]]), np.array([n]), s
    )
    shares = (0.0, 5 * n / 25, 8 * n / 10)
    assert found[0].tolist() == pytest.approx([*(math.log((one + s) / (n_v + s)) for one in shares), 0.0])
    assert found[0, 0] < 0 == found[0, 1] < found[0, 2], "an item taken as often as by all users is not moved"


def test_what_is_written_can_be_opened() -> None:
    part = factories.attribute_tastes(50)
    tensors = part.tensors("attribute_tastes")
    opened = AttributeTastes.open(tensors, "attribute_tastes", {"items": 50})
    assert opened.rows_of({"country": "CH"}).tolist() == [CH]
    broken = {**tensors, "attribute_tastes.items": part.items[::-1].copy()}
    with pytest.raises(BundleError, match="the arrays do not fit together"):
        AttributeTastes.open(broken, "attribute_tastes", {"items": 50})
