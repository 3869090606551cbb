"""Words as they are compared, and slips of the keyboard."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.spelling import fold, letters, most_slips, phrase, slips, tokens, within


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
def test_slips_are_counted(one: str, other: str, distance: int) -> None:
    assert slips(one, other, 5) == slips(other, one, 5) == distance
    assert slips(one, other, 1) == min(distance, 2)


@given(st.text("abcd", max_size=8), st.text("abcd", max_size=8))
def test_the_filter_drops_nothing_that_is_near(one: str, other: str) -> None:
    for most in (1, 2):
        if slips(one, other, most) <= most:
            found = within(
                letters(one), len(one), np.array([letters(other)], np.uint32), np.array([len(other)], np.int32), most
            )
            assert found.tolist() == [0]


def test_short_words_have_no_slips() -> None:
    assert [most_slips(n) for n in (0, 5, 6, 8, 9, 100)] == [0, 0, 1, 1, 2, 2]


def test_odd_texts_have_words_or_none() -> None:
    assert words("") == words(" \n'''--") == []
    assert words("東京 物語") == ["東", "京", "物", "語"]
    assert fold("&") == "and"
