"""Given items in the order of their scores, and the popular items, against loops."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.filters import Condition
from recsys.events.activity import Event, UserEvents
from recsys.model.model import Model
from recsys.model.popularity import SECONDS_PER_DAY, Popularity
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from tests.recsys.model.test_precomputed_lists import ids
from tests.support import factories, score_oracle

ITEMS = [f"i{num}" for num in range(50)]
GIVEN = st.lists(st.sampled_from([*ITEMS, "unknown", "", "\ud800"]), max_size=60)
HIDDEN = st.frozensets(st.sampled_from([*ITEMS, "unknown"]), max_size=20)


@pytest.fixture(scope="module")
def asking(model: Model) -> Recommender:
    return Recommender(model, "v1")


def sorted_by(truth: list[float], given_: list[str], hidden: frozenset[str]) -> tuple[list[str], tuple[str, ...]]:
    """What can be ranked, best first, and what cannot, each once."""
    known = {one for one in given_ if one in ITEMS and one not in hidden}
    unknown = tuple(dict.fromkeys(one for one in given_ if one not in known))
    return sorted(known, key=lambda one: (-truth[int(one[1:])], int(one[1:]))), unknown


@given(st.integers(0, 29), GIVEN, HIDDEN)
def test_given_items_stand_in_the_order_of_their_scores(
    asking: Recommender, user: int, given_: list[str], hidden: frozenset[str]
) -> None:
    """Also those that were seen; each once, however often it is given."""
    truth = score_oracle.scores(asking.model, user)
    answer = asking.rank_items(f"u{user}", given_, UserEvents(hidden=frozenset(hidden)))
    expected, unknown = sorted_by(truth, given_, hidden)
    assert ids(answer) == expected
    assert answer.unknown == unknown
    assert [item.score for item in answer.items] == pytest.approx([truth[int(one[1:])] for one in expected], abs=1e-4)
    assert (answer.strategy, answer.fallback, answer.next_offset) == ("ranked", False, None)


def test_scores_are_those_of_the_lists(asking: Recommender) -> None:
    for events in ((), (Event("i30"),), (Event("i30"), Event("i2", value=9.0))):
        listed = asking.recommend("u4", ListRequest(60, include_seen=True), UserEvents(events))
        assert asking.rank_items("u4", ITEMS[::-1], UserEvents(events)).items == listed.items
    guest = asking.recommend([Event("i8")], ListRequest(60, include_seen=True))
    assert asking.rank_items([Event("i8")], ITEMS).items == guest.items


def test_events_and_a_deletion_count(asking: Recommender) -> None:
    plain = asking.rank_items("u4", ITEMS)
    moved = asking.rank_items("u4", ITEMS, UserEvents((Event("i30"),)))
    assert ids(moved) != ids(plain)
    assert asking.rank_items("u4", ITEMS, UserEvents(forgotten=True)) == asking.rank_items("nobody", ITEMS)


@given(GIVEN, HIDDEN, st.sampled_from(["nobody", "guest"]))
def test_for_somebody_unknown_they_stand_by_popularity(
    asking: Recommender, given_: list[str], hidden: frozenset[str], who: str
) -> None:
    answer = asking.rank_items([] if who == "guest" else who, given_, UserEvents(hidden=frozenset(hidden)))
    counts = asking.model.popularity.scores.tolist()
    expected, unknown = sorted_by(counts, given_, hidden)
    assert (ids(answer), answer.unknown) == (expected, unknown)
    assert (answer.strategy, answer.fallback) == ("popular", True)
    assert [(item.score, item.source) for item in answer.items] == [
        (counts[int(one[1:])], "popularity") for one in expected
    ]


@pytest.fixture(scope="module")
def timed() -> Recommender:
    """Item i0 had its users long ago, i1 some weeks ago, i2 two of them today, i3 one yesterday; the rest nobody."""
    users = [("i0", 200)] * 9 + [("i1", 20)] * 5 + [("i2", 0)] * 2 + [("i3", 1)]
    pairs = [(f"u{num}", item) for num, (item, _) in enumerate(users)]
    times = [(1000 - days) * SECONDS_PER_DAY for _, days in users]
    data = factories.interactions(pairs, ITEMS, times)
    popular, trending = Popularity.from_interactions(data), Popularity.from_interactions(data, 7.0)
    return Recommender(replace(factories.model(), popularity=popular, trending=trending), "v1")


def test_the_popular_items_have_most_users_and_the_trending_ones_the_newest(timed: Recommender) -> None:
    popular, trending = timed.popular(ListRequest(4)), timed.popular(ListRequest(4), "trending")
    assert [(item.item_id, item.score) for item in popular.items] == [("i0", 9), ("i1", 5), ("i2", 2), ("i3", 1)]
    expected = {"i2": 2.0, "i3": 0.5 ** (1 / 7), "i1": 5 * 0.5 ** (20 / 7), "i0": 9 * 0.5 ** (200 / 7)}
    assert ids(trending) == list(expected)
    assert [item.score for item in trending.items] == pytest.approx(list(expected.values()), abs=1e-6)
    assert [(one.strategy, one.fallback) for one in (popular, trending)] == [("popular", False), ("trending", False)]
    assert {item.source for item in [*popular.items, *trending.items]} == {"popularity"}


KINDS = st.sampled_from(["popular", "trending"])
COUNTED = st.dictionaries(st.sampled_from([*ITEMS, "unknown"]), st.sampled_from([0.25, 1.0, 7.0]), max_size=12)
YEARS = st.sampled_from([(), (Condition("year", "<", (2000.0,)),), (Condition("year", ">", (2036.0,)),)])


@given(KINDS, COUNTED, YEARS, st.integers(1, 60), HIDDEN, HIDDEN)
def test_users_of_events_are_added(
    timed: Recommender,
    kind: Literal["popular", "trending"],
    counted: dict[str, float],
    filters: tuple[Condition, ...],
    k: int,
    exclude: frozenset[str],
    hidden: frozenset[str],
) -> None:
    base = timed.model.popularity if kind == "popular" else timed.model.trending
    before = base.scores.tolist()
    totals = [score + counted.get(one, 0.0) for one, score in zip(ITEMS, before, strict=True)]
    years = [1990 + num for num in range(50)]
    allowed = [
        num
        for num in range(50)
        if ITEMS[num] not in exclude | hidden
        and all(years[num] < 2000 if one.operator == "<" else years[num] > 2036 for one in filters)
    ]
    answer = timed.popular(
        ListRequest(k, exclude=exclude, filters=filters), kind, timed.popularity_with(kind, counted), hidden
    )
    expected = sorted(allowed, key=lambda num: (-np.float32(totals[num]), num))[:k]
    assert ids(answer) == [ITEMS[num] for num in expected]
    assert [item.score for item in answer.items] == pytest.approx([totals[num] for num in expected], rel=1e-6)
    assert base.scores.tolist() == before
