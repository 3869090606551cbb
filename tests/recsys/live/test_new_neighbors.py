"""Neighbors of new items by words are about those that a training finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys.data.catalog import Catalog, Item
from recsys.live.new_neighbors import GrownNeighborhood, WordNeighbors
from recsys.model.model import Model
from recsys.model.neighborhood import Neighborhood
from recsys.text.bm25 import Bm25, weighted_words
from tests.support import factories
from training.factors import neighbors

N, MOST = 120, 10


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Each about one of eight topics, and a little of everything."""
    random = np.random.default_rng(0)
    topics = [[f"t{topic}w{word}" for word in range(12)] for topic in range(8)]
    return [
        " ".join([*random.choice(topics[num % 8], 6), *random.choice(["one", "two", "three", "four", "five"], 3)])
        for num in range(N)
    ]


@pytest.fixture(scope="module")
def model(texts: list[str]) -> Model:
    by_words = neighbors.by_words(texts, MOST)
    made = factories.model(n_items=N)
    trained = Neighborhood.from_matrices(0 * by_words, 0.3 * by_words)
    catalog = Catalog.from_items([Item(f"i{num}", "", text) for num, text in enumerate(texts)])
    return replace(made, catalog=catalog, neighborhood=trained).with_extras(Bm25.from_texts(texts))


def test_a_new_item_has_about_the_neighbors_of_a_trained_one(model: Model, texts: list[str]) -> None:
    found = WordNeighbors(model, MOST)
    trained, shares, weights = model.neighborhood, [], []
    for num, text in enumerate(texts):
        nums, near = found.near(weighted_words(text, "", ""))
        rows = np.repeat(np.arange(N), np.diff(trained.indptr))[trained.item_nums == num]  # those whose neighbor it is
        expected = dict(zip(rows.tolist(), trained.content[trained.item_nums == num].tolist(), strict=True))
        both = expected.keys() & set(nums.tolist())
        shares.append(len(both) / max(1, len(expected)))
        mine = dict(zip(nums.tolist(), near.tolist(), strict=True))
        weights += [(mine[row], expected[row]) for row in both]
    assert np.mean(shares) > 0.7
    ours, theirs = np.array(weights).T
    assert np.corrcoef(ours, theirs)[0, 1] > 0.7
    assert 0.7 < ours.mean() / theirs.mean() < 1.4


def test_the_same_text_is_the_nearest(model: Model, texts: list[str]) -> None:
    nums, weights = WordNeighbors(model, MOST).near(weighted_words(texts[7], "", ""))
    assert nums[np.argmax(weights)] == 7
    assert len(nums) <= MOST
    assert np.all(np.diff(nums) > 0)


def test_without_words_or_neighbors_there_is_none(model: Model, texts: list[str]) -> None:
    words = weighted_words(texts[0], "", "")
    assert len(WordNeighbors(model.without(Bm25), MOST).near(words)[0]) == 0
    alone = replace(model, neighborhood=Neighborhood.empty(N))
    assert len(WordNeighbors(alone, MOST).near(words)[0]) == 0
    assert len(WordNeighbors(model, MOST).near(weighted_words("unheard", "", ""))[0]) == 0


def test_a_grown_neighborhood_adds_both_directions(model: Model) -> None:
    trained = model.neighborhood
    near = [(np.array([2, 5], dtype=np.int32), np.array([0.5, 0.25], dtype=np.float32))]
    grown = GrownNeighborhood.of(trained, near)
    assert len(grown) == N + 1
    history = np.array([5, 9], dtype=np.int32)
    before, after = trained.scores(history, 2.0), grown.scores(history, 2.0)
    assert after.nums.tolist() == [*before.nums.tolist(), N]
    assert np.array_equal(after.content[:-1], before.content)
    assert after.content[-1] == pytest.approx(0.25 * 2 / 2**0.5)
    new = grown.new_scores(history, 2.0)
    assert (new.nums.tolist(), new.content.tolist()) == ([N], [after.content[-1]])
    assert grown.scores(np.array([N], dtype=np.int32), 1.0).nums.tolist() == [2, 5]
    _, content = grown.between(history, np.array([3, N], dtype=np.int32))
    assert content[1].tolist() == [0.25, 0.0]
    assert not len(trained.new_scores(history, 2.0).nums)
