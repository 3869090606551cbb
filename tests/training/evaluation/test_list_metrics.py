"""What lists are like together: examples worked by hand, and computations by loops as the oracle."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import factories
from tests.training.evaluation.test_ranking_metrics import LISTS, N_ITEMS, lists
from training.evaluation import list_metrics
from training.evaluation.ranking_metrics import NO_ITEM

EMPTY = np.full((2, 3), NO_ITEM, np.int32)
MANY = st.lists(LISTS, min_size=1, max_size=6)
COUNTS = st.lists(st.integers(0, 4), min_size=N_ITEMS, max_size=N_ITEMS)


def test_coverage_by_hand() -> None:
    # 0, 1, 2, 3, 4, 5 of 12
    assert list_metrics.catalog_coverage(lists([5, 3, 1], [2, 0, 4], [0, 1, 2]), N_ITEMS) == 0.5
    assert list_metrics.catalog_coverage(lists([3], [1, 2, 3], []), N_ITEMS) == pytest.approx(3 / 12)
    assert list_metrics.catalog_coverage(EMPTY, N_ITEMS) == 0


def test_novelty_by_hand() -> None:
    # of 8 users: item 0 has all (0 bits), item 1 has 4 (1 bit), item 2 has 1 (3 bits), item 3 is cold (as if 1: 3 bits)
    counts = np.array([8, 4, 1, 0])
    # lists: (0 + 1) / 2 = 0.5; 3; the empty one does not count; their mean is 1.75
    assert list_metrics.novelty(lists([0, 1], [3], []), counts, 8) == pytest.approx(1.75)
    assert list_metrics.novelty(lists([2]), counts, 8) == 3
    assert list_metrics.novelty(EMPTY, counts, 8) is None


def test_diversity_by_hand() -> None:
    # the directions 0, 60 and 180 degrees; item 3 is unknown; item 4 is item 0 with another length
    vectors = np.array([[1, 0], [0.5, math.sqrt(3) / 2], [-2, 0], [0, 0], [7, 0]], np.float32)
    # 1 - cos: 0-1 1/2, 0-2 2, 1-2 3/2: mean 4/3
    assert list_metrics.intra_list_diversity(lists([0, 1, 2]), vectors) == pytest.approx(4 / 3)
    # the unknown item and the empty place are left out
    assert list_metrics.intra_list_diversity(lists([0, 3, 2, 1], [0, 2]), vectors) == pytest.approx((4 / 3 + 2) / 2)
    assert list_metrics.intra_list_diversity(lists([0, 4]), vectors) == pytest.approx(0, abs=1e-6)


def test_diversity_needs_two_known_items_in_a_list() -> None:
    vectors = np.array([[1, 0], [0, 0], [0, 1]], np.float32)
    assert list_metrics.intra_list_diversity(lists([0], [2], [0, 1]), vectors) is None
    assert list_metrics.intra_list_diversity(EMPTY, vectors) is None
    assert list_metrics.intra_list_diversity(lists([0, 1, 2]), np.zeros((3, 0), np.float32)) is None


@given(MANY, st.integers(0, 50))
def test_diversity_agrees_with_a_loop_over_pairs(rows: list[list[int]], seed: int) -> None:
    vectors = factories.random_vectors(N_ITEMS, 3, seed)
    vectors[0] = 0
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    means = []
    for row in rows:
        pairs = [1 - float(unit[a] @ unit[b]) for a, b in combinations([item for item in row if item], 2)]
        means += [sum(pairs) / len(pairs)] if pairs else []
    found = list_metrics.intra_list_diversity(lists(*rows), vectors)
    assert found == (pytest.approx(sum(means) / len(means), abs=1e-5) if means else None)


def test_popularity_rank_by_hand() -> None:
    # counts 5, 9, 5, 0: item 1 is first, 0 and 2 share (2 + 3) / 2, item 3 is fourth
    counts = np.array([5, 9, 5, 0])
    assert list_metrics.mean_popularity_rank(lists([1]), counts) == 1
    assert list_metrics.mean_popularity_rank(lists([1, 0], [2, 3], [1]), counts) == pytest.approx(
        (1 + 2.5 + 2.5 + 4 + 1) / 5
    )
    assert list_metrics.mean_popularity_rank(EMPTY, counts) is None


def test_gini_by_hand() -> None:
    assert list_metrics.exposure_gini(lists([0, 1], [2, 3]), 4) == 0  # all alike
    assert list_metrics.exposure_gini(lists([2], [2], [2]), 4) == 1 - 1 / 4  # one has all
    # exposures 0, 0, 1, 3 rising: (-3 * 0 - 1 * 0 + 1 * 1 + 3 * 3) / (4 * 4)
    assert list_metrics.exposure_gini(lists([0, 1], [0], [0]), 4) == pytest.approx(10 / 16)
    assert list_metrics.exposure_gini(EMPTY, 4) is None


@given(MANY)
def test_gini_is_half_the_mean_difference_over_the_mean(rows: list[list[int]]) -> None:
    exposure = [sum(row.count(item) for row in rows) for item in range(N_ITEMS)]
    differences = sum(abs(one - other) for one in exposure for other in exposure)
    found = list_metrics.exposure_gini(lists(*rows), N_ITEMS)
    assert found == pytest.approx(differences / (2 * N_ITEMS * sum(exposure)))


def test_tenths_by_hand() -> None:
    # twenty items, item i with i interactions: two a tenth, 0 and 1 at the tail, 18 and 19 at the head
    counts = np.arange(20)
    shares = list_metrics.share_by_tenth(np.array([0, 1, 19, 19, 17, 2, 19, 18], np.int32), counts)
    assert shares == (0.25, 0.125, 0, 0, 0, 0, 0, 0, 0.125, 0.5)


def test_cold_items_are_in_the_tail_and_small_catalogs_leave_tenths_empty() -> None:
    counts = np.array([0, 3, 0, 7, 5])
    # from the tail: 2, 0 (cold; the lower number nearer to the head), 1, 4, 3 in the tenths 0, 2, 4, 6, 8
    shares = [list_metrics.share_by_tenth(np.array([item], np.int32), counts).index(1) for item in range(5)]
    assert shares == [2, 4, 0, 8, 6]
    assert list_metrics.share_by_tenth(np.empty(0, np.int32), counts) == (0.0,) * 10


@given(MANY, COUNTS, st.permutations(range(N_ITEMS)))
def test_figures_of_lists_are_bounded_and_know_no_names(
    rows: list[list[int]], counts: list[int], names: list[int]
) -> None:
    inverse = np.argsort(names)
    found, vectors = figures(lists(*rows), np.array(counts)), factories.random_vectors(N_ITEMS, 3)
    renamed = lists(*([names[item] for item in row] for row in rows))
    assert figures(renamed, np.array(counts)[inverse]) == pytest.approx(found)
    diversity = list_metrics.intra_list_diversity(lists(*rows), vectors)
    assert list_metrics.intra_list_diversity(renamed, vectors[inverse]) == (
        None if diversity is None else pytest.approx(diversity, abs=1e-6)
    )
    coverage, novelty, rank, gini = found
    assert 0 < coverage <= 1
    assert 0 <= novelty <= math.log2(4)
    assert 1 <= rank <= N_ITEMS
    assert 0 <= gini <= 1 - 1 / N_ITEMS
    shares = list_metrics.share_by_tenth(lists(*rows)[lists(*rows) != NO_ITEM], np.array(counts))
    assert sum(shares) == pytest.approx(1)
    assert min(shares) >= 0


def figures(ranked: np.ndarray, counts: np.ndarray) -> list[float]:
    """Coverage, novelty of 4 users, mean rank and Gini; each has a value."""
    found = [
        list_metrics.catalog_coverage(ranked, N_ITEMS),
        list_metrics.novelty(ranked, counts, 4),
        list_metrics.mean_popularity_rank(ranked, counts),
        list_metrics.exposure_gini(ranked, N_ITEMS),
    ]
    return [float(value) for value in found if value is not None]
