from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions
from recsys.errors import DataError
from tests.support import factories

USERS, ITEMS = IdMap.from_ids(["u0", "u1", "u2"]), IdMap.from_ids(["i0", "i1", "i2", "i3"])
PAIRS = st.sets(st.tuples(st.integers(0, 2), st.integers(0, 3)))


def build(**changes: Any) -> Interactions:
    columns: dict[str, Any] = {
        "user_nums": np.array([0, 0, 2], np.int32),
        "item_nums": np.array([3, 1, 0], np.int32),
        "weights": np.array([1.0, 2.5, 0.5], np.float32),
        "timestamps": np.array([30, 10, 20], np.int64),
    }
    return Interactions(USERS, ITEMS, **{**columns, **changes})


@given(PAIRS, st.randoms(use_true_random=False))
def test_the_matrix_agrees_with_a_dict(pairs: set[tuple[int, int]], random: Any) -> None:
    rows = list(pairs)
    random.shuffle(rows)
    oracle = {pair: float(weight) for weight, pair in enumerate(rows, 1)}
    interactions = Interactions(
        USERS,
        ITEMS,
        np.array([user for user, _ in rows], np.int32),
        np.array([item for _, item in rows], np.int32),
        np.array([oracle[pair] for pair in rows], np.float32),
    )
    assert len(interactions) == len(rows)
    dense = interactions.matrix().toarray()
    for user in range(3):
        for item in range(4):
            assert dense[user, item] == oracle.get((user, item), 0.0)
    assert interactions.item_counts().tolist() == [sum(item == num for _, item in rows) for num in range(4)]


def test_the_matrix_is_float32_with_rising_columns() -> None:
    matrix = build().matrix()
    assert matrix.dtype == np.float32
    assert matrix.shape == (3, 4)
    assert matrix.indptr.tolist() == [0, 2, 2, 3]
    assert matrix.indices.tolist() == [1, 3, 0]
    assert matrix.data.tolist() == [2.5, 1.0, 0.5]


def test_changing_the_matrix_leaves_the_interactions_as_they_were() -> None:
    interactions = build()
    interactions.matrix().data[:] = 99
    assert interactions.weights.tolist() == [1.0, 2.5, 0.5]


def test_cold_items_are_counted_as_zero() -> None:
    interactions = factories.interactions([("u", "warm")], items=["cold", "warm", "icy"])
    assert interactions.item_counts().tolist() == [0, 1, 0]
    assert interactions.item_counts().dtype == np.int64


def test_rows_are_taken_by_mask_or_by_position() -> None:
    by_mask = build().take(np.array([True, False, True]))
    by_position = build().take(np.array([2, 0]))
    assert by_mask.item_nums.tolist() == [3, 0]
    assert by_mask.timestamps is not None
    assert by_mask.timestamps.tolist() == [30, 20]
    assert by_position.item_nums.tolist() == [0, 3]
    assert by_position.weights.tolist() == [0.5, 1.0]
    assert by_position.users is USERS
    assert by_position.items is ITEMS


def test_rows_are_taken_without_times_too() -> None:
    taken = build(timestamps=None).take(np.array([1]))
    assert taken.timestamps is None
    assert len(taken) == 1


def test_no_interactions_are_a_value_too() -> None:
    none = build().take(np.zeros(3, dtype=bool))
    assert len(none) == 0
    assert none.matrix().toarray().sum() == 0
    assert none.item_counts().tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"user_nums": np.array([0, 1], np.int32)}, r"columns of lengths \[2, 3, 3, 3\]; they must be equal"),
        ({"timestamps": np.array([1], np.int64)}, r"columns of lengths \[3, 3, 3, 1\]; they must be equal"),
        ({"user_nums": np.array([0, 0, 3], np.int32)}, r"a user number lies outside 0\.\.2"),
        ({"user_nums": np.array([0, 0, -1], np.int32)}, r"a user number lies outside 0\.\.2"),
        ({"item_nums": np.array([3, 1, 4], np.int32)}, r"an? item number lies outside 0\.\.3"),
        ({"item_nums": np.array([3, 1, -1], np.int32)}, r"an? item number lies outside 0\.\.3"),
        ({"weights": np.array([1, 1, 0], np.float32)}, "not a finite number above 0"),
        ({"weights": np.array([1, 1, -2], np.float32)}, "not a finite number above 0"),
        ({"weights": np.array([1, 1, np.nan], np.float32)}, "not a finite number above 0"),
        ({"weights": np.array([1, 1, np.inf], np.float32)}, "not a finite number above 0"),
        ({"item_nums": np.array([3, 3, 0], np.int32)}, "user-item pair occurs twice"),
    ],
)
def test_what_cannot_be_is_refused(column: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        build(**column)


def test_pairs_that_share_a_number_are_not_taken_for_twins() -> None:
    assert len(build(user_nums=np.array([0, 1, 2], np.int32), item_nums=np.array([1, 1, 1], np.int32))) == 3
    assert len(build(user_nums=np.array([1, 1, 1], np.int32), item_nums=np.array([0, 1, 2], np.int32))) == 3
