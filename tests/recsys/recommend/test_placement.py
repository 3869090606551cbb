"""The place of an item agrees with the list of the same request, and what keeps an item out is said in full."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.filters import Condition, parse_filter, short_form
from recsys.errors import NotFoundError, QueryError
from recsys.events.activity import NO_EVENTS, Event, UserEvents
from recsys.events.records import EventsInfo
from recsys.model.extras.groups import Clusters
from recsys.recommend import placement
from recsys.recommend.answer import Answer, Recommendation
from recsys.recommend.json import answer_object
from recsys.recommend.placement import (
    Excluded,
    Filtered,
    Hidden,
    Obstacle,
    Outranked,
    RankedItem,
    Reordered,
    Seen,
    find_placement,
)
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from tests.recsys.model.test_precomputed_lists import ids
from tests.recsys.recommend.test_popularity_penalty import popular
from tests.support import factories

USERS, ITEMS = [f"u{num}" for num in range(30)], [f"i{num}" for num in range(50)]
WHO = st.sampled_from([*USERS[:4], "u29", "nobody"])
IDS = st.frozensets(st.sampled_from([*ITEMS, "unknown"]), max_size=20)
EVENTS = st.lists(st.builds(Event, st.sampled_from([*ITEMS, "unknown"])), max_size=3).map(tuple)
CONDITIONS = st.lists(
    st.sampled_from(
        [parse_filter(text) for text in ("year>=2000", "year<2030", "year!:1995,2001", "year:1990,2001,2035")]
    ),
    max_size=2,
    unique=True,
).map(tuple)
ASKED = st.builds(
    ListRequest,
    st.integers(1, 40),
    exclude=IDS,
    include_seen=st.booleans(),
    filters=CONDITIONS,
    diversity=st.sampled_from([0.0, 0.0, 0.6]),
    popularity_penalty=st.sampled_from([0.0, 0.0, 0.5]),
    content_weight=st.sampled_from([1.0, 1.0, 0.0, 2.5]),
    exact=st.booleans(),
    cluster=st.sampled_from([None, None, 0, 1]),
)


@lru_cache
def asking(kind: str) -> Recommender:
    """Fifty items with or without precomputed lists; behind a forest that looks at a few items, with lists."""
    model = popular(factories.model(annoy=kind == "forest"))
    if kind == "forest":
        model = replace(model, items_for_user=model.forests["items_for_user"].with_search_k(4))
    return Recommender(model if kind == "none" else factories.listed(model, 12), "v1")


def shown(item: Recommendation) -> object:
    """An item as it is displayed: of its reason the last bits depend on the number of items that are explained together."""
    return answer_object(Answer("personalized", (item,)), {}, "")["items"]


def keeps_out(
    of: Recommender, user: str, item: str, asked: ListRequest, events: UserEvents
) -> list[type[Obstacle] | str]:
    """What keeps an item out, by a look at the history, the ids and the record."""
    num = int(item[1:])
    trained = user in of.users and num in of.model.seen(int(user[1:]))
    seen = trained or item in {event.item_id for event in events.events}
    year = 1990 + num
    failing = {
        "year>=2000": year < 2000,
        "year<2030": year >= 2030,
        "year!:1995,2001": year in (1995, 2001),
        "year:1990,2001,2035": year not in (1990, 2001, 2035),
    }
    found: list[type[Obstacle] | str] = [Seen] if seen and not asked.include_seen else []
    found += [Hidden] * (item in events.hidden) + [Excluded] * (item in asked.exclude)
    found += [short_form(condition) for condition in asked.filters if failing[short_form(condition)]]
    if asked.cluster is not None and of.model.need(Clusters).labels[num] != asked.cluster:
        found.append(f"cluster={asked.cluster}")
    return found


def without(asked: ListRequest, item: str, found: list[type[Obstacle] | str]) -> ListRequest:
    return replace(
        asked,
        include_seen=asked.include_seen or Seen in found,
        exclude=asked.exclude - {item},  # type: ignore[operator]
        filters=tuple(condition for condition in asked.filters if short_form(condition) not in found),
        cluster=None if f"cluster={asked.cluster}" in found else asked.cluster,
    )


@given(st.sampled_from(["lists", "none", "forest"]), WHO, st.sampled_from(ITEMS), ASKED, EVENTS, IDS)
def test_a_place_is_that_of_the_list(
    kind: str, user: str, item: str, asked: ListRequest, events: tuple[Event, ...], hidden: frozenset[str]
) -> None:
    of, activity = asking(kind), UserEvents(events, hidden=hidden)
    placed = find_placement(of, user, item, asked, activity)
    answer = of.recommend(user, asked, activity)
    whole = of.recommend(user, replace(asked, k=60, explain=True), activity)
    assert (placed.strategy, placed.fallback) == (answer.strategy, answer.fallback)
    assert placed.listed == (item in ids(answer)) == (placed.rank is not None and placed.rank <= asked.k)
    assert placed.rank == (ids(whole).index(item) + 1 if item in ids(whole) else None)
    if placed.rank is not None:
        assert shown(placed.item) == shown(whole.items[placed.rank - 1])
    last, n = placed.last, len(answer.items)
    assert last == (RankedItem(n, last.item) if n and last else None)
    assert last is None or shown(last.item) == shown(whole.items[n - 1])

    found = keeps_out(of, user, item, asked, activity)
    kept_out = [one for one in placed.obstacles if not isinstance(one, Reordered | Outranked)]
    assert [one.by if isinstance(one, Filtered) else type(one) for one in kept_out] == found
    unhidden = replace(activity, hidden=hidden - {item})
    freed = of.recommend(user, replace(without(asked, item, found), k=60, explain=True), unhidden)
    assert placed.rank_without is not None
    assert shown(freed.items[placed.rank_without - 1]) == shown(placed.item)
    beyond = [one for one in placed.obstacles if isinstance(one, Outranked)]
    assert beyond == ([Outranked(placed.rank_without, asked.k)] if placed.rank_without > asked.k else [])


@lru_cache
def approximate() -> tuple[Recommender, Recommender]:
    """A forest that misses items, behind precomputed lists and alone."""
    model = factories.model(20, 800, 8, 4, annoy=True)
    model = replace(model, **{name: forest.with_search_k(10) for name, forest in model.forests.items()})
    return Recommender(factories.listed(model, 12), "v1"), Recommender(model, "v1")


@given(st.sampled_from(USERS[:20]), st.sampled_from(ITEMS), st.integers(1, 40), st.integers(0, 30))
def test_reasons_do_not_change_a_list(user: str, item: str, k: int, offset: int) -> None:
    asked = ListRequest(k, offset=offset)
    for of in approximate():
        for ask in (lambda request: of.recommend(user, request), lambda request: of.similar_items(item, request)):  # noqa: B023
            explained, plain = ask(replace(asked, explain=True)), ask(asked)
            assert all(one.reason is not None for one in explained.items)
            assert [one._replace(reason=None) for one in explained.items] == list(plain.items)
            assert explained.next_offset == plain.next_offset


def test_a_place_behind_precomputed_lists_is_that_of_their_list() -> None:
    listed, alone = approximate()
    assert any(ids(listed.recommend(user)) != ids(alone.recommend(user)) for user in USERS[:20])
    for of in (listed, alone):
        for user in USERS[:20]:
            for rank, item in enumerate(of.recommend(user, ListRequest(30)).items[::5]):
                placed = find_placement(of, user, item.item_id)
                assert (placed.rank, placed.item._replace(reason=None)) == (5 * rank + 1, item)


@pytest.mark.parametrize("option", ["diversity", "popularity_penalty"])
def test_an_option_that_moves_an_item_out_is_named(option: str) -> None:
    of, moved = asking("none"), 0
    for user in USERS[:8]:
        plain = ids(of.recommend(user))
        asked = ListRequest(**{option: 0.9})
        for item in set(plain) - set(ids(of.recommend(user, asked))):
            found = find_placement(of, user, item, asked).obstacles
            assert found[0] == Reordered(option, plain.index(item) + 1)  # type: ignore[arg-type]
            assert [type(one) for one in found] == [Reordered, Outranked]
            moved += 1
    assert moved


def test_a_rank_after_the_last_page_is_none_and_the_score_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    of = asking("none")
    whole = of.recommend("u1", ListRequest(60, explain=True))
    monkeypatch.setattr(placement, "MOST_RANK", 20)
    for at, rank in ((18, 19), (19, 20), (20, None), (40, None)):
        item = whole.items[at]
        placed = find_placement(of, "u1", item.item_id, ListRequest(3))
        assert (placed.rank, placed.rank_without, shown(placed.item)) == (rank, rank, shown(item))
        assert placed.obstacles == (Outranked(rank, 3),)
    deep = find_placement(of, "u1", whole.items[40].item_id, ListRequest(45))
    assert (deep.rank, deep.listed) == (41, True)


def test_when_an_item_was_seen() -> None:
    of = Recommender(factories.model(), "v1", EventsInfo(weights={"view": 1.0, "skip": 0.0}))
    before = (Event("i1", "view", None, 50), Event("i1", "skip", None, 40), Event("i1", "view", None, 30))
    events = UserEvents((Event("i1", "view", None, 70), Event("i9", "view"), Event("i1", "view", None, 90)))

    def seen(user: str, item: str, events: UserEvents = NO_EVENTS) -> Seen:
        found = find_placement(of, user, item, events=events, trained_events=before).obstacles[0]
        assert isinstance(found, Seen)
        return found

    trained = seen("u1", "i1")
    assert trained == Seen(True, 1.0, (before[0], before[2]))  # the skip does not count
    assert trained.at == 50
    both = seen("u1", "i1", events)
    assert (both.weight, both.at, [event.timestamp for event in both.events]) == (1.0, 90, [90, 70, 50, 30])
    later = seen("u5", "i1", events)
    assert (later.weight, [event.timestamp for event in later.events]) == (None, [90, 70])
    assert seen("u29", "i48") == Seen(False, 0.0, (before[0], before[2]))
    forgotten = seen("u1", "i1", replace(events, forgotten=True))
    assert (forgotten.weight, [event.timestamp for event in forgotten.events]) == (None, [90, 70])
    skipped = UserEvents((Event("i20", "skip"),))
    assert not [one for one in find_placement(of, "u1", "i20", events=skipped).obstacles if isinstance(one, Seen)]


def test_a_low_rating_is_seen_and_not_liked() -> None:
    of = Recommender(factories.model(), "v1", EventsInfo(threshold=3.0))
    events = UserEvents((Event("i20", value=5.0, timestamp=10), Event("i20", value=1.0, timestamp=20)))
    (seen, *_) = find_placement(of, "u1", "i20", events=events).obstacles
    assert seen == Seen(False, None, events.events[::-1])
    assert find_placement(of, "u1", "i20", events=replace(events, events=events.events[:1])).obstacles[0] == Seen(
        True, None, events.events[:1]
    )


def test_a_disliked_item_is_kept_out_even_where_seen_items_are_included() -> None:
    of = Recommender(factories.model(), "v1", EventsInfo(weights={"view": 1.0, "dislike": -1.0, "skip": -0.2}))
    events = UserEvents((Event("i20", "dislike", timestamp=10), Event("i21", "skip"), Event("i1", "dislike")))
    for asked in (ListRequest(50), ListRequest(50, include_seen=True)):
        placed = find_placement(of, "u1", "i20", asked, events)
        assert placed.obstacles == (Seen(False, None, events.events[:1]),)
        assert (placed.rank, placed.rank_without is None) == (None, False)
        assert find_placement(of, "u1", "i21", asked, events).listed
    cancelled = find_placement(of, "u1", "i1", ListRequest(50), events)
    assert cancelled.obstacles == (Seen(False, 1.0, events.events[2:]),)
    assert find_placement(of, "u1", "i1", ListRequest(50, include_seen=True), events).listed


def test_the_value_that_fails_a_condition_is_that_of_the_record() -> None:
    of = asking("none")
    asked = ListRequest(filters=(Condition("year", ">=", (2020.5,)), Condition("year", "not in", ("1993", "1994"))))
    found = find_placement(of, "u9", "i3", asked).obstacles
    assert found[:2] == (Filtered("year>=2020.5", 1993), Filtered("year!:1993,1994", 1993))


def test_an_unknown_item_and_an_unknown_attribute_are_refused() -> None:
    with pytest.raises(NotFoundError, match="item 'I3' is not in the catalog of model v1; did you mean 'i3'"):
        find_placement(asking("none"), "u1", "I3")
    with pytest.raises(QueryError, match="items have no attribute 'yaer'; did you mean 'year'"):
        find_placement(asking("none"), "u1", "i3", ListRequest(filters=(Condition("yaer", ">", (1.0,)),)))
    with pytest.raises(NotFoundError, match="group 99 is not in this model"):
        find_placement(asking("none"), "u1", "i3", ListRequest(cluster=99))


def test_an_unknown_user_gets_the_place_in_the_popular_items() -> None:
    of = asking("none")
    best = of.popular(ListRequest(50, explain=True)).items
    for at in (0, 9, 10, 49):
        placed = find_placement(of, "nobody", best[at].item_id)
        assert (placed.strategy, placed.fallback, placed.rank) == ("popular", True, at + 1)
        assert placed.item == best[at]


def test_only_ranks_the_named_items() -> None:
    of = asking("forest")
    whole = of.recommend("u3", ListRequest(60))
    chosen = frozenset(ids(whole)[::7])
    answer = of.recommend("u3", ListRequest(60, only=(*chosen, "unknown", "i3")))  # u3 has seen i3
    assert answer.items == tuple(item for item in whole.items if item.item_id in chosen)
    assert of.recommend("u3", ListRequest(only=("unknown",))).items == ()
    years = np.array([int(item[1:]) + 1990 for item in sorted(chosen)])
    late = ListRequest(60, only=chosen, filters=(Condition("year", ">", (float(np.median(years)),)),))
    assert 0 < len(of.recommend("u3", late).items) < len(chosen)
