"""Examples worked by hand, and a second implementation in plain Python as the oracle."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recsys.errors import QueryError
from training.evaluation import ranking_metrics

N_ITEMS = 12
LISTS = st.lists(st.integers(0, N_ITEMS - 1), unique=True, min_size=1, max_size=6)
RELEVANT = st.sets(st.integers(0, N_ITEMS - 1), min_size=1)


def lists(*rows: list[int]) -> np.ndarray:
    width = max(len(row) for row in rows)
    return np.array([row + [ranking_metrics.NO_ITEM] * (width - len(row)) for row in rows], np.int32)


def relevant(*rows: set[int]) -> sparse.csr_matrix:
    dense = np.zeros((len(rows), N_ITEMS), np.float32)
    for user, items in enumerate(rows):
        dense[user, sorted(items)] = 0.5
    return sparse.csr_matrix(dense)


def ideal_and_gain(ranked: list[int], wanted: set[int], k: int) -> tuple[float, float]:
    gain = sum(1 / math.log2(rank + 1) for rank, item in enumerate(ranked, 1) if item in wanted)
    return sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(wanted)) + 1)), gain


def all_of(users: list[tuple[list[int], set[int]]]) -> np.ndarray:
    """Seven metrics of each user, (7, n_users)."""
    hits = ranking_metrics.hits(lists(*(row for row, _ in users)), relevant(*(wanted for _, wanted in users)))
    n_relevant = np.array([len(wanted) for _, wanted in users])
    by_count = (
        ranking_metrics.recall_at_k,
        ranking_metrics.ndcg_at_k,
        ranking_metrics.ndcg_full_at_k,
        ranking_metrics.average_precision_at_k,
    )
    return np.array(
        [
            *(of(hits) for of in (ranking_metrics.precision_at_k, ranking_metrics.hit_rate_at_k, ranking_metrics.mrr)),
            *(of(hits, n_relevant) for of in by_count),
        ]
    )


@given(st.lists(st.tuples(LISTS, RELEVANT), min_size=1, max_size=6))
def test_every_metric_agrees_with_plain_python(users: list[tuple[list[int], set[int]]]) -> None:
    ranked = lists(*(row for row, _ in users))
    k = ranked.shape[1]
    hits = ranking_metrics.hits(ranked, relevant(*(wanted for _, wanted in users)))
    n_relevant = np.array([len(wanted) for _, wanted in users])
    found = zip(
        ranking_metrics.precision_at_k(hits),
        ranking_metrics.recall_at_k(hits, n_relevant),
        ranking_metrics.hit_rate_at_k(hits),
        ranking_metrics.mrr(hits),
        ranking_metrics.ndcg_at_k(hits, n_relevant),
        ranking_metrics.ndcg_full_at_k(hits, n_relevant),
        ranking_metrics.average_precision_at_k(hits, n_relevant),
        strict=True,
    )
    for (row, wanted), figures in zip(users, found, strict=True):
        common = len(set(row) & wanted)
        first = next((rank for rank, item in enumerate(row, 1) if item in wanted), math.inf)
        ideal, gain = ideal_and_gain(row, wanted, k)
        full, _ = ideal_and_gain(row, wanted, N_ITEMS)
        precisions = [len(set(row[:rank]) & wanted) / rank for rank, item in enumerate(row, 1) if item in wanted]
        average = sum(precisions) / min(k, len(wanted))
        oracle = (common / k, common / len(wanted), float(common > 0), 1 / first, gain / ideal, gain / full, average)
        assert figures == pytest.approx(oracle)


@given(st.lists(st.tuples(LISTS, RELEVANT), min_size=1, max_size=6), st.permutations(range(N_ITEMS)), st.randoms())
def test_metrics_are_within_bounds_and_know_neither_names_nor_order(
    users: list[tuple[list[int], set[int]]], names: list[int], chance: random.Random
) -> None:
    before = all_of(users)
    assert ((before >= 0) & (before <= 1 + 1e-12)).all()
    renamed = all_of([([names[item] for item in row], {names[item] for item in wanted}) for row, wanted in users])
    assert renamed.tolist() == before.tolist()
    order = list(range(len(users)))
    chance.shuffle(order)
    assert all_of([users[user] for user in order]).tolist() == before[:, order].tolist()


def test_by_hand() -> None:
    # user 0 wants 3 and 7, gets 5, 3, 1: one hit at rank 2; user 1 wants 2, gets 2 first; user 2 wants 9, gets nothing
    hits = ranking_metrics.hits(lists([5, 3, 1], [2, 0, 4], [0, 1, 2]), relevant({3, 7}, {2}, {9}))
    n_relevant = np.array([2, 1, 1])
    assert hits.tolist() == [[False, True, False], [True, False, False], [False, False, False]]
    assert ranking_metrics.precision_at_k(hits).tolist() == pytest.approx([1 / 3, 1 / 3, 0])
    assert ranking_metrics.recall_at_k(hits, n_relevant).tolist() == [0.5, 1, 0]
    assert ranking_metrics.hit_rate_at_k(hits).tolist() == [1, 1, 0]
    assert ranking_metrics.mrr(hits).tolist() == [0.5, 1, 0]
    # user 0: gain 1 / log2(3) = 0.6309, ideal 1 + 0.6309 = 1.6309
    assert ranking_metrics.ndcg_at_k(hits, n_relevant).tolist() == pytest.approx([0.38685, 1, 0], abs=1e-5)
    # the same: both ideals are of two hits at most
    assert ranking_metrics.ndcg_full_at_k(hits, n_relevant).tolist() == pytest.approx([0.38685, 1, 0], abs=1e-5)
    # user 0: precision 1/2 at its hit, of min(3, 2) = 2
    assert ranking_metrics.average_precision_at_k(hits, n_relevant).tolist() == pytest.approx([0.25, 1, 0])


def test_average_precision_by_hand() -> None:
    # hits at ranks 1, 3 and 4 of 5, of 7 relevant: (1/1 + 2/3 + 3/4) / min(5, 7) = 2.41667 / 5
    hits = ranking_metrics.hits(lists([0, 9, 1, 2, 8]), relevant({0, 1, 2, 3, 4, 5, 6}))
    assert ranking_metrics.average_precision_at_k(hits, np.array([7])).tolist() == pytest.approx([0.483333], abs=1e-6)


def test_the_full_ideal_holds_what_does_not_fit() -> None:
    # a hit at rank 1 of 2, of 3 relevant: 1 / (1 + 0.63093) when cut, 1 / (1 + 0.63093 + 0.5) in full
    hits = ranking_metrics.hits(lists([0, 9]), relevant({0, 1, 2}))
    assert ranking_metrics.ndcg_at_k(hits, np.array([3])).tolist() == pytest.approx([0.613147], abs=1e-6)
    assert ranking_metrics.ndcg_full_at_k(hits, np.array([3])).tolist() == pytest.approx([0.469279], abs=1e-6)


def test_a_perfect_list_scores_one_even_when_more_is_relevant_than_fits() -> None:
    hits = ranking_metrics.hits(lists([0, 1, 2]), relevant({0, 1, 2, 3, 4, 5}))
    assert ranking_metrics.ndcg_at_k(hits, np.array([6])).tolist() == pytest.approx([1])
    assert ranking_metrics.average_precision_at_k(hits, np.array([6])).tolist() == pytest.approx([1])
    assert ranking_metrics.precision_at_k(hits).tolist() == [1]
    assert ranking_metrics.recall_at_k(hits, np.array([6])).tolist() == [0.5]


def test_an_earlier_hit_is_worth_more() -> None:
    hits = ranking_metrics.hits(lists([0, 5, 6], [5, 0, 6], [5, 6, 0]), relevant({0}, {0}, {0}))
    # ranks 1, 2, 3: 1, 1 / log2(3), 1 / log2(4)
    assert ranking_metrics.ndcg_at_k(hits, np.ones(3, np.int64)).tolist() == pytest.approx([1, 0.63093, 0.5], abs=1e-5)
    assert ranking_metrics.mrr(hits).tolist() == pytest.approx([1, 1 / 2, 1 / 3])


def test_missing_places_are_never_hits_and_cover_nothing() -> None:
    ranked = lists([3], [1, 2, 3], [])
    assert ranked.shape == (3, 3)
    hits = ranking_metrics.hits(ranked, relevant({0, 11}, {0}, {0, 11}))  # -1 is neither item 0 nor the last item
    assert not hits.any()


def test_a_stored_zero_is_not_relevant_and_nothing_may_be() -> None:
    stored = sparse.csr_matrix((np.zeros(1, np.float32), ([0], [3])), shape=(1, N_ITEMS))
    assert ranking_metrics.hits(lists([3, 4]), stored).tolist() == [[False, False]]
    assert ranking_metrics.hits(lists([0, 11]), sparse.csr_matrix((1, N_ITEMS))).tolist() == [[False, False]]


def test_columns_that_are_not_sorted_are_found() -> None:
    unsorted = sparse.csr_matrix((np.ones(3, np.float32), np.array([7, 2, 5]), np.array([0, 3])), shape=(1, N_ITEMS))
    assert ranking_metrics.hits(lists([2, 6, 7, 5]), unsorted).tolist() == [[True, False, True, True]]


def test_an_item_that_stands_twice_is_refused() -> None:
    with pytest.raises(QueryError, match="metrics: a list has an item twice"):
        ranking_metrics.hits(lists([1, 2, 3], [4, 5, 4]), relevant({1}, {4}))


def test_the_same_item_in_two_lists_is_no_repetition() -> None:
    assert ranking_metrics.hits(lists([1, 2], [2, 1]), relevant({1}, {1})).tolist() == [[True, False], [False, True]]


def interval(values: ranking_metrics.PerUser, random_state: int, rounds: int = 1000) -> tuple[float, float]:
    """The interval of one metric."""
    low, high = ranking_metrics.bootstrap_intervals(values[:, None], random_state, rounds)
    return float(low[0]), float(high[0])


def test_the_interval_holds_the_mean_and_has_the_width_of_the_theory() -> None:
    values = np.random.default_rng(0).normal(3, 2, 400)
    low, high = interval(values, 1, rounds=4000)
    error = 1.96 * float(values.std()) / math.sqrt(400)  # by the central limit theorem
    assert (low, high) == pytest.approx((values.mean() - error, values.mean() + error), abs=0.15 * error)


def test_the_interval_is_that_of_the_seed() -> None:
    values = np.random.default_rng(0).random(50)
    assert interval(values, 1) == interval(values, 1)
    assert interval(values, 1) != interval(values, 2)


def test_equal_values_have_an_interval_without_width() -> None:
    assert interval(np.full(20, 0.25), 0) == (0.25, 0.25)


def test_intervals_of_several_metrics_are_those_of_each() -> None:
    values = np.random.default_rng(0).random((700, 3))
    low, high = ranking_metrics.bootstrap_intervals(values, 5)
    for column in range(3):
        assert interval(values[:, column], 5) == pytest.approx((low[column], high[column]))


def test_an_interval_over_more_users_than_are_drawn_at_once() -> None:
    n = ranking_metrics.MOST_DRAWS + 1
    values = (np.arange(n) % 4 == 0).astype(np.float64)
    low, high = interval(values, 0, rounds=200)
    error = 1.96 * math.sqrt(0.25 * 0.75 / n)
    assert (low, high) == pytest.approx((0.25 - error, 0.25 + error), abs=0.4 * error)


@pytest.mark.parametrize("value", [0.1, 1 / 3, 0.7])
def test_equal_values_that_round_have_an_interval_without_width(value: float) -> None:
    assert interval(np.full(37, value), 0) == (value, value)


def test_leave_one_out_by_hand() -> None:
    # 0.5 is beaten by 0.9 and tied by 0.5: rank 3; 0.9 is the best: rank 1; 0.1 is beaten by all: rank 4
    ranks = ranking_metrics.leave_one_out_ranks(
        np.array([0.5, 0.9, 0.1]), np.array([[0.9, 0.5, 0.1], [0.8, 0.1, 0.2], [0.2, 0.3, 0.4]])
    )
    assert ranks.tolist() == [3, 1, 4]
    assert ranking_metrics.leave_one_out_hit_rate(ranks, 3).tolist() == [1, 1, 0]
    # 1 / log2(3 + 1) and 1 / log2(1 + 1)
    assert ranking_metrics.leave_one_out_ndcg(ranks, 3).tolist() == [0.5, 1, 0]


def test_what_is_no_number_is_no_success() -> None:
    nan = float("nan")
    assert ranking_metrics.leave_one_out_ranks(np.array([1.0, nan]), np.array([[nan, 0.0], [0.0, 1.0]])).tolist() == [
        2,
        3,
    ]
    same = ranking_metrics.leave_one_out_ranks(np.zeros(4), np.zeros((4, 99)))
    assert same.tolist() == [100] * 4  # a model that tells nothing apart is last everywhere


@given(st.lists(st.integers(0, 5), min_size=1, max_size=9), st.integers(0, 5), st.integers(1, 10))
def test_leave_one_out_agrees_with_the_published_definition(negatives: list[int], positive: int, k: int) -> None:
    ranks = ranking_metrics.leave_one_out_ranks(np.array([positive], float), np.array([negatives], float))
    before = sum(score >= positive for score in negatives)
    assert ranking_metrics.leave_one_out_hit_rate(ranks, k)[0] == (before < k)
    assert ranking_metrics.leave_one_out_ndcg(ranks, k)[0] == pytest.approx(
        1 / math.log2(before + 2) if before < k else 0
    )
