"""Words as they are compared, and slips of the keyboard."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from recsys.text.tokens import fold, letters, max_typos, phrase, tokens, within


def words(text: str) -> list[str]:
    return [one.word for one in tokens(text)]


def test_case_diacritics_and_apostrophes_do_not_matter() -> None:
    assert words("A Bug's Life & AMÉLIE, don\u2019t") == ["a", "bugs", "life", "and", "amelie", "dont"]


def test_numbers_are_written_one_way() -> None:
    assert words("Rocky II, Rocky 2, Malcolm X, Ford v Ferrari") == [
        *("rocky", "2", "rocky", "2", "malcolm", "x", "ford", "v", "ferrari")
    ]


def test_words_know_where_they_stand() -> None:
    text = "  I loved\tWALL-E!"
    assert [text[one.start : one.stop] for one in tokens(text)] == [one.raw for one in tokens(text)]
    assert [one.raw for one in tokens(text)] == ["I", "loved", "WALL", "E"]
    assert [one.capital for one in tokens(text)] == [True, False, True, True]


@pytest.mark.parametrize(
    ("given_words", "expected"), [("the thing", "thing"), ("a", "a"), ("an affair", "affair"), ("x", "x")]
)
def test_an_article_in_front_is_left_out(given_words: str, expected: str) -> None:
    assert phrase(given_words.split()) == expected


def edit_distance(one: str, other: str, most: int) -> int:
    """Return the distance by which the name index forgives typos, or `most` + 1 where it is larger."""
    return OSA.distance(one, other, score_cutoff=most)


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("alien", "alien", 0),
        ("alien", "alein", 1),
        ("matrix", "matrx", 1),
        ("matrix", "matrrix", 1),
        ("matrix", "matrox", 1),
        ("inception", "incepton", 1),
        ("goodfellas", "godfelas", 2),
        ("", "ab", 2),
    ],
)
def test_typos_are_counted(one: str, other: str, distance: int) -> None:
    assert edit_distance(one, other, 5) == edit_distance(other, one, 5) == distance
    assert edit_distance(one, other, 1) == min(distance, 2)


def plainly(one: str, other: str) -> int:
    """The distance as it is defined, cell by cell."""
    cells = {(i, j): max(i, j) for i in range(len(one) + 1) for j in range(len(other) + 1) if i == 0 or j == 0}
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            cost = min(cells[i - 1, j] + 1, cells[i, j - 1] + 1, cells[i - 1, j - 1] + (one[i - 1] != other[j - 1]))
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                cost = min(cost, cells[i - 2, j - 2] + 1)
            cells[i, j] = cost
    return cells[len(one), len(other)]


@given(st.text("abc", max_size=9), st.text("abc", max_size=9), st.integers(0, 3))
def test_the_distance_is_that_of_the_definition(one: str, other: str, most: int) -> None:
    assert edit_distance(one, other, most) == min(plainly(one, other), most + 1)


@given(st.text("abcd", max_size=8), st.text("abcd", max_size=8))
def test_the_filter_drops_nothing_that_is_near(one: str, other: str) -> None:
    for most in (1, 2):
        if edit_distance(one, other, most) <= most:
            found = within(
                letters(one), len(one), np.array([letters(other)], np.uint32), np.array([len(other)], np.int32), most
            )
            assert found.tolist() == [0]


def test_short_words_have_no_typos() -> None:
    assert [max_typos(n) for n in (0, 5, 6, 8, 9, 100)] == [0, 0, 1, 1, 2, 2]


def test_odd_texts_have_words_or_none() -> None:
    assert words("") == words(" \n'''--") == []
    assert words("東京 物語") == ["東", "京", "物", "語"]
    assert fold("&") == "and"
