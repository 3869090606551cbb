"""Lists of users without a history, by their attributes; the oracle adds up in a loop over all items."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace

import pytest

from recsys.events.activity import Event, UserEvents
from recsys.events.records import EventsInfo
from recsys.events.user_values import UserChange
from recsys.model.extras.attribute_tastes import AttributeTastes
from recsys.recommend.answer import Answer
from recsys.recommend.batch import recommend_users
from recsys.recommend.placement import find_placement
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.score_order import displayed
from tests.support import factories

SWISS = [1, 2]  # values of the user, from 30 and CH


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return Recommender(factories.attributed(), "v", EventsInfo(weights={"like": 1.0, "dislike": -1.0}))


def oracle(recommender: Recommender, rows: list[int], out: Collection[str] = ()) -> list[tuple[str, float]]:
    part = factories.attribute_tastes(len(recommender.items))
    places = {num: place for place, num in enumerate(part.items.tolist())}
    scores = {}
    for num, item_id in enumerate(recommender.items):
        gain = sum(float(part.gains[row, places[num]]) for row in rows) if num in places else 0.0
        popular = round(math.log1p(float(recommender.model.popularity.scores[num])), 6)
        scores[num, item_id] = round(popular + gain, 6)
    ranked = sorted(scores, key=lambda key: (-scores[key], key[0]))
    return [(key[1], scores[key]) for key in ranked if key[1] not in out]


def listed(answer: Answer) -> list[tuple[str, float]]:
    return [(item.item_id, round(item.score, 6)) for item in answer.items]


def test_a_new_user_gets_what_users_with_the_same_attributes_take(recommender: Recommender) -> None:
    answer = recommender.recommend("swiss", ListRequest(50))
    assert (answer.strategy, answer.fallback) == ("attributes", False)
    assert listed(answer) == oracle(recommender, SWISS)
    assert listed(answer)[:9] != listed(recommender.popular(ListRequest(9)))
    assert {item.source for item in answer.items} == {"attributes", "popularity"}


def test_without_attributes_the_popular_items_remain(recommender: Recommender) -> None:
    for user_id, change in (("new", None), ("new", UserChange("new", "put", {"country": "FR"}))):
        answer = recommender.recommend(user_id, ListRequest(5), UserEvents(change=change))
        assert (answer.strategy, answer.fallback) == ("popular", True)
    assert recommender.recommend("swiss", ListRequest(5), UserEvents(forgotten=True)).strategy == "popular"


def test_attributes_that_came_later_count(recommender: Recommender) -> None:
    change = UserChange("swiss", "patch", {"age": 12, "country": None})
    answer = recommender.recommend("swiss", ListRequest(50), UserEvents(change=change))
    assert listed(answer) == oracle(recommender, [0])


def test_a_user_with_a_history_keeps_the_list(recommender: Recommender) -> None:
    assert recommender.recommend("u1").strategy == "personalized"
    assert recommender.recommend("swiss", events=UserEvents((Event("i3"),))).strategy == "fold_in"


def test_pages_filters_and_hidden_items(recommender: Recommender) -> None:
    hidden = frozenset({oracle(recommender, SWISS)[0][0], "i7"})
    events = UserEvents((Event("i4", "dislike"),), hidden=hidden)
    whole = oracle(recommender, SWISS, {*hidden, "i4", "i10"})
    pages: list[tuple[str, float]] = []
    offset: int | None = 0
    while offset is not None:
        answer = recommender.recommend("swiss", ListRequest(7, offset, exclude=["i10"]), events)
        pages += listed(answer)
        offset = answer.next_offset
    assert pages == whole
    only = recommender.recommend("swiss", ListRequest(50, only=["i2", "i9", "i4"]), events)
    assert listed(only) == [one for one in whole if one[0] in {"i2", "i9"}]


def test_the_parts_add_up_to_the_score(recommender: Recommender) -> None:
    answer = recommender.recommend("swiss", ListRequest(50, explain=True))
    for item in answer.items:
        reason = item.reason
        assert reason is not None
        assert [(one.attribute, one.value) for one in reason.attributes] == [("age", "from 30"), ("country", "CH")]
        total = reason.popularity + sum(one.score for one in reason.attributes)
        assert displayed(total) == pytest.approx(item.score, abs=2e-6)
    assert all(item.reason is None for item in recommender.recommend("swiss").items)


def test_given_items_are_ranked_the_same_way(recommender: Recommender) -> None:
    ids = ["i9", "i2", "i30", "gone"]
    answer = recommender.rank_items("swiss", ids, explain=True)
    assert (answer.strategy, answer.fallback, answer.unknown) == ("attributes", False, ("gone",))
    assert listed(answer) == [one for one in oracle(recommender, SWISS) if one[0] in ids]


def test_the_place_of_an_item_agrees_with_the_list(recommender: Recommender) -> None:
    item_id = oracle(recommender, SWISS)[11][0]
    placement = find_placement(recommender, "swiss", item_id)
    assert (placement.strategy, placement.rank, placement.listed) == ("attributes", 12, False)
    assert placement.item.reason is not None
    assert len(placement.item.reason.attributes) == 2


def test_lists_of_many_users_are_those_of_each(recommender: Recommender) -> None:
    users, request = ["swiss", "new", "u1", "swiss"], ListRequest(6)
    found = list(recommend_users(recommender, users, request))
    for user_id, items in zip(users, found, strict=True):
        single = recommender.recommend(user_id, replace(request, exact=True))
        assert [(item, round(float(score), 6)) for item, score in items] == listed(single)


def test_who_needs_attributes(recommender: Recommender) -> None:
    assert recommender.is_cold("new")
    assert not recommender.is_cold("u1")
    assert recommender.is_cold("u1", UserEvents(forgotten=True))
    assert not Recommender(recommender.model.without(AttributeTastes), "v").is_cold("new")
