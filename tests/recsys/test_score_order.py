"""Scores as they are shown and the order that they give, beside plain sorts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.score_order import (
    RELATIVE,
    UNIT,
    best_places,
    cells_of_contenders,
    contenders,
    displayed,
    falling,
    floor,
    marked,
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


@pytest.mark.parametrize("k", [1, 3, 40, 700, 2000])
@pytest.mark.parametrize("m", [7, 639, 1500])
def test_contenders_of_many_rows_hold_those_of_each_row_and_few_more(m: int, k: int) -> None:
    """Also in rows with many equal scores, and in rows with fewer finite scores than places."""
    random = np.random.default_rng(m + k)
    scores = random.normal(size=(6, m)).astype(np.float32)
    scores[2] = np.rint(scores[2])
    scores[3, 5:] = -np.inf
    scores[4] = -np.inf
    scores[5, random.permutation(m)[: m // 2]] = -np.inf
    scores[0, -1] = 9.0  # behind the last whole group
    slack = np.full(6, 1e-4)
    cells = cells_of_contenders(scores, k, slack)
    assert cells.tolist() == sorted(set(cells.tolist()))
    for row in range(6):
        found = cells[cells // m == row] % m
        wanted = [place for place in contenders(scores[row], k, 1e-4).tolist() if np.isfinite(scores[row, place])]
        assert set(wanted) <= set(found.tolist())
        assert bool(np.isfinite(scores[row, found]).all())
        if k <= 3 and row < 2:
            assert len(found) <= 3 * k


def test_what_does_not_reach_the_last_one_is_no_contender() -> None:
    scores = np.array([3.0, 2.0, 2.0 - UNIT / 2, 2.0 - UNIT - 3 * RELATIVE, 1.0])
    assert contenders(scores, 2).tolist() == [0, 1, 2]
    assert floor(scores, 5) == pytest.approx(1.0, abs=2e-6)
    assert contenders(np.array([1.0, -np.inf, -np.inf]), 2).tolist() == [0, 1, 2]


def test_a_small_chance_keeps_its_digits() -> None:
    assert significant(1.23456789e-30) == 1.23457e-30
    assert significant(0.0) == 0.0
