"""An answer from a list that was computed beforehand is the one that is computed when it is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.filters import Condition
from recsys.errors import BundleError
from recsys.events.activity import NO_EVENTS, Event, UserEvents
from recsys.index.exact import ExactIndex, Neighbors, VectorTable
from recsys.model.model import Model
from recsys.model.precomputed_lists import ItemLists, UserLists
from recsys.recommend.answer import Answer
from recsys.recommend.batch import recommend_many
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from tests.support import factories
from tests.support.parts import arrays, opened

USERS, ITEMS = [f"u{num}" for num in range(30)], [f"i{num}" for num in range(50)]
LENGTH = 12
IDS = st.sets(st.sampled_from([*ITEMS, "unknown"]))
PLAIN = st.builds(ListRequest, st.integers(1, 60), offset=st.integers(0, 50), exclude=IDS)


def both(model: Model, length: int = LENGTH) -> tuple[Recommender, Recommender]:
    """With lists and without."""
    return Recommender(factories.listed(model, length), "v1"), Recommender(model, "v1")


@pytest.fixture(scope="module", params=["blended", "behavior", "twins"])
def pair(request: pytest.FixtureRequest) -> tuple[Recommender, Recommender]:
    """Also items that are the same, whose scores are equal."""
    text_dim = 3 if request.param == "blended" else 0
    model = factories.model(text_dim=text_dim, n_neighbors=4 if text_dim else 0)
    if request.param == "twins":
        index = ExactIndex(VectorTable.from_vectors(np.tile(factories.random_vectors(10, 4), (5, 1))))
        model = replace(model, items_for_user=index, items_like_item=index)
    return both(model)


@given(st.sampled_from([*USERS, "nobody"]), PLAIN, IDS)
def test_items_for_a_user_are_the_same(
    pair: tuple[Recommender, Recommender], user: str, asked: ListRequest, hidden: set[str]
) -> None:
    """Every digit of every score, also where so much is left out that the list is too short."""
    fast, slow = pair
    events = UserEvents(hidden=frozenset(hidden))
    assert fast.recommend(user, asked, events) == slow.recommend(user, asked, events)


@given(st.sampled_from(ITEMS), PLAIN, IDS)
def test_items_like_an_item_are_the_same(
    pair: tuple[Recommender, Recommender], item: str, asked: ListRequest, hidden: set[str]
) -> None:
    fast, slow = pair
    assert fast.similar_items(item, asked, hidden) == slow.similar_items(item, asked, hidden)


@given(st.sampled_from(USERS), PLAIN, st.lists(st.sampled_from(ITEMS), max_size=9))
def test_what_was_consumed_since_the_first_page_is_dropped_from_both(
    pair: tuple[Recommender, Recommender], user: str, asked: ListRequest, items: list[str]
) -> None:
    fast, slow = pair
    activity = UserEvents(later=tuple(Event(one) for one in items))
    found = fast.recommend(user, asked, activity)
    assert found == slow.recommend(user, asked, activity)
    assert not {item.item_id for item in found.items} & set(items)


def forged(model: Model) -> Recommender:
    """Every list is the items 9, 8 and 7, so that it shows where an answer comes from."""
    nums = np.tile(np.array([9, 8, 7], np.int32), (50, 1))
    scores = np.tile(np.array([3, 2, 1], np.float32), (50, 1))
    lists = ItemLists(nums, scores, scores)
    of_users = UserLists(nums[:30], scores[:30], scores[:30])
    return Recommender(model.with_extras(of_users, lists), "v1")


def ids(answer: Answer) -> list[str]:
    return [item.item_id for item in answer.items]


def test_a_plain_question_is_looked_up(model: Model) -> None:
    asking = forged(model)
    for answer in (asking.recommend("u20", ListRequest(2)), asking.similar_items("i20", ListRequest(2))):
        assert ids(answer) == ["i9", "i8"]
        assert [item.score for item in answer.items] == [3, 2]
        assert {item.source for item in answer.items} == {"collaborative"}
        assert answer.next_offset == 2
    assert ids(asking.recommend("u20", ListRequest(1, offset=1))) == ["i8"]
    eighth, ninth = (UserEvents(hidden=frozenset({item})) for item in ("i8", "i9"))
    assert ids(asking.recommend("u20", ListRequest(1, exclude=["i9", "x"]), eighth)) != ["i9"]
    assert ids(asking.recommend("u20", ListRequest(1, exclude=["i9"]))) == ["i8"]
    assert ids(asking.recommend("u20", ListRequest(1), ninth)) == ["i8"]
    later = UserEvents(later=(Event("i9"),))
    assert ids(asking.recommend("u20", ListRequest(1), later)) == ["i8"]


QUESTIONS: dict[str, tuple[ListRequest, UserEvents]] = {
    "more than the list has": (ListRequest(3), NO_EVENTS),
    "behind its end": (ListRequest(1, offset=3), NO_EVENTS),
    "all of it excluded": (ListRequest(1, exclude=["i9", "i8", "i7"]), NO_EVENTS),
    "filtered": (ListRequest(2, filters=(Condition("year", ">", (0,)),)), NO_EVENTS),
    "diverse": (ListRequest(2, diversity=0.1), NO_EVENTS),
    "also what was seen": (ListRequest(2, include_seen=True), NO_EVENTS),
    "with reasons": (ListRequest(2, explain=True), NO_EVENTS),
    "exactly": (ListRequest(2, exact=True), NO_EVENTS),
    "after an event": (ListRequest(2), UserEvents((Event("i1"),))),
    "forgotten": (ListRequest(2), UserEvents(forgotten=True)),
}


@pytest.mark.parametrize(("asked", "activity"), QUESTIONS.values(), ids=QUESTIONS)
def test_any_other_question_is_computed(model: Model, asked: ListRequest, activity: UserEvents) -> None:
    fast, slow = forged(model), Recommender(model, "v1")
    assert fast.recommend("u20", asked, activity) == slow.recommend("u20", asked, activity)
    if activity == NO_EVENTS:
        assert fast.similar_items("i20", asked) == slow.similar_items("i20", asked)


def test_who_saw_everything_gets_nothing_and_who_has_no_vector_the_popular_items() -> None:
    fast, slow = both(factories.model(n_users=2, n_items=3), 3)
    assert fast.recommend("u0", ListRequest(5)) == slow.recommend("u0", ListRequest(5))
    assert fast.recommend("u0", ListRequest(5)).items == ()
    behavior = factories.model(text_dim=0, n_neighbors=0)
    factors = behavior.user_factors.copy()
    factors[4] = 0
    fast, slow = both(replace(behavior, user_factors=factors))
    for asked in (ListRequest(5), ListRequest(50)):
        assert fast.recommend("u4", asked) == slow.recommend("u4", asked)
        assert fast.recommend("u4", asked).fallback
        assert fast.similar_items("i49", asked) == slow.similar_items("i49", asked)
        assert fast.similar_items("i49", asked).fallback


@pytest.mark.parametrize("search_k", [10, 60])
def test_behind_its_end_a_list_goes_on_exactly_though_a_forest_serves(search_k: int) -> None:
    """Where a forest of its own mind went on, an item of the list could come again."""
    model = factories.model(12, 3000, 8, 4, annoy=True, n_neighbors=6)
    shallow = {name: forest.with_search_k(search_k) for name, forest in model.forests.items()}
    asking = Recommender(replace(factories.listed(model, 20), **shallow), "v1")
    exact = Recommender(replace(model, **{name: ExactIndex(forest.table) for name, forest in shallow.items()}), "v1")
    for user in range(12):
        for ask in ("recommend", "similar_items"):
            name = f"u{user}" if ask == "recommend" else f"i{user}"
            pages = [getattr(asking, ask)(name, ListRequest(15, offset=offset)) for offset in range(0, 60, 15)]
            whole = getattr(exact, ask)(name, ListRequest(60))
            assert [one for page in pages for one in ids(page)] == ids(whole)
            assert len(set(ids(whole))) == 60


def test_many_lists_at_once_are_those_of_the_answers(pair: tuple[Recommender, Recommender]) -> None:
    fast, _ = pair
    for k in (1, LENGTH, 40):
        many = recommend_many(fast, np.arange(30, dtype=np.int32), k)
        for user, found in zip(USERS, many, strict=True):
            answer = fast.recommend(user, ListRequest(k))
            assert [item.score for item in answer.items] == pytest.approx(found.scores.tolist(), abs=1e-5)
            if len(set(found.scores.tolist())) == len(found):
                assert ids(answer) == [ITEMS[num] for num in found.nums.tolist()]


def test_arrays_come_back(model: Model) -> None:
    lists = factories.listed(model, LENGTH).need(UserLists)
    again = opened(UserLists, arrays(lists), users=30, items=50)
    assert (len(again), again.length) == (30, LENGTH)
    assert all(np.array_equal(array, arrays(again)[name]) for name, array in arrays(lists).items())


def test_a_shorter_list_is_padded() -> None:
    lists = UserLists.empty(2, 3)
    best = Neighbors(np.array([7, 5], np.int32), np.array([2, 1], np.float32))
    lists.fill(np.array([1], np.int32), np.array([0, 2]), best, np.array([1.5, 0.5], np.float32))
    assert lists.nums.tolist() == [[-1, -1, -1], [7, 5, -1]]
    assert lists.scores.tolist() == [[0, 0, 0], [2, 1, 0]]
    assert lists.collaborative.tolist() == [[0, 0, 0], [1.5, 0.5, 0]]


CRAFTED: dict[str, tuple[str, Any]] = {
    "numbers of another dtype": ("nums", lambda array: array.astype(np.int64)),
    "scores of another dtype": ("scores", lambda array: array.astype(np.float64)),
    "one dimension": ("nums", lambda array: array.reshape(-1)),
    "longer scores": ("scores", lambda array: np.hstack((array, array))),
    "fewer parts": ("collaborative", lambda array: array[:-1]),
    "an item too many": ("nums", lambda array: np.where(array == array.max(), 50, array).astype(np.int32)),
    "below the padding": ("nums", lambda array: array - 2),
}


@pytest.mark.parametrize(("name", "craft"), CRAFTED.values(), ids=CRAFTED)
def test_arrays_that_do_not_fit_are_refused(model: Model, name: str, craft: Any) -> None:
    sound = arrays(factories.listed(model, LENGTH).need(UserLists))
    sound["nums"][0, 0] = 49
    with pytest.raises(BundleError, match="user_lists: the arrays do not fit together"):
        opened(UserLists, {**sound, name: craft(sound[name])}, users=30, items=50)


@pytest.mark.parametrize("n", [29, 31])
def test_lists_of_another_number_of_rows_are_refused(model: Model, n: int) -> None:
    lists = factories.listed(model, LENGTH).need(UserLists)
    with pytest.raises(BundleError, match=f"user_lists: users are 30 where the model has {n}"):
        opened(UserLists, arrays(lists), users=n, items=50)


def test_a_model_refuses_lists_of_others(model: Model) -> None:
    for kind in (UserLists, ItemLists):
        with pytest.raises(BundleError, match=f"{kind.name}: (users|items) are 7 where the model has (30|50)"):
            model.with_extras(kind.empty(7, 1))
