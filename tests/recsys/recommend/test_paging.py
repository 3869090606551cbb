"""Pages of any size, one after another, are one long list: nothing comes twice and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.filters import Condition
from recsys.events.activity import NO_EVENTS, Event, UserEvents
from recsys.recommend import ranking
from recsys.recommend.answer import Answer, Page, page
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import MOST_OFFSET, ListRequest
from tests.recsys.model.test_precomputed_lists import ids
from tests.support import factories

USERS, ITEMS = [f"u{num}" for num in range(30)], [f"i{num}" for num in range(50)]
Ask = Callable[[ListRequest], Answer]


@lru_cache
def asking(kind: str) -> Recommender:
    """Fifty items of a model with lists, without, or behind forests that look at a few of three thousand."""
    if kind == "forest":
        model = factories.model(30, 3000, 8, 4, annoy=True)
        return Recommender(replace(model, **{n: f.with_search_k(30) for n, f in model.forests.items()}), "v1")
    return Recommender(factories.listed(factories.model(), 12) if kind == "lists" else factories.model(), "v1")


def ask(of: Recommender, who: str, activity: UserEvents, hidden: frozenset[str]) -> Ask:
    """A question that only says which page; `who` is a user, an item, or what it is called."""
    if who == "guest":
        return lambda asked: of.recommend([Event("i3"), Event("i17")], asked, UserEvents(hidden=hidden))
    if who in ("popular", "trending"):
        return lambda asked: of.popular(asked, who, of.popularity_with(who, {"i9": 2.5, "i30": 1.0}), hidden)  # type: ignore[arg-type]
    if who.startswith("i"):
        return lambda asked: of.similar_items(who, asked, hidden)
    return lambda asked: of.recommend(who, asked, replace(activity, hidden=hidden))


def pages(question: Ask, asked: ListRequest, sizes: list[int]) -> Iterator[Answer]:
    """One after another, as long as one says where the next begins; the sizes come around."""
    offset: int | None = asked.offset
    at = 0
    while offset is not None:
        answer = question(replace(asked, offset=offset, k=sizes[at % len(sizes)]))
        yield answer
        offset, at = answer.next_offset, at + 1


def joined(question: Ask, asked: ListRequest, sizes: list[int]) -> list[tuple[str, float]]:
    found = list(pages(question, asked, sizes))
    assert all(len(one.items) == sizes[at % len(sizes)] for at, one in enumerate(found[:-1]))  # only the last is short
    assert found[-1].items or len(found) == 1  # and none is for nothing
    return [(item.item_id, item.score) for answer in found for item in answer.items]


WHO = st.sampled_from([*USERS[:3], "u29", "nobody", "i0", "i49", "guest", "popular", "trending"])
IDS = st.frozensets(st.sampled_from([*ITEMS, "unknown"]), max_size=45)
FILTERS = st.sampled_from(
    [(), (Condition("year", ">=", (2015.0,)),), (Condition("year", "in", tuple(str(y) for y in range(1990, 2040, 3))),)]
)
EVENTS = st.lists(st.builds(Event, st.sampled_from(ITEMS)), max_size=3).map(tuple)
ASKED = st.builds(
    ListRequest,
    exclude=IDS,
    include_seen=st.booleans(),
    filters=FILTERS,
    diversity=st.sampled_from([0.0, 0.0, 0.5]),
    popularity_penalty=st.sampled_from([0.0, 0.0, 0.4]),
    exact=st.booleans(),
)
SIZES = st.lists(st.integers(1, 20), min_size=1, max_size=4)


@given(st.sampled_from(["lists", "none"]), WHO, ASKED, SIZES, EVENTS, IDS)
def test_pages_are_one_long_list(
    kind: str, who: str, asked: ListRequest, sizes: list[int], events: tuple[Event, ...], hidden: frozenset[str]
) -> None:
    question = ask(asking(kind), who, UserEvents(events), hidden)
    whole = question(replace(asked, k=60))
    assert joined(question, asked, sizes) == [(item.item_id, item.score) for item in whole.items]
    assert whole.next_offset is None
    assert not set(ids(whole)) & (asked.exclude | hidden)


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("who", [*USERS[:6], "i0", "i5", "guest"])
def test_pages_of_a_forest_are_one_long_list(monkeypatch: pytest.MonkeyPatch, who: str, plain: bool) -> None:
    """Though it finds other items where more are asked for."""
    monkeypatch.setattr(ranking, "FEW_ELIGIBLE", 50)
    late = (Condition("year", ">=", (2500.0,)),)
    asked = ListRequest() if plain else ListRequest(filters=late, exclude=("i10", "i2011"))
    question = ask(asking("forest"), who, UserEvents((Event("i40"),)), frozenset())
    offsets = range(0, 240, 10)
    found = [one for offset in offsets for one in ids(question(replace(asked, k=10, offset=offset)))]
    assert found == ids(question(replace(asked, k=240)))
    assert len(set(found)) == 240


@pytest.mark.parametrize("kind", ["lists", "none"])
@pytest.mark.parametrize("who", ["u0", "nobody", "i0", "guest", "popular"])
def test_the_next_offset_is_none_exactly_at_the_end(kind: str, who: str) -> None:
    question = ask(asking(kind), who, NO_EVENTS, frozenset())
    left = len(ids(question(ListRequest(60))))
    assert left >= 46
    for k, offset in ((left, 0), (1, left - 1), (7, left - 7), (left + 1, 0), (9, left - 3)):
        assert question(ListRequest(k, offset=offset)).next_offset is None
    for k, offset in ((left - 1, 0), (1, left - 2), (7, left - 8), (1, 0)):
        assert question(ListRequest(k, offset=offset)).next_offset == offset + k
    for offset in (left, left + 1, MOST_OFFSET):
        behind = question(ListRequest(5, offset=offset))
        assert (behind.items, behind.next_offset) == ((), None)


@given(
    st.sampled_from(["lists", "none"]),
    st.sampled_from(["u0", "u29", "nobody"]),
    st.sampled_from([0.0, 0.5]),
    FILTERS,
    SIZES,
    EVENTS,
    st.lists(st.tuples(st.integers(0, 6), st.sampled_from(ITEMS)), max_size=8),
)
def test_what_is_consumed_between_pages_is_dropped_and_nothing_else(
    kind: str,
    user: str,
    diversity: float,
    filters: tuple[Condition, ...],
    sizes: list[int],
    before: tuple[Event, ...],
    consumed: list[tuple[int, str]],
) -> None:
    """The order of the list stays that of its first page."""
    of, shown, offset, number = asking(kind), [], 0, 0
    asked = ListRequest(filters=filters, diversity=diversity)
    whole = ids(of.recommend(user, replace(asked, k=60), UserEvents(before)))
    later: list[str] = []
    while True:
        later += [item for when, item in consumed if when == number and number > 0]
        activity = UserEvents(before, later=tuple(Event(item) for item in later))
        size = sizes[number % len(sizes)]
        answer = of.recommend(user, replace(asked, k=size, offset=offset), activity)
        expected = [item for item in whole[offset:] if item not in later]
        assert ids(answer) == expected[:size]
        assert (answer.next_offset is None) == (len(expected) <= size)
        shown += ids(answer)
        if answer.next_offset is None:
            break
        offset, number = answer.next_offset, number + 1
    assert len(shown) == len(set(shown))
    assert set(whole) - set(later) <= set(shown)


def test_a_next_page_that_could_not_be_asked_for_is_not_promised() -> None:
    nums = list(range(MOST_OFFSET + 50))
    assert page(nums, MOST_OFFSET - 10, 10, set()).next_offset == MOST_OFFSET
    assert page(nums, MOST_OFFSET - 10, 11, set()).next_offset is None
    assert page(nums, MOST_OFFSET, 1, set()) == Page([MOST_OFFSET], None)


def test_a_page_passes_over_what_is_dropped() -> None:
    nums = [7, 3, 9, 4, 8]
    assert page(nums, 0, 2, set()) == Page([0, 1], 2)
    assert page(nums, 0, 2, {7, 9}) == Page([1, 3], 4)
    assert page(nums, 0, 2, {7, 9, 8}) == Page([1, 3], None)
    assert page(nums, 4, 2, set()) == Page([4], None)
    assert page(nums, 9, 2, set()) == Page([], None)
    assert page([], 0, 2, set()) == Page([], None)
