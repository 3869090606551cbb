"""From clusterings to groups with names."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recsys.data.catalog import Catalog, Item
from recsys.model.extras.groups import Affinity
from training.explore import label_groups
from training.explore.clustering import Clustering
from training.explore.describe import Describer
from training.explore.lexicon import Lexicon

N = 40


@pytest.fixture
def describer() -> Describer:
    """Forty items without texts."""
    catalog = Catalog.from_items([Item(f"i{num}", f"Title {num}") for num in range(N)])
    return Describer(catalog, Lexicon.from_catalog(catalog), np.ones(N))


@pytest.fixture
def halves() -> Clustering:
    """The first half and the second, closeness falling; the last item is in none."""
    labels = np.repeat([0, 1], N // 2).astype(np.int32)
    labels[-1] = -1
    return Clustering(labels, np.where(labels < 0, 0, 1 - np.arange(N) / N).astype(np.float32), None)


def test_the_most_used_items_near_the_centre_stand_for_a_group(halves: Clustering, describer: Describer) -> None:
    popularity = np.zeros(N)
    popularity[[3, 15, 22]] = 5, 100, 7
    groups = label_groups.of_items(halves, describer, popularity)
    assert groups.groups[0].meaning.items == (3, 0, 1, 2, 4), "15 is popular, but not near the centre"
    assert groups.groups[1].meaning.items == (22, 20, 21, 23, 24)
    assert groups.groups[0].name == "like Title 3 and Title 0"
    assert groups.groups[0].cohesion == pytest.approx(float(halves.closeness[:20].mean()), abs=1e-6)


def test_equal_names_are_numbered(halves: Clustering) -> None:
    catalog = Catalog.from_items([Item(f"i{num}", "Same") for num in range(N)])
    describer = Describer(catalog, Lexicon.from_catalog(catalog), np.ones(N))
    names = [one.name for one in label_groups.of_items(halves, describer, np.zeros(N)).groups]
    assert names == ["like Same and Same", "like Same and Same (2)"]


def test_users_are_described_by_what_they_have_more_than_all(halves: Clustering, describer: Describer) -> None:
    clusters = label_groups.of_items(halves, describer, np.zeros(N))
    used = np.zeros((4, N), dtype=np.float32)
    used[:2, [0, 1, 2, 30]] = 1
    used[2:, [20, 21, 30, 39]] = 1
    users = Clustering(np.array([0, 0, 1, 1], dtype=np.int32), np.ones(4, dtype=np.float32), None)
    described = Describer(describer.catalog, describer.lexicon, used.sum(axis=0, dtype=np.float64))
    first, second = label_groups.of_users(users, sparse.csr_array(used), clusters, described).groups
    assert first.meaning.items[:3] == (0, 1, 2)
    assert second.meaning.items[:3] == (20, 21, 39)
    assert first.affinities == (Affinity(0, 0.75, 0.375),)
    assert second.affinities == (Affinity(1, 0.75, 0.5),)
