from __future__ import annotations

import numpy as np
import pytest

from recsys.data.vectors import unit_rows
from recsys.errors import BundleError
from recsys.model import blending
from recsys.model.similarity import Likeness
from tests.support import factories
from tests.support.parts import arrays, opened

TEXTS = unit_rows(factories.random_vectors(20, 5) + np.float32(1))
FACTORS = factories.random_vectors(20, 3, seed=1)
NO_BEHAVIOUR = np.zeros(3, dtype=np.float32)


def likeness(weight: float = 0.3) -> Likeness:
    return Likeness.of(weight, blending.text_mean(TEXTS))


def rows(weight: float = 0.3) -> np.ndarray:  # type: ignore[type-arg]
    return blending.items_like_item(FACTORS, blending.centered(TEXTS), weight, np.ones(20, dtype=np.float32))


def test_the_text_of_an_item_becomes_the_content_part_of_its_row() -> None:
    for num in range(20):
        found = likeness().of_text(TEXTS[num], NO_BEHAVIOUR)
        np.testing.assert_allclose(found[3:], rows()[num, 3:], atol=1e-6)
        assert not found[:3].any()


def test_the_text_and_the_behavior_of_an_item_become_its_row() -> None:
    np.testing.assert_allclose(likeness().of_text(TEXTS[7], 3 * FACTORS[7]), rows()[7], atol=1e-6)


def test_a_user_with_the_vectors_of_an_item_becomes_its_row() -> None:
    query = np.concatenate((5 * FACTORS[4], 0.01 * blending.centered(TEXTS)[4])).astype(np.float32)
    np.testing.assert_allclose(likeness().of_user(query, 3), rows()[4], atol=1e-6)


def test_a_text_of_which_nothing_is_known_stays_nothing() -> None:
    assert not likeness().of_text(np.zeros(5, dtype=np.float32), NO_BEHAVIOUR).any()


def test_without_content_behavior_is_all() -> None:
    alone = Likeness.of(0.3, np.empty(0, dtype=np.float32))
    np.testing.assert_allclose(np.linalg.norm(alone.of_user(FACTORS[0], 3)), 1, rtol=1e-6)


def test_a_lone_text_is_not_its_own_mean() -> None:
    assert not blending.text_mean(np.eye(4, dtype=np.float32)[:1]).any()
    assert not blending.text_mean(np.zeros((3, 2), dtype=np.float32)).any()


def test_what_is_written_can_be_opened() -> None:
    again = opened(Likeness, arrays(likeness()))
    assert again.weight == 0.3
    np.testing.assert_array_equal(again.text_mean, likeness().text_mean)


@pytest.mark.parametrize(
    ("column", "array"),
    [
        ("weight", np.array([1.5])),
        ("weight", np.array([-0.1])),
        ("weight", np.array([np.nan])),
        ("weight", np.array([0.5, 0.5])),
        ("weight", np.array(0.5)),
        ("weight", np.array([0.5], dtype=np.float32)),
        ("text_mean", np.zeros(5)),
        ("text_mean", np.zeros((5, 1), dtype=np.float32)),
        ("text_mean", np.full(5, np.inf, dtype=np.float32)),
    ],
)
def test_arrays_out_of_range_are_refused(column: str, array: np.ndarray) -> None:  # type: ignore[type-arg]
    with pytest.raises(BundleError, match=r"likeness: |weight is not one number"):
        opened(Likeness, {**arrays(likeness()), column: array})
