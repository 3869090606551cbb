"""Places on the map: like beside like, the same every time, and for every item of which something is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import silhouette_score

from tests.training.explore.test_clustering import blobs
from training.explore.item_map import place


@pytest.fixture(scope="module")
def known() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    return blobs(150, 4)


def test_like_lies_beside_like(known: tuple[NDArray[np.float32], NDArray[np.int64]]) -> None:
    vectors, truth = known
    made = place(vectors, 1000, 0)
    assert made.places.shape == (150, 2)
    assert made.places.dtype == np.float32
    assert silhouette_score(made.places, truth) > 0.5
    assert made.trust > 0.85
    assert np.abs(made.places).max() == 1


def test_the_same_again(known: tuple[NDArray[np.float32], NDArray[np.int64]]) -> None:
    first, second = (place(known[0], 100, 3).places for _ in range(2))
    assert np.array_equal(first, second)


def test_who_is_not_in_the_sample_lies_among_its_like(known: tuple[NDArray[np.float32], NDArray[np.int64]]) -> None:
    vectors, truth = known
    made = place(vectors, 60, 0)
    assert np.isfinite(made.places).all()
    assert silhouette_score(made.places, truth) > 0.4


def test_what_is_not_known_has_no_place(known: tuple[NDArray[np.float32], NDArray[np.int64]]) -> None:
    vectors = known[0].copy()
    vectors[::7] = 0
    places = place(vectors, 60, 0).places
    assert np.isnan(places[::7]).all()
    assert np.isfinite(np.delete(places, slice(None, None, 7), axis=0)).all()


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("dim", [1, 8])
def test_however_few_there_are(n: int, dim: int) -> None:
    made = place(np.random.default_rng(0).normal(size=(n, dim)).astype(np.float32), 100, 0)
    assert np.isfinite(made.places).all()
    assert made.places.shape == (n, 2)
    assert 0 <= made.trust <= 1


def test_equal_vectors_have_places() -> None:
    assert np.isfinite(place(np.ones((20, 3), dtype=np.float32), 10, 0).places).all()
