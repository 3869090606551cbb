"""Examples worked by hand, and a second implementation in plain Python as the oracle."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from recsys import metrics
from recsys.errors import QueryError

N_ITEMS = 12
LISTS = st.lists(st.integers(0, N_ITEMS - 1), unique=True, min_size=1, max_size=6)
RELEVANT = st.sets(st.integers(0, N_ITEMS - 1), min_size=1)


def lists(*rows: list[int]) -> np.ndarray:
    width = max(len(row) for row in rows)
    return np.array([row + [metrics.NO_ITEM] * (width - len(row)) for row in rows], np.int32)


def relevant(*rows: set[int]) -> sparse.csr_matrix:
    dense = np.zeros((len(rows), N_ITEMS), np.float32)
    for user, items in enumerate(rows):
        dense[user, sorted(items)] = 0.5
    return sparse.csr_matrix(dense)


def ideal_and_gain(ranked: list[int], wanted: set[int], k: int) -> tuple[float, float]:
    gain = sum(1 / math.log2(rank + 1) for rank, item in enumerate(ranked, 1) if item in wanted)
    return sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(wanted)) + 1)), gain


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(LISTS, RELEVANT), min_size=1, max_size=6))
def test_every_metric_agrees_with_plain_python(users: list[tuple[list[int], set[int]]]) -> None:
    ranked = lists(*(row for row, _ in users))
    k = ranked.shape[1]
    hits = metrics.hits(ranked, relevant(*(wanted for _, wanted in users)))
    n_relevant = np.array([len(wanted) for _, wanted in users])
    found = zip(
        metrics.precision_at_k(hits),
        metrics.recall_at_k(hits, n_relevant),
        metrics.hit_rate_at_k(hits),
        metrics.mrr(hits),
        metrics.ndcg_at_k(hits, n_relevant),
        strict=True,
    )
    for (row, wanted), figures in zip(users, found, strict=True):
        common = len(set(row) & wanted)
        first = next((rank for rank, item in enumerate(row, 1) if item in wanted), math.inf)
        ideal, gain = ideal_and_gain(row, wanted, k)
        oracle = (common / k, common / len(wanted), float(common > 0), 1 / first, gain / ideal)
        assert figures == pytest.approx(oracle)
    coverage = len({item for row, _ in users for item in row}) / N_ITEMS
    assert metrics.catalog_coverage(ranked, N_ITEMS) == pytest.approx(coverage)


def test_by_hand() -> None:
    # user 0 wants 3 and 7, gets 5, 3, 1: one hit at rank 2; user 1 wants 2, gets 2 first; user 2 wants 9, gets nothing
    hits = metrics.hits(lists([5, 3, 1], [2, 0, 4], [0, 1, 2]), relevant({3, 7}, {2}, {9}))
    n_relevant = np.array([2, 1, 1])
    assert hits.tolist() == [[False, True, False], [True, False, False], [False, False, False]]
    assert metrics.precision_at_k(hits).tolist() == pytest.approx([1 / 3, 1 / 3, 0])
    assert metrics.recall_at_k(hits, n_relevant).tolist() == [0.5, 1, 0]
    assert metrics.hit_rate_at_k(hits).tolist() == [1, 1, 0]
    assert metrics.mrr(hits).tolist() == [0.5, 1, 0]
    # user 0: gain 1 / log2(3) = 0.6309, ideal 1 + 0.6309 = 1.6309
    assert metrics.ndcg_at_k(hits, n_relevant).tolist() == pytest.approx([0.38685, 1, 0], abs=1e-5)
    # 0, 1, 2, 3, 4, 5 of 12
    assert metrics.catalog_coverage(lists([5, 3, 1], [2, 0, 4], [0, 1, 2]), N_ITEMS) == 0.5


def test_a_perfect_list_scores_one_even_when_more_is_relevant_than_fits() -> None:
    hits = metrics.hits(lists([0, 1, 2]), relevant({0, 1, 2, 3, 4, 5}))
    assert metrics.ndcg_at_k(hits, np.array([6])).tolist() == pytest.approx([1])
    assert metrics.precision_at_k(hits).tolist() == [1]
    assert metrics.recall_at_k(hits, np.array([6])).tolist() == [0.5]


def test_an_earlier_hit_is_worth_more() -> None:
    hits = metrics.hits(lists([0, 5, 6], [5, 0, 6], [5, 6, 0]), relevant({0}, {0}, {0}))
    # ranks 1, 2, 3: 1, 1 / log2(3), 1 / log2(4)
    assert metrics.ndcg_at_k(hits, np.ones(3, np.int64)).tolist() == pytest.approx([1, 0.63093, 0.5], abs=1e-5)
    assert metrics.mrr(hits).tolist() == pytest.approx([1, 1 / 2, 1 / 3])


def test_missing_places_are_never_hits_and_cover_nothing() -> None:
    ranked = lists([3], [1, 2, 3], [])
    assert ranked.shape == (3, 3)
    hits = metrics.hits(ranked, relevant({0, 11}, {0}, {0, 11}))  # -1 is neither item 0 nor the last item
    assert not hits.any()
    assert metrics.catalog_coverage(ranked, N_ITEMS) == pytest.approx(3 / 12)
    assert metrics.catalog_coverage(np.full((2, 3), metrics.NO_ITEM, np.int32), N_ITEMS) == 0


def test_an_item_that_stands_twice_is_refused() -> None:
    with pytest.raises(QueryError, match="metrics: an item stands twice in a list"):
        metrics.hits(lists([1, 2, 3], [4, 5, 4]), relevant({1}, {4}))


def test_the_same_item_in_two_lists_is_no_repetition() -> None:
    assert metrics.hits(lists([1, 2], [2, 1]), relevant({1}, {1})).tolist() == [[True, False], [False, True]]


def test_the_interval_holds_the_mean_and_has_the_width_of_the_theory() -> None:
    values = np.random.default_rng(0).normal(3, 2, 400)
    low, high = metrics.bootstrap_interval(values, 1, rounds=4000)
    error = 1.96 * float(values.std()) / math.sqrt(400)  # by the central limit theorem
    assert (low, high) == pytest.approx((values.mean() - error, values.mean() + error), abs=0.15 * error)


def test_the_interval_is_that_of_the_seed() -> None:
    values = np.random.default_rng(0).random(50)
    assert metrics.bootstrap_interval(values, 1) == metrics.bootstrap_interval(values, 1)
    assert metrics.bootstrap_interval(values, 1) != metrics.bootstrap_interval(values, 2)


def test_equal_values_have_an_interval_without_width() -> None:
    assert metrics.bootstrap_interval(np.full(20, 0.25), 0) == (0.25, 0.25)
