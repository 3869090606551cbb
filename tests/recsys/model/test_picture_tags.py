"""Captions: the nearest value of each attribute."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.errors import BundleError, UnansweredError
from recsys.model.extras.picture_tags import Tags
from recsys.recommend.recommender import Recommender
from recsys.search.pictures import caption, captions
from tests.support import factories
from tests.support.parts import arrays, opened

PAIRS = [("colour", "red"), ("colour", "blue"), ("shape", "circle"), ("colour", "green")]
VECTORS = np.eye(4, 3, dtype=np.float32)
VECTORS[3] = [0.6, 0.8, 0]


@pytest.fixture
def tags() -> Tags:
    return Tags.of(PAIRS, VECTORS, 10.0)


def test_the_nearest_values_of_each_attribute(tags: Tags) -> None:
    found = tags.nearest(np.array([0.8, 0.6, 0], dtype=np.float32), 2)
    assert [(tag.attribute, tag.value) for tag in found] == [
        ("colour", "green"),
        ("colour", "red"),
        ("shape", "circle"),
    ]
    assert [tag.score for tag in found] == pytest.approx([0.96, 0.8, 0])
    shares = np.exp([9.6, 8.0, 6.0]) / np.exp([9.6, 8.0, 6.0]).sum()
    assert [tag.share for tag in found] == pytest.approx([shares[0], shares[1], 1.0])
    assert caption(found) == "green, circle"
    assert [tag.value for tag in tags.nearest(np.array([0, 1, 0], dtype=np.float32))] == ["blue", "circle"]


def test_equal_scores_stand_in_the_order_of_the_tags(tags: Tags) -> None:
    found = tags.nearest(np.array([0, 0, 1], dtype=np.float32), 3)
    assert [tag.value for tag in found] == ["red", "blue", "green", "circle"]
    assert found[0].share == pytest.approx(1 / 3)


def test_a_large_scale_gives_no_overflow() -> None:
    found = Tags.of(PAIRS, VECTORS, 1e6).nearest(np.array([1, 0, 0], dtype=np.float32))
    assert [tag.share for tag in found] == [1.0, 1.0]


def test_arrays_come_back(tags: Tags) -> None:
    again = opened(Tags, arrays(tags), picture_dim=3)
    assert [*again.attributes] == [pair[0] for pair in PAIRS]
    assert [*again.values] == [pair[1] for pair in PAIRS]
    assert again.scale == 10.0
    np.testing.assert_array_equal(again.vectors, VECTORS)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("vectors", VECTORS[:3]),
        ("vectors", VECTORS[:, :2]),
        ("vectors", VECTORS.astype(np.float64)),
        ("vectors", np.full((4, 3), np.nan, dtype=np.float32)),
        ("scale", np.array([0.0])),
        ("scale", np.array([np.inf])),
        ("scale", np.array([1.0, 2.0])),
        ("scale", np.array([1], dtype=np.int64)),
        ("values.offsets", np.array([0, 1], dtype=np.int64)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tags: Tags, column: str, value: np.ndarray) -> None:  # type: ignore[type-arg]
    with pytest.raises(BundleError, match=r"tags: |packed strings: |scale is not one number"):
        opened(Tags, {**arrays(tags), column: value}, picture_dim=3)


def test_a_model_without_pictures_has_no_captions() -> None:
    with pytest.raises(UnansweredError, match="the items have no pictures"):
        captions(Recommender(factories.model(), "v"), np.zeros(3, dtype=np.float32))
