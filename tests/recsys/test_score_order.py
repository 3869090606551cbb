"""Scores as they are shown and the order that they give, beside plain sorts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.score_order import (
    LEAST,
    RELATIVE,
    UNIT,
    best_places,
    contenders,
    displayed,
    falling,
    floor,
    floors,
    marked,
    padded_rows,
    rounded,
    shown,
    significant,
)

SCORES = st.lists(st.integers(-(10**7), 10**7).map(lambda n: n / 10**7), min_size=1, max_size=40)


def test_zero_has_no_sign() -> None:
    assert not np.signbit(shown(np.array([-1e-9, -0.0]))).any()
    assert str(displayed(-1e-9)) == "0.0"


@pytest.mark.parametrize("size", [1e-3, 1.0, 15.0, 1e3, 1e6])
def test_what_is_shown_is_written_as_it_is_kept(size: float) -> None:
    """Numbers that are written alike are kept alike, so that equal ones are seen to be equal; and they stay in their order."""
    kept = np.unique(shown(size * np.random.default_rng(0).random(2000)))
    written = [displayed(one) for one in kept.tolist()]
    assert len(set(written)) == len(kept)
    assert written == sorted(written)


def test_noise_in_the_last_bits_changes_neither_order_nor_what_is_shown() -> None:
    random = np.random.default_rng(1)
    scores = np.tile(random.integers(0, 50, 100) / 7, 4)
    noisy = scores + random.normal(0, 1e-14, len(scores))
    assert shown(noisy).tolist() == shown(scores).tolist()
    assert (
        falling(noisy).tolist() == falling(scores).tolist() == sorted(range(400), key=lambda num: (-scores[num], num))
    )


@given(SCORES, st.data())
def test_equal_scores_stand_in_the_order_of_their_numbers(scores: list[float], data: st.DataObject) -> None:
    nums = np.array(data.draw(st.permutations(range(len(scores)))))
    order = falling(np.array(scores), nums)
    expected = sorted(range(len(scores)), key=lambda place: (-rounded(np.array(scores))[place], nums[place]))
    assert order.tolist() == expected


@given(SCORES, st.integers(1, 45), st.floats(0, 1e-4), st.integers(0, 2**32 - 1))
def test_the_best_are_among_the_contenders_of_scores_that_are_off(
    scores: list[float], k: int, off: float, seed: int
) -> None:
    exact = np.array(scores)
    rough = exact + np.random.default_rng(seed).uniform(-off, off, len(exact))
    assert set(falling(exact)[:k].tolist()) <= set(contenders(rough, k, 2 * off).tolist())


@given(st.integers(1, 6), st.integers(1, 30), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_the_best_of_each_row_are_those_of_the_row_alone(n: int, m: int, k: int, seed: int) -> None:
    scores = np.random.default_rng(seed).integers(-3, 3, (n, m)) / 7
    scores[0, : m // 2] = -np.inf
    k = min(k, m)
    expected = [falling(row)[:k].tolist() for row in scores]
    assert best_places(scores, k).tolist() == expected
    assert [np.flatnonzero(row).tolist() for row in marked(scores, k)] == [sorted(row) for row in expected]


def test_floors_of_many_rows_are_those_of_each() -> None:
    scores, slack = np.random.default_rng(0).normal(size=(6, 50)).astype(np.float32), np.linspace(0, 1e-3, 6)
    found = floors(np.partition(scores, -9, axis=1)[:, -9], slack)
    assert found.tolist() == pytest.approx(
        [floor(row, 9, off) for row, off in zip(scores, slack, strict=True)], rel=1e-7
    )
    assert floors(np.array([-np.inf], np.float32), np.zeros(1)).tolist() == [LEAST]


def test_rows_of_different_lengths_are_padded() -> None:
    padded = padded_rows(np.array([0, 0, 2]), np.array([3.0, 1.0, 2.0]), 4, -1.0)
    assert padded.tolist() == [[3, 1], [-1, -1], [2, -1], [-1, -1]]
    assert padded_rows(np.empty(0, np.int64), np.empty(0), 2, 0.0).shape == (2, 0)


def test_what_does_not_reach_the_last_one_is_no_contender() -> None:
    scores = np.array([3.0, 2.0, 2.0 - UNIT / 2, 2.0 - UNIT - 3 * RELATIVE, 1.0])
    assert contenders(scores, 2).tolist() == [0, 1, 2]
    assert floor(scores, 5) == pytest.approx(1.0, abs=2e-6)
    assert contenders(np.array([1.0, -np.inf, -np.inf]), 2).tolist() == [0, 1, 2]


def test_a_small_chance_keeps_its_digits() -> None:
    assert significant(1.23456789e-30) == 1.23457e-30
    assert significant(0.0) == 0.0
