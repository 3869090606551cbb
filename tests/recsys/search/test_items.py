"""Items for a text, and in the order of somebody's taste."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.data.filters import parse_filter
from recsys.data.vectors import unit_rows
from recsys.errors import QueryError
from recsys.events.activity import UserEvents
from recsys.model.model import Model
from recsys.recommend.ranking import rank_items
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.search.items import PERSONAL, POOL, corpus, search
from recsys.search.text import MODES, Mode, TextQuery
from recsys.text.bm25 import Bm25
from recsys.text.name_index import NameIndex
from tests.support import factories, films


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    """Of two hundred items, the texts of which all hold the word "text" and a number."""
    return Recommender(factories.model(n_items=200), "v")


def wanted(mode: Mode, text: str = "text 7") -> TextQuery:
    return TextQuery(text, mode, unit_rows(factories.random_vectors(1, 3, seed=4))[0])


@pytest.mark.parametrize("mode", MODES)
class TestEveryMode:
    def test_items_are_those_of_the_corpus(self, recommender: Recommender, mode: Mode) -> None:
        found = corpus(recommender.model).find(wanted(mode), 10)
        answer = search(recommender, wanted(mode), ListRequest(10))
        assert answer.strategy == "search"
        assert [item.item_id for item in answer.items] == [f"i{num}" for num in found.nums.tolist()]
        assert [item.title for item in answer.items] == [f"Title {num}" for num in found.nums.tolist()]
        assert [item.score for item in answer.items] == found.scores.tolist()
        assert [item.source for item in answer.items] == found.sources()

    def test_hidden_and_excluded_items_are_not_found(self, recommender: Recommender, mode: Mode) -> None:
        everything = {item.item_id for item in search(recommender, wanted(mode), ListRequest(200)).items}
        asked = ListRequest(200, exclude=["i1", "nix"])
        events = UserEvents(hidden=frozenset({"i2"}))
        left = {item.item_id for item in search(recommender, wanted(mode), asked, events=events).items}
        assert everything - left == {"i1", "i2"}

    def test_filters_hold_and_pages_are_parts_of_one_list(self, recommender: Recommender, mode: Mode) -> None:
        few = (parse_filter("year<2010"),)
        whole = search(recommender, wanted(mode), ListRequest(20, filters=few))
        assert {item.item_id for item in whole.items} == {f"i{num}" for num in range(20)}
        for who in (None, "u3"):
            pages = [
                search(recommender, wanted(mode), ListRequest(7, offset, filters=few), who) for offset in (0, 7, 14)
            ]
            together = [item for page in pages for item in page.items]
            assert together == [*search(recommender, wanted(mode), ListRequest(20, filters=few), who).items]
            assert [page.next_offset for page in pages] == [7, 14, None]

    def test_taste_is_weighed_by_the_formula(self, recommender: Recommender, mode: Mode) -> None:
        known = recommender.user_state("u3")
        found = corpus(recommender.model).find(wanted(mode), 200)
        user = rank_items(recommender.model, known.query, np.sort(found.nums[:POOL]), POOL)
        by_num = dict(zip(user.found.nums.tolist(), user.found.scores.tolist(), strict=True))
        low, high = float(found.scores[POOL - 1]), float(found.scores[0])
        worst, best = min(by_num.values()), max(by_num.values())
        expected = {}
        for place, (num, score) in enumerate(zip(found.nums.tolist(), found.scores.tolist(), strict=True)):
            expected[f"i{num}"] = (score - low) / (high - low)
            if place < POOL:
                expected[f"i{num}"] += PERSONAL * (by_num[num] - worst) / (best - worst)
        answer = search(recommender, wanted(mode), ListRequest(200), "u3")
        assert answer.strategy == "personalized_search"
        assert {item.item_id for item in answer.items} == expected.keys()
        for item in answer.items:
            assert item.score == pytest.approx(expected[item.item_id], abs=1e-4)
        scores = [item.score for item in answer.items]
        assert scores == sorted(scores, reverse=True)
        assert [item.item_id for item in answer.items] != [f"i{num}" for num in found.nums.tolist()]

    def test_an_unknown_filter_is_told(self, recommender: Recommender, mode: Mode) -> None:
        with pytest.raises(QueryError, match="items have no attribute 'colour'"):
            search(recommender, wanted(mode), ListRequest(filters=(parse_filter("colour:red"),)))


def test_items_that_were_seen_are_found(recommender: Recommender) -> None:
    found = {item.item_id for item in search(recommender, wanted("semantic"), ListRequest(200), "u3").items}
    assert {"i3", "i4", "i5"} <= found


def test_somebody_of_whom_nothing_is_known_gets_the_order_by_text(recommender: Recommender) -> None:
    by_text = search(recommender, wanted("hybrid"), ListRequest())
    assert search(recommender, wanted("hybrid"), ListRequest(), "nobody") == by_text._replace(fallback=True)


@pytest.mark.parametrize("text", ["nothing has this", "  ", "\n"])
def test_what_nothing_has_to_do_with_finds_nothing(recommender: Recommender, text: str) -> None:
    for who in (None, "u3"):
        answer = search(recommender, TextQuery(text, "keyword"), ListRequest(), who)
        assert answer.items == ()
        assert answer.next_offset is None


def test_a_single_item_has_a_score_with_taste_too(recommender: Recommender) -> None:
    answer = search(recommender, TextQuery("17", "keyword"), ListRequest(), "u3")
    assert [(item.item_id, item.score) for item in answer.items] == [("i17", 0.0)]


def test_an_approximate_index_is_not_asked_for_an_exact_answer() -> None:
    model = factories.model(n_items=600, annoy=True)
    shallow: Model = factories.model(n_items=600)
    exact = search(Recommender(model, "v"), wanted("semantic"), ListRequest(50, exact=True))
    assert exact == search(Recommender(shallow, "v"), wanted("semantic"), ListRequest(50))


@pytest.mark.parametrize(
    ("text", "first"),
    [("alien", "Alien"), ("the matrix", "The Matrix"), ("Galaxy Quset", "Galaxy Quest"), ("aliens!", "Aliens")],
)
def test_what_is_called_as_the_query_comes_first(text: str, first: str) -> None:
    asking = Recommender(films.model(), "v")
    query = TextQuery(text, "hybrid", films.FUN + films.LOVE)
    answer = search(asking, query, ListRequest(50))
    assert answer.items[0].title == first
    scores = [item.score for item in answer.items]
    assert scores == sorted(scores, reverse=True)
    num = films.TITLES.index(first)
    events = UserEvents(hidden=frozenset({f"i{num}"}))
    assert first not in {item.title for item in search(asking, query, ListRequest(50), events=events).items}
    year = asking.item(f"i{num}").attributes["year"]
    others = search(asking, query, ListRequest(50, filters=(parse_filter(f"year!:{year}"),)))
    assert first not in {item.title for item in others.items}


def test_known_words_are_no_slips_of_a_title() -> None:
    asking = Recommender(films.model(), "v")
    names, words = asking.model.need(NameIndex), asking.model.need(Bm25).words
    assert names.called(["the", "matrx"], words) == [films.TITLES.index("The Matrix")]
    assert names.called(["a", "planet"], words) == []
    assert names.called([], words) == names.called(["matrix"] * 20, words) == []
