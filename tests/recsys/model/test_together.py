"""Lift and score of items that share baskets."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from recsys.errors import BundleError
from recsys.model.extras.together import Together
from tests.support import explored
from tests.support.parts import arrays, opened


def nums(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def test_the_score_is_the_shrunk_logarithm_of_the_lift() -> None:
    found = explored.together(6).companions(nums(2))
    assert found.nums.tolist() == [3, 4]
    assert found.n_both.tolist() == [4, 2]
    assert found.lifts.tolist() == [4 * 100 / 25, 2 * 100 / 25]
    assert found.scores.tolist() == pytest.approx([log(16) * 4 / 6, log(8) * 2 / 4])


def test_the_score_for_several_items_is_the_mean_and_leaves_them_out() -> None:
    found = explored.together(8).companions(nums(1, 2, 6))
    assert found.nums.tolist() == [3, 4, 7]
    assert found.n_both.tolist() == [2 + 4, 2, 4]
    both, one = log(16) * 4 / 6, log(8) * 2 / 4
    assert found.scores.tolist() == pytest.approx([(both + one) / 3, one / 3, both / 3])
    assert found.lifts.tolist() == pytest.approx([6 / (4 / 16 + 2 / 8), 8, 16])


def test_an_item_without_baskets_has_no_companions() -> None:
    assert not len(explored.together(6).companions(nums(5)).nums)


def test_an_item_in_fewer_baskets_than_its_pairs_is_refused() -> None:
    of = arrays(explored.together(6))
    assert opened(Together, of, items=6).total == 100
    with pytest.raises(BundleError, match="together: the arrays do not fit together"):
        opened(Together, {**of, "n_both": of["n_both"] + np.int32(2)}, items=6)
