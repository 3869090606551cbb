from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.histories import Histories
from recsys.errors import BundleError
from tests.support import factories
from tests.support.parts import arrays, opened

PAIRS = [("a", "i2"), ("b", "i0"), ("a", "i0"), ("a", "i3")]
ITEMS = ["i0", "i1", "i2", "i3"]


def histories() -> Histories:
    return Histories.from_interactions(factories.interactions(PAIRS, items=ITEMS))


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(ITEMS)), unique=True, min_size=1))
def test_histories_agree_with_a_dict_of_sets(pairs: list[tuple[str, str]]) -> None:
    interactions = factories.interactions(pairs, items=ITEMS)
    kept = Histories.from_interactions(interactions)
    assert len(kept) == len(interactions.users)
    dense = kept.matrix().toarray()
    for num, user in enumerate(interactions.users):
        oracle = {ITEMS.index(item) for one, item in pairs if one == user}
        assert kept.items_of(num).tolist() == sorted(oracle)
        assert np.flatnonzero(dense[num]).tolist() == sorted(oracle)


def test_the_matrix_holds_ones_whatever_the_weights() -> None:
    kept = histories()
    heavier = Histories(kept.indptr, kept.item_nums, kept.weights * 7, kept.n_items)
    assert set(heavier.matrix().data.tolist()) == {1.0}
    assert heavier.matrix().dtype == np.float32
    assert heavier.matrix().shape == (2, 4)


def test_weights_lie_beside_their_items() -> None:
    interactions = factories.interactions(PAIRS, items=ITEMS)
    interactions.weights[:] = [2, 3, 4, 5]
    kept = Histories.from_interactions(interactions)
    assert kept.item_nums.tolist() == [0, 2, 3, 0]
    assert kept.weights.tolist() == [4, 2, 5, 3]


def test_a_user_without_items_has_an_empty_history() -> None:
    interactions = factories.interactions([("a", "i0"), ("b", "i1")]).take(np.array([True, False]))
    kept = Histories.from_interactions(interactions)
    assert [kept.items_of(num).tolist() for num in range(2)] == [[0], []]


def test_histories_come_back_from_their_arrays() -> None:
    kept = histories()
    again = opened(Histories, arrays(kept), items=4)
    assert [again.items_of(num).tolist() for num in range(2)] == [[0, 2, 3], [0]]
    assert again.weights.tolist() == kept.weights.tolist()


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("indptr", np.array([0, 3, 4], np.int32)),
        ("indptr", np.array([], np.int64)),
        ("indptr", np.array([1, 3, 4], np.int64)),
        ("indptr", np.array([0, 3, 3], np.int64)),
        ("indptr", np.array([0, 5, 4], np.int64)),
        ("item_nums", np.array([0, 2, 3], np.int32)),
        ("item_nums", np.array([0, 2, 4, 0], np.int32)),
        ("item_nums", np.array([0, 2, -1, 0], np.int32)),
        ("item_nums", np.array([0, 2, 3, 0], np.int64)),
        ("weights", np.array([1, 1, 1], np.float32)),
        ("weights", np.array([1, 1, 1, 1], np.float64)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name: str, array: np.ndarray) -> None:
    changed = {**arrays(histories()), name: array}
    with pytest.raises(BundleError, match="histories: the arrays do not fit together"):
        opened(Histories, changed, items=4)


def test_a_smaller_catalog_is_refused() -> None:
    with pytest.raises(BundleError, match="histories: the arrays do not fit together"):
        opened(Histories, arrays(histories()), items=3)
