"""The inverted index against BM25 written down anew."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import BundleError
from recsys.text.bm25 import Bm25, words
from recsys.text.vocabulary import QUERY_STOP_WORDS
from tests.support.parts import arrays, opened

TEXTS = [
    "The Thing. A thing from another world in the ice",
    "Wine and castles by the sea",
    "",
    "the old man and the sea",
    "Café Müller, a dance",
    "ice ice ice",
]
TITLES = ["The Thing", "Castles", "", "Hemingway", "", ""]


VALUES = ["horror 1982 1980s 80s", "travel", "", "", "", "ice"]


def bm25(texts: Sequence[str], query: str, titles: Sequence[str] = (), values: Sequence[str] = ()) -> dict[int, float]:
    """The formula of the module, a text at a time."""
    counts = [Counter(words(text)) for text in texts]
    for count, text, title in zip(counts, texts, titles, strict=False):
        for word in words(title):
            count[word] += 2 if title in text else 3
    for count, value in zip(counts, values, strict=False):
        for word in words(value):
            count[word] += 2
    lengths = [sum(count.values()) for count in counts]
    known = [length for length in lengths if length]
    mean = sum(known) / len(known)
    scores: dict[int, float] = {}
    asked = set(words(query))
    telling = {
        word for word in asked if word not in QUERY_STOP_WORDS or 0 < sum(word in count for count in counts) <= 5
    }
    for word in telling or asked:
        n = sum(word in count for count in counts)
        idf = math.log(1 + (len(texts) - n + 0.5) / (n + 0.5))
        for num, count in enumerate(counts):
            if f := count[word]:
                part = idf * f * 2.2 / (f + 1.2 * (0.25 + 0.75 * lengths[num] / mean))
                scores[num] = scores.get(num, 0) + part
    return scores


@pytest.mark.parametrize(
    "query",
    ["the sea", "ice", "thing world", "wine", "nothing of this", "", "ICE, the ice!", "a film of the 80s", "the"],
)
@pytest.mark.parametrize("titles", [[], TITLES])
@pytest.mark.parametrize("values", [[], VALUES])
def test_scores_are_those_of_the_formula(query: str, titles: list[str], values: list[str]) -> None:
    nums, scores = Bm25.from_texts(TEXTS, titles, values).scores(query)
    expected = bm25(TEXTS, query, titles, values)
    assert nums.tolist() == sorted(expected)
    np.testing.assert_allclose(scores, [expected[num] for num in nums.tolist()], rtol=1e-5)


@given(st.lists(st.text("ab c", max_size=12), min_size=1, max_size=6), st.text("ab c", max_size=6))
def test_scores_of_any_texts_are_those_of_the_formula(texts: list[str], query: str) -> None:
    nums, scores = Bm25.from_texts(texts).scores(query)
    expected = bm25(texts, query) if any(text.strip() for text in texts) else {}
    assert nums.tolist() == sorted(expected)
    np.testing.assert_allclose(scores, [expected[num] for num in nums.tolist()], rtol=1e-5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The CAFÉ, café's ", ["the", "cafe", "cafe", "s"]),
        ("Straße ŒUVRE", ["strasse", "œuvre"]),
        ("snake_case a-b 3.5 x²", ["snake", "case", "a", "b", "3", "5", "x2"]),
        ("東京タワー tower", ["東", "京", "タ", "ワ", "ー", "tower"]),
        ("Ελλάδα Москва", ["ελλαδα", "москва"]),
        ('"quoted" OR (NEAR*) -not ^x:y', ["quoted", "or", "near", "not", "x", "y"]),
        ("🎬 \0\n", []),
    ],
)
def test_words_are_without_case_and_diacritics(text: str, expected: list[str]) -> None:
    assert list(words(text)) == expected


def test_a_word_of_the_title_counts_more_than_one_of_the_text() -> None:
    texts = ["a film about an alien on earth", "a film about a robot on earth"]
    nums, scores = Bm25.from_texts(texts, ["Robot", "Alien"]).scores("alien")
    assert nums[np.argmax(scores)] == 1
    nums, scores = Bm25.from_texts(texts).scores("alien")
    assert nums.tolist() == [0]


def test_a_rare_word_counts_more_than_a_frequent_one() -> None:
    nums, scores = Bm25.from_texts(["a x", "a y", "a z"]).scores("a y")
    assert nums[np.argmax(scores)] == 1


def test_coverage_is_the_share_of_the_query_by_idf() -> None:
    found = Bm25.from_texts(["red wine", "red castle", "sea", "red red wine by the sea"])
    idf = {
        word: math.log1p((4 - n + 0.5) / (n + 0.5)) for word, n in (("red", 3), ("wine", 2), ("sea", 2), ("none", 0))
    }
    every = np.arange(4, dtype=np.int32)
    whole = idf["red"] + idf["wine"]
    np.testing.assert_allclose(found.coverage("red wine red", every), [1, idf["red"] / whole, 0, 1], rtol=1e-6)
    whole = idf["sea"] + idf["none"]
    np.testing.assert_allclose(
        found.coverage("sea monster", every[1:]), [0, idf["sea"] / whole, idf["sea"] / whole], rtol=1e-6
    )
    assert found.coverage("", every).tolist() == found.coverage("monster", every).tolist() == [0, 0, 0, 0]


def test_the_same_texts_give_the_same_bytes() -> None:
    first, second = (arrays(Bm25.from_texts(TEXTS, TITLES)) for _ in range(2))
    assert {name: array.tobytes() for name, array in first.items()} == {
        name: array.tobytes() for name, array in second.items()
    }


def test_what_is_written_can_be_opened() -> None:
    made = Bm25.from_texts(TEXTS, TITLES)
    again = opened(Bm25, arrays(made), items=len(TEXTS))
    for one, other in zip(made.scores("the ice"), again.scores("the ice"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_nothing_is_found_where_there_are_no_words() -> None:
    empty = opened(Bm25, arrays(Bm25.from_texts([""] * 3)), items=3)
    assert empty.n_items == 3
    assert len(empty.scores("anything")[0]) == 0


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("indptr", lambda a: a[:-1]),
        ("indptr", lambda a: a + 1),
        ("indptr", lambda a: np.where(np.arange(len(a)) == 1, 0, a)),
        ("indptr", lambda a: a.astype(np.int32)),
        ("item_nums", lambda a: a[::-1].copy()),
        ("item_nums", lambda a: np.where(a == 5, 6, a)),
        ("item_nums", lambda a: a - 1),
        ("item_nums", lambda a: a.astype(np.int64)),
        ("impacts", lambda a: -a),
        ("impacts", lambda a: a * np.float32(np.inf)),
        ("impacts", lambda a: a.astype(np.float64)),
        ("impacts", lambda a: a[:-1]),
        ("words.starts", lambda a: np.append(a, a[-1]).astype(np.int32)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(column: str, change) -> None:  # type: ignore[no-untyped-def]
    sound = arrays(Bm25.from_texts(TEXTS))
    with pytest.raises(BundleError, match=r"keywords: the arrays do not fit together"):
        opened(Bm25, {**sound, column: change(sound[column])}, items=len(TEXTS))


def test_words_that_say_nothing_are_left_out_where_they_are_common() -> None:
    texts = ["the film", *["a film by the sea"] * 8, "an author and the law", "a builder and the law"]
    found = Bm25.from_texts(texts)
    assert found.scores("the film")[0].tolist() == list(range(11))  # there is nothing else
    assert found.scores("film by the sea")[0].tolist() == list(range(1, 9))
    assert found.coverage("film by the sea", np.arange(2)).tolist() == [0, 1]
    assert found.scores("author law")[0].tolist() == [9, 10]
    assert found.coverage("author law", np.array([9, 10]))[0] == 1  # of one text, it tells much
    assert found.coverage("author law", np.array([9, 10]))[1] < 1
