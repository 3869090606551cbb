"""Principal directions in words."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.data.catalog import Catalog, Item
from training.explore.describe import Describer
from training.explore.directions import directions
from training.explore.lexicon import Lexicon

N = 80
ALONG = np.linspace(-1, 1, N)


def describer() -> Describer:
    """Items on a line from dark to light, with a year that rises along it; the words of every second item are others."""
    items = [
        Item(
            f"i{num}",
            f"Title {num}",
            f"{'light day' if num >= N / 2 else 'dark night'} w{num % 2}",
            {"year": 1900 + num},
        )
        for num in range(N)
    ]
    catalog = Catalog.from_items(items)
    return Describer(catalog, Lexicon.from_catalog(catalog), np.ones(N))


@pytest.fixture
def vectors() -> np.ndarray:
    random = np.random.default_rng(0)
    across = random.permutation(np.linspace(-0.3, 0.3, N))
    rows = np.stack((ALONG, across), axis=1) @ np.array([[0.6, 0.8, 0], [-0.8, 0.6, 0]])
    return (rows + 5).astype(np.float32)


def test_the_first_direction_is_the_line(vectors: np.ndarray) -> None:
    first, second = directions("content", vectors, 2, describer(), 2.0 ** -np.arange(N))
    assert (first.space, first.number, second.number) == ("content", 1, 2)
    variances = ALONG.var(), np.linspace(-0.3, 0.3, N).var()
    assert first.share == pytest.approx(variances[0] / sum(variances), abs=1e-2)
    assert first.share + second.share == pytest.approx(1, abs=1e-5)
    assert [one.word for one in first.low.words] == ["dark", "night"]
    assert [one.word for one in first.high.words] == ["day", "light"]
    assert first.low.items[0] == 0
    assert first.high.items[0] == N - 1
    told = {one.attribute: one.correlation for one in first.correlations}
    assert told == {"popularity": pytest.approx(-1, abs=1e-3), "year": pytest.approx(1, abs=1e-3)}


def test_no_more_than_there_are(vectors: np.ndarray) -> None:
    assert len(directions("content", vectors, 10, describer(), np.ones(N))) == 2
    assert directions("content", vectors, 0, describer(), np.ones(N)) == ()


def test_items_of_which_nothing_is_known_lie_nowhere(vectors: np.ndarray) -> None:
    vectors[-20:] = 0
    first = directions("content", vectors, 1, describer(), np.ones(N))[0]
    assert max(*first.low.items, *first.high.items) < N - 20


@pytest.mark.parametrize("n", [0, 1, 5])
def test_too_few_items_have_no_directions(n: int, vectors: np.ndarray) -> None:
    vectors[n:] = 0
    assert directions("content", vectors, 3, describer(), np.ones(N)) == ()


def test_without_a_vector_there_is_none() -> None:
    assert directions("content", np.zeros((N, 0), np.float32), 3, describer(), np.ones(N)) == ()


def test_equal_items_have_no_directions() -> None:
    assert directions("content", np.ones((N, 3), np.float32), 3, describer(), np.ones(N)) == ()
