"""The last part of each history by time."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.errors import DataError
from recsys.ids import IdMap
from recsys.interactions import Interactions
from tests import factories
from tests.training.files import pairs_of
from training import split as splitting
from training.split import split_last_share

Row = tuple[int, int, int]


def data(rows: list[Row]) -> Interactions:
    """(user, item, time), each pair once; six users and nine items."""
    users, items, times = (np.array(column) for column in zip(*rows, strict=True))
    maps = (IdMap.from_ids([f"{name}{num}" for num in range(size)]) for name, size in (("u", 6), ("i", 9)))
    return Interactions(
        *maps, users.astype(np.int32), items.astype(np.int32), np.ones(len(rows), np.float32), times.astype(np.int64)
    )


def rows_of(found: Interactions) -> set[Row]:
    assert found.timestamps is not None
    return set(zip(found.user_nums.tolist(), found.item_nums.tolist(), found.timestamps.tolist(), strict=True))


ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 8), st.integers(0, 4)), min_size=1, unique_by=lambda row: row[:2]
)


@settings(deadline=None, max_examples=200)
@given(ROWS, st.floats(0.01, 0.99))
def test_the_last_share_of_each_user_never_all_at_least_one(rows: list[Row], share: float) -> None:
    histories: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for user, item, time in rows:
        histories[user].append((time, item))
    expected = set()
    for user, history in histories.items():
        wanted = round(share * len(history))
        n = min(max(1, wanted), len(history) - 1)
        expected |= {(user, item, time) for time, item in sorted(history)[len(history) - n :]}
    if not expected:
        with pytest.raises(DataError, match="no user has two interactions, so nothing can be held out"):
            split_last_share(data(rows), share)
    else:
        split = split_last_share(data(rows), share)
        assert rows_of(split.test) == expected
        assert rows_of(split.train) == set(rows) - expected
        assert set(split.train.user_nums.tolist()) == set(histories)
        assert splitting.tested_users(split).tolist() == sorted({user for user, _, _ in expected})


def test_a_fifth_of_ten_is_the_last_two() -> None:
    pairs = [("a", f"i{number}") for number in range(10)]
    split = split_last_share(factories.interactions(pairs, times=[50, 90, 10, 70, 20, 30, 40, 60, 80, 0]), 0.2)
    assert pairs_of(split.test) == {("a", "i1"): (1.0, 90), ("a", "i8"): (1.0, 80)}


def test_both_parts_keep_all_users_and_items() -> None:
    whole = factories.interactions([("a", "x"), ("a", "y"), ("b", "z")], items=["cold"], times=[1, 2, 3])
    split = split_last_share(whole, 0.5)
    assert split.train.users is split.test.users is whole.users
    assert split.train.items is split.test.items is whole.items
    assert splitting.tested_users(split).dtype == np.int32


def test_without_times_there_is_no_split() -> None:
    with pytest.raises(DataError, match=r"a split by time needs timestamps; set data\.timestamp_column"):
        split_last_share(factories.interactions([("a", "x"), ("a", "y")]), 0.2)


def test_the_weights_stay_with_their_pairs() -> None:
    whole = data([(user, item, (user * item) % 5) for user in range(6) for item in range(9)])
    object.__setattr__(whole, "weights", np.arange(1, 55, dtype=np.float32))
    split = split_last_share(whole, 0.3)
    assert pairs_of(split.train) | pairs_of(split.test) == pairs_of(whole)
    assert math.isclose(split.train.weights.sum() + split.test.weights.sum(), 54 * 55 / 2)
