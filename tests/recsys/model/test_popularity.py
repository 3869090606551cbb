from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import BundleError
from recsys.model.popularity import Popularity, decay
from tests.support import factories
from tests.support.parts import arrays, opened

DAY = 86_400
NOBODY = np.empty(0, np.int32)


def nums(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.sets(st.integers(0, 11)), st.integers(1, 15))
def test_the_top_agrees_with_a_sort(scores: list[int], skip: set[int], k: int) -> None:
    popularity = Popularity.from_scores(np.array(scores, np.float32))
    oracle = sorted((num for num in range(len(scores)) if num not in skip), key=lambda num: (-scores[num], num))[:k]
    found = popularity.top(k, nums(*sorted(skip)))
    assert found.nums.tolist() == oracle
    assert found.scores.tolist() == [scores[num] for num in oracle]


def test_users_are_counted_whatever_the_weights() -> None:
    interactions = factories.interactions([("a", "x"), ("a", "y"), ("b", "y"), ("c", "y")], items=["cold", "x", "y"])
    interactions.weights[:] = [100, 1, 1, 1]
    popularity = Popularity.from_interactions(interactions)
    assert popularity.scores.tolist() == [0, 1, 3]
    assert popularity.order.tolist() == [2, 1, 0]
    assert (popularity.scores.dtype, popularity.order.dtype) == (np.float32, np.int32)


def test_a_user_counts_half_at_the_half_life_before_the_newest() -> None:
    pairs = [("a", "old"), ("b", "old"), ("c", "old"), ("d", "new"), ("e", "new")]
    interactions = factories.interactions(pairs, times=[0, 10 * DAY, 20 * DAY, 20 * DAY, 30 * DAY])
    # old: ages 30, 20, 10 days at a half-life of 10: 1/8 + 1/4 + 1/2; new: ages 10 and 0: 1/2 + 1
    assert Popularity.from_interactions(interactions, 10).scores.tolist() == [0.875, 1.5]
    assert Popularity.from_interactions(interactions, 0).scores.tolist() == [3, 2]


def test_without_times_nothing_decays() -> None:
    interactions = factories.interactions([("a", "x"), ("b", "x")])
    assert Popularity.from_interactions(interactions, 10).scores.tolist() == [2]


def test_decay_is_none_where_there_is_none() -> None:
    assert decay(None, 5) is None
    assert decay(np.array([1, 2]), 0) is None
    assert decay(np.array([], np.int64), 5) is None


def test_decay_counts_from_the_newest_and_halves() -> None:
    found = decay(np.array([0, 5 * DAY, 10 * DAY]), 5)
    assert found is not None
    assert found.tolist() == [0.25, 0.5, 1.0]


def test_popularity_comes_back_from_its_arrays() -> None:
    popularity = Popularity.from_scores(np.array([1, 3, 2], np.float32))
    again = opened(Popularity, arrays(popularity), items=3)
    assert again.top(2, NOBODY).nums.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("scores", np.array([1, 3], np.float32)),
        ("scores", np.array([1, 3, 2], np.float64)),
        ("order", nums(0, 1)),
        ("order", nums(0, 1, 1)),
        ("order", nums(0, 1, 3)),
        ("order", np.array([0, 1, 2], np.int64)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name: str, array: np.ndarray) -> None:
    changed = {**arrays(Popularity.from_scores(np.array([1, 3, 2], np.float32))), name: array}
    with pytest.raises(BundleError, match="popularity: the arrays do not fit together"):
        opened(Popularity, changed, items=3)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=12),
    st.sets(st.integers(0, 11)),
    st.integers(1, 15),
)
def test_the_top_of_the_eligible_agrees_with_a_sort(items: list[tuple[int, bool]], skip: set[int], k: int) -> None:
    popularity = Popularity.from_scores(np.array([score for score, _ in items], np.float32))
    mask = np.array([eligible for _, eligible in items])
    allowed = [num for num, (_, eligible) in enumerate(items) if eligible and num not in skip]
    found = popularity.top(k, nums(*sorted(skip)), mask)
    assert found.nums.tolist() == sorted(allowed, key=lambda num: (-items[num][0], num))[:k]


def test_what_is_added_moves_an_item_up_in_a_copy() -> None:
    popularity = Popularity.from_scores(np.array([1, 3, 2, 3], np.float32))
    more = popularity.added(nums(0, 3), np.array([5, 0.5], np.float32))
    assert more.scores.tolist() == [6, 3, 2, 3.5]
    assert more.order.tolist() == [0, 3, 1, 2]
    assert popularity.scores.tolist() == [1, 3, 2, 3]
    assert popularity.order.tolist() == [1, 3, 2, 0]
