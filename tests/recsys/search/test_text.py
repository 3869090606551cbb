"""Texts by meaning, by words, and by both."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys.data.vectors import Vectors, unit_rows
from recsys.errors import UnansweredError
from recsys.index.annoy import AnnoyVectorIndex
from recsys.index.exact import ExactIndex, Neighbors, VectorTable
from recsys.search.text import FUSION, MOST_FUSED, POWER, Corpus, TextQuery, fuse
from recsys.text.bm25 import Bm25
from tests.support import factories

TEXTS = ["red wine", "old castle", "red castle by the sea", "robots", "wine and robots", ""]
NO_SKIP = np.empty(0, dtype=np.int32)


def vectors(n: int = len(TEXTS), dim: int = 4) -> Vectors:
    made = unit_rows(factories.random_vectors(n, dim))
    made[-1] = 0
    return made


def corpus(vectors_of: Vectors | None = None) -> Corpus:
    return Corpus.of(TEXTS, vectors() if vectors_of is None else vectors_of)


def nums(*some: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.array(some, dtype=np.int32)


def mask(*some: int) -> np.ndarray:  # type: ignore[type-arg]
    made = np.zeros(len(TEXTS), dtype=bool)
    made[list(some)] = True
    return made


QUERY = unit_rows(factories.random_vectors(1, 4, seed=5))[0]


class TestByMeaning:
    def test_cosines_fall_and_texts_without_a_vector_are_not_found(self) -> None:
        found = corpus().find(TextQuery("x", "semantic", QUERY), 10)
        cosines = vectors()[:-1] @ QUERY
        assert found.nums.tolist() == np.argsort(-cosines).tolist()
        np.testing.assert_allclose(found.scores, np.sort(cosines)[::-1], rtol=1e-5)
        assert set(found.sources()) == {"semantic"}

    def test_what_is_skipped_or_not_eligible_is_not_found(self) -> None:
        everything = corpus().find(TextQuery("x", "semantic", QUERY), 10).nums.tolist()
        found = corpus().find(TextQuery("x", "semantic", QUERY), 10, nums(2), mask(0, 2, 3, 5))
        assert found.nums.tolist() == [num for num in everything if num in (0, 3)]

    def test_a_query_of_which_nothing_is_known_finds_nothing(self) -> None:
        assert len(corpus().find(TextQuery("x", "semantic", np.zeros(4, np.float32)), 10)) == 0
        assert len(corpus().find(TextQuery(" \n", "semantic", QUERY), 10)) == 0

    def test_an_approximate_index_gives_pages_of_one_list(self) -> None:
        table = VectorTable.from_vectors(unit_rows(factories.random_vectors(3000, 8)))
        forest = AnnoyVectorIndex.build(table, 5, 0).with_search_k(50)
        many = Corpus(forest, None)
        query = TextQuery("x", "semantic", unit_rows(factories.random_vectors(1, 8, seed=9))[0])
        assert many.find(query, 200).nums[:20].tolist() == many.find(query, 20).nums.tolist()
        exact = replace(many, index=ExactIndex(many.index.table)).find(query, 20).nums
        assert exact.tolist() == ExactIndex(table).query(query.vector, 20).nums.tolist()  # type: ignore[arg-type]


class TestByWords:
    def test_only_texts_with_a_word_are_found(self) -> None:
        found = corpus().find(TextQuery("the red castle", "keyword"), 10)
        assert found.nums[0] == 2
        assert sorted(found.nums.tolist()) == [0, 1, 2]
        assert set(found.sources()) == {"keyword"}
        assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)

    def test_equal_scores_stand_in_the_order_of_their_numbers(self) -> None:
        same = Corpus.of(["x y"] * 5, None)
        assert same.find(TextQuery("x", "keyword"), 3).nums.tolist() == [0, 1, 2]

    def test_what_is_skipped_or_not_eligible_is_not_found(self) -> None:
        found = corpus().find(TextQuery("red wine robots", "keyword"), 10, nums(4), mask(0, 1, 3, 4))
        assert sorted(found.nums.tolist()) == [0, 3]


class TestFusion:
    def test_scores_are_sums_of_reciprocal_ranks(self) -> None:
        by_meaning = Neighbors(nums(7, 3, 9), np.array([0.9, 0.5, 0.1], np.float32))
        by_words = Neighbors(nums(3, 8), np.array([12, 5], np.float32))
        found = fuse(by_meaning, by_words, np.array([1, 0.5], np.float32))
        expected = {
            3: 1 / (FUSION + 2) + 1 / (FUSION + 1),
            7: 1 / (FUSION + 1),
            8: 0.5**POWER / (FUSION + 2),
            9: 1 / (FUSION + 3),
        }
        assert found.nums.tolist() == [3, 7, 9, 8]
        np.testing.assert_allclose(found.scores, [expected[num] for num in found.nums.tolist()], atol=1e-6)
        assert found.sources() == ["hybrid", "semantic", "semantic", "keyword"]

    def test_of_equal_sums_the_one_that_is_first_by_meaning_comes_first(self) -> None:
        ones = np.ones(2, dtype=np.float32)
        found = fuse(
            Neighbors(nums(9, 4), np.array([2, 1], np.float32)),
            Neighbors(nums(1, 4), np.array([2, 1], np.float32)),
            ones,
        )
        assert found.nums.tolist() == [4, 9, 1]
        swapped = fuse(
            Neighbors(nums(9, 1), np.array([2, 1], np.float32)),
            Neighbors(nums(1, 9), np.array([2, 1], np.float32)),
            ones,
        )
        assert swapped.nums.tolist() == [9, 1]

    def test_one_list_alone_keeps_its_order(self) -> None:
        one = Neighbors(nums(5, 2, 8), np.array([3, 2, 1], np.float32))
        none = Neighbors(nums(), np.empty(0, np.float32))
        ones = np.ones(3, dtype=np.float32)
        assert fuse(one, none, ones[:0]).nums.tolist() == fuse(none, one, ones).nums.tolist() == [5, 2, 8]
        assert len(fuse(none, none, ones[:0])) == 0

    def test_a_word_of_the_title_alone_does_not_beat_meaning(self) -> None:
        texts = [
            "Mission: Impossible. A mission to save a mission",
            "Two astronauts drift in orbit",
            "A mission of monks",
        ]
        titles = ["Mission: Impossible", "Gravity", "Of Gods and Men"]
        near = unit_rows(np.array([[0.2, 1], [1, 0.2], [0, 1]], dtype=np.float32))
        both = Corpus(ExactIndex(VectorTable.from_vectors(near)), Bm25.from_texts(texts, titles))
        query = TextQuery("a mission in space goes badly wrong", "hybrid", np.array([1, 0], np.float32))
        assert both.find(replace(query, mode="keyword"), 1).nums.tolist() == [0]
        assert both.find(query, 3).nums.tolist() == [1, 0, 2]
        assert both.find(replace(query, text="mission impossible"), 1).nums.tolist() == [0]

    def test_both_ways_take_part_and_a_longer_list_begins_with_the_shorter_one(self) -> None:
        query = TextQuery("robots", "hybrid", QUERY)
        found = corpus().find(query, 10)
        assert set(found.sources()) == {"semantic", "hybrid"}
        assert sorted(found.nums.tolist()) == [0, 1, 2, 3, 4]
        assert corpus().find(query, 2).nums.tolist() == found.nums[:2].tolist()

    def test_no_more_of_each_list_are_fused_than_stated(self) -> None:
        n = MOST_FUSED + 20
        many = Corpus.of(["same word"] * n, unit_rows(factories.random_vectors(n, 4)))
        found = many.find(TextQuery("word", "hybrid", QUERY), 2 * n)
        assert found.by_meaning.sum() == found.by_words.sum() == MOST_FUSED

    def test_where_meaning_says_nothing_words_answer(self) -> None:
        found = corpus().find(TextQuery("robots", "hybrid", np.zeros(4, np.float32)), 10)
        assert set(found.nums.tolist()) == {3, 4}


class TestModes:
    def test_a_corpus_without_vectors_is_searched_by_words(self) -> None:
        words_alone = Corpus.of(TEXTS, None)
        assert words_alone.modes() == ("keyword",)
        assert words_alone.chosen(None) == "keyword"
        for mode in ("semantic", "hybrid"):
            with pytest.raises(UnansweredError, match=rf"mode {mode} is not there.*use keyword"):
                words_alone.chosen(mode)  # type: ignore[arg-type]

    def test_a_corpus_without_words_is_searched_by_meaning(self) -> None:
        meaning_alone = replace(corpus(), keywords=None)
        assert meaning_alone.chosen(None) == "semantic"
        with pytest.raises(UnansweredError, match=r"mode hybrid is not there.*use semantic"):
            meaning_alone.chosen("hybrid")

    def test_both_are_the_default_where_there_are_both(self) -> None:
        assert corpus().chosen(None) == "hybrid"
        assert corpus().chosen("keyword") == "keyword"

    def test_a_corpus_without_texts_says_so(self) -> None:
        with pytest.raises(UnansweredError, match="no texts that could be searched"):
            Corpus.of(["", ""], None).chosen(None)
