"""Groups of vectors with a known truth."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from recsys.model.extras.groups import NO_GROUP
from training.explore import clustering
from training.explore.clustering import Quality, cluster


def blobs(
    n: int, n_groups: int, dim: int = 8, noise: float = 0.25, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Vectors about a few directions, and which one each is about; the first groups have more."""
    random = np.random.default_rng(seed)
    centres = np.linalg.qr(random.normal(size=(dim, dim)))[0][:n_groups]
    truth = np.sort(random.integers(0, n_groups, n) % n_groups)
    vectors = centres[truth] + noise * random.normal(size=(n, dim)) / np.sqrt(dim)
    return (vectors * random.uniform(0.5, 3, size=(n, 1))).astype(np.float32), truth


@pytest.mark.parametrize("n_groups", [2, 4, 6])
def test_groups_that_are_there_are_found(n_groups: int) -> None:
    vectors, truth = blobs(300, n_groups)
    found = cluster(vectors, n_groups, 0)
    assert adjusted_rand_score(truth, found.labels) > 0.98
    assert found.quality is not None
    assert found.quality.silhouette > 0.5
    assert found.quality.stability > 0.95


@pytest.mark.parametrize("n_groups", [3, 4, 6])
def test_auto_finds_how_many_there_are(n_groups: int) -> None:
    vectors, truth = blobs(400, n_groups)
    found = cluster(vectors, "auto", 0)
    assert found.n_groups == n_groups
    assert adjusted_rand_score(truth, found.labels) > 0.98
    assert found.quality in found.tried


def test_noise_alone_makes_few_groups_and_is_told_by_their_quality() -> None:
    found = cluster(np.random.default_rng(0).normal(size=(500, 16)).astype(np.float32), "auto", 0)
    assert found.quality is not None
    assert found.quality.silhouette < 0.1
    assert found.quality.stability < 0.5


def test_the_largest_group_is_the_first_and_none_is_empty() -> None:
    vectors, _ = blobs(300, 5, seed=3)
    sizes = np.bincount(cluster(vectors, 5, 0).labels)
    assert sizes.tolist() == sorted(sizes.tolist(), reverse=True)
    assert sizes.min() > 0


def test_the_same_again() -> None:
    vectors, _ = blobs(300, 4, noise=1.0)
    first, second = (cluster(vectors, "auto", 7) for _ in range(2))
    assert np.array_equal(first.labels, second.labels)
    assert np.array_equal(first.closeness, second.closeness)
    assert first.tried == second.tried


def test_what_is_not_known_is_in_no_group() -> None:
    vectors, _ = blobs(100, 2)
    vectors[::10] = 0
    found = cluster(vectors, 2, 0)
    assert np.array_equal(np.flatnonzero(found.labels == NO_GROUP), np.arange(0, 100, 10))
    assert not found.closeness[::10].any()


@pytest.mark.parametrize("wanted", ["auto", 5])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 12])
def test_however_few_there_are(n: int, wanted: int) -> None:
    vectors = np.eye(16, dtype=np.float32)[:n]
    found = cluster(vectors, wanted, 0)
    assert len(found.labels) == n
    assert found.n_groups <= max(1, n // 2)
    assert not n or found.labels.min() == 0


def test_equal_vectors_are_one_group() -> None:
    found = cluster(np.ones((50, 4), dtype=np.float32), "auto", 0)
    assert found.n_groups == 1
    assert np.allclose(found.closeness, 1)


def test_vectors_outside_of_the_sample_go_to_the_nearest_centre(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clustering, "SAMPLE", 100)
    monkeypatch.setattr(clustering, "BLOCK", 64)
    vectors, truth = blobs(1000, 4)
    found = cluster(vectors, 4, 0)
    assert adjusted_rand_score(truth, found.labels) > 0.98


def test_of_the_stable_counts_the_one_with_the_largest_silhouette_is_taken() -> None:
    stable = [Quality(2, 0.3, 0.9), Quality(3, 0.2, 0.7), Quality(4, 0.4, 0.3), Quality(6, 0.3, 0.61)]
    assert clustering._chosen(stable) == stable[0]
    assert clustering._chosen(stable[1:]) == stable[3]
    shaky = [Quality(2, 0.3, 0.2), Quality(3, 0.2, 0.4), Quality(4, 0.4, 0.4)]
    assert clustering._chosen(shaky) == shaky[1]
    assert clustering._chosen([]) is None
