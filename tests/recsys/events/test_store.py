"""The event store, as one contract over SQLite and PostgreSQL; the oracle is a list of events."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import QueryError
from recsys.events import store as event_store
from recsys.events import tables
from recsys.events.activity import NO_EVENTS, Event, UserEvents
from recsys.events.records import Added, ReceivedEvent, user_hash
from recsys.events.store import EventStore
from tests.support.event_stores import NOW, event, everything, items
from tests.support.odd_ids import ODD_IDS

POSSIBLE_IDS = [one for one in ODD_IDS if "\0" not in one and len(one) <= 512]
IMPOSSIBLE_IDS = ["", "null\0byte", "x" * 513, "half\ud83e"]


def test_nothing_is_known_at_first(store: EventStore) -> None:
    assert store.read_user("u") == NO_EVENTS
    assert (everything(store), store.history("u"), store.hidden(), store.forgotten_hashes()) == (
        [],
        (),
        frozenset(),
        frozenset(),
    )
    mark = store.watermark()
    assert (mark.store_id, mark.through, mark.forgotten_through) == (store.store_id, 0, 0)
    assert store.add([]) == Added(0, 0)


def test_events_come_back_as_they_were(store: EventStore) -> None:
    given = [event(item="a", event="like", value=4.5, timestamp=NOW - 5), event(item="b", value=-1e15), event(item="c")]
    assert store.add(given) == Added(3, 0)
    expected = (
        Event("a", "like", 4.5, NOW - 5),
        Event("b", "", -1e15, NOW),
        Event("c", "", None, NOW),
    )
    look = store.read_user("u")
    assert look == UserEvents(expected, seq=store.watermark().through)
    assert [one.event for one in everything(store)] == [*expected]
    assert [one.event for one in store.history("u")] == [*reversed(expected)]
    assert store.history("u", most=1)[0].event == expected[-1]


@pytest.mark.parametrize("position", ["user_id", "item_id", "event_id", "event", "recommendation_id"])
def test_ids_are_kept_byte_for_byte(store: EventStore, position: str) -> None:
    fields = [{"user_id": "u", "item_id": "i"} | {position: one} for one in POSSIBLE_IDS]
    assert store.add([ReceivedEvent(**one) for one in fields]).accepted == len(POSSIBLE_IDS)
    stored = everything(store)
    assert len(stored) == len(POSSIBLE_IDS)
    if position == "user_id":
        assert [one.user_id for one in stored] == POSSIBLE_IDS
        assert [len(store.read_user(one).events) for one in POSSIBLE_IDS] == [1] * len(POSSIBLE_IDS)
    if position == "item_id":
        assert [one.event.item_id for one in stored] == POSSIBLE_IDS


def test_events_of_a_user_with_an_item(store: EventStore) -> None:
    store.add([event(item="a", event="view"), event(item="b"), event("other", item="a"), event(item="a", value=2.0)])
    mark = store.watermark().through
    store.add([event(item="a", event="like")])
    assert [one.event for one in store.pair_history("u", "a")] == ["like", "", "view"]
    assert store.pair_history("u", "a", mark) == (Event("a", "", 2.0, NOW), Event("a", "view", None, NOW))
    assert store.pair_history("u", "a", mark, most=1) == (Event("a", "", 2.0, NOW),)
    assert store.pair_history("u", "c") == store.pair_history("nobody", "a") == ()


@pytest.mark.parametrize("name", ["user_id", "item_id", "event_id", "event", "recommendation_id"])
@pytest.mark.parametrize("one", IMPOSSIBLE_IDS)
def test_ids_that_no_database_keeps_are_refused(name: str, one: str) -> None:
    if name == "event" and not one:
        return
    with pytest.raises(QueryError, match=rf"^{name} .* (is empty|holds|is 513 characters)"):
        ReceivedEvent(**({"user_id": "u", "item_id": "i"} | {name: one}))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1.1e15])
def test_values_that_are_no_numbers_of_a_sane_size_are_refused(value: float) -> None:
    with pytest.raises(QueryError, match=r"value is .*; it must be a number of at most 1e15"):
        event(value=value)


@pytest.mark.parametrize("one", IMPOSSIBLE_IDS)
def test_questions_about_ids_that_cannot_be_stored_are_answered(store: EventStore, one: str) -> None:
    store.add([event()])
    assert store.read_user(one) == NO_EVENTS
    assert store.history(one) == store.pair_history(one, "i") == store.pair_history("u", one) == ()
    assert store.forget(one) == 0
    assert store.read_user(one).forgotten
    store.unhide(one)
    with pytest.raises(QueryError, match=r"^item_id "):
        store.hide(one)
    assert store.read_user("u").events


def test_an_event_id_counts_once(store: EventStore, opened: Callable[[], EventStore]) -> None:
    assert store.add([event(item="a", event_id="1"), event(item="b", event_id="1"), event(item="c")]) == Added(2, 1)
    assert opened().add([event(item="d", event_id="1"), event(item="e", event_id="2")]) == Added(1, 1)
    assert store.add([event(item="f"), event(item="f")]) == Added(2, 0)
    assert items(store.read_user("u").events) == ["a", "c", "e", "f", "f"]


def test_a_model_is_told_only_what_came_after_it(store: EventStore) -> None:
    store.add([event(item="old"), event("other", item="x")])
    mark = store.watermark()
    assert store.read_user("u", mark.through) == NO_EVENTS
    store.add([event(item="new")])
    assert items(store.read_user("u", mark.through).events) == ["new"]
    assert items(store.read_user("u").events) == ["old", "new"]
    assert [one.event.item_id for one in everything(store, mark.through)] == ["new"]


def test_events_are_in_the_order_of_time_and_then_of_arrival(store: EventStore) -> None:
    times = {"third": NOW, "first": NOW - 9, "fourth": NOW, "second": NOW - 9}
    store.add([event(item=name, timestamp=time) for name, time in times.items()])
    assert items(store.read_user("u").events) == ["first", "second", "third", "fourth"]


def test_later_pages_see_what_the_first_page_saw(store: EventStore) -> None:
    first = store.read_user("u")
    store.add([event(item="a"), event(item="b")])
    second = store.read_user("u")
    store.add([event(item="c"), event("other")])
    assert (items(second.events), second.later) == (["a", "b"], ())
    again = store.read_user("u", up_to=first.seq)
    assert (items(again.events), items(again.later)) == ([], ["a", "b", "c"])
    look = store.read_user("u", up_to=second.seq)
    assert (items(look.events), items(look.later), look.seq) == (["a", "b"], ["c"], second.seq)


def test_of_too_many_events_the_last_ones_are_seen(
    opened: Callable[[], EventStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_EVENTS", 3)
    store = opened()
    store.add([event(item=str(n)) for n in range(5)])
    assert items(store.read_user("u").events) == ["2", "3", "4"]


def test_a_forgotten_user_is_forgotten_and_may_begin_again(store: EventStore, opened: Callable[[], EventStore]) -> None:
    store.add([event(item="a", event_id="1"), event(item="b"), event("v")])
    before = store.watermark()
    assert store.forget("u") == 2
    after = store.watermark()
    for one in (store, opened()):
        assert one.read_user("u") == UserEvents(forgotten=True)
        assert one.read_user("u", before.through, before.forgotten_through) == UserEvents(forgotten=True)
        assert one.read_user("u", after.through, after.forgotten_through) == NO_EVENTS
        assert one.history("u") == ()
        assert [event.user_id for event in everything(one)] == ["v"]
        assert one.forgotten_hashes() == {user_hash("u")}
    assert not store.read_user("v").forgotten
    store.add([event(item="c")])
    assert store.read_user("u") == UserEvents(
        (Event("c", "", None, NOW),), forgotten=True, seq=store.watermark().through
    )
    assert store.watermark().through > before.through
    store.forget("u")
    assert store.read_user("u", after.through, after.forgotten_through) == UserEvents(forgotten=True)


def test_a_late_retry_of_a_forgotten_event_does_not_bring_it_back(store: EventStore) -> None:
    store.add([event(item="a", event_id="1")])
    store.forget("u")
    assert store.add([event(item="a", event_id="1")]) == Added(0, 1)
    assert store.read_user("u").events == ()


def test_hidden_items_are_told_to_every_worker_at_once(store: EventStore, opened: Callable[[], EventStore]) -> None:
    other = opened()
    assert other.read_user("u").hidden == frozenset()
    for one in POSSIBLE_IDS:
        store.hide(one)
    store.hide(POSSIBLE_IDS[0])
    assert other.read_user("u").hidden == other.hidden() == frozenset(POSSIBLE_IDS)
    other.unhide(POSSIBLE_IDS[0])
    other.unhide("never hidden")
    assert store.read_user("u").hidden == frozenset(POSSIBLE_IDS[1:])


def test_a_long_store_is_read_in_chunks(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_store, "CHUNK", 4)
    store.add([event(f"u{n % 3}", item=str(n), event_id=f"{n}") for n in range(30)])
    store.forget("u1")
    expected = [(f"u{n % 3}", str(n)) for n in range(30) if n % 3 != 1]
    chunks = list(store.since())
    assert [(one.user_id, one.event.item_id) for chunk in chunks for one in chunk] == expected
    assert max(map(len, chunks)) == 4
    up_to = chunks[2][-1].seq
    assert [one for chunk in store.since(0, up_to) for one in chunk] == [one for chunk in chunks[:3] for one in chunk]


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(
            st.just("add"),
            st.lists(
                st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.none() | st.integers(0, 5)), max_size=4
            ),
        ),
        st.tuples(st.just("forget"), st.sampled_from("ab")),
        st.tuples(st.just("hide"), st.sampled_from("xyz")),
        st.tuples(st.just("unhide"), st.sampled_from("xyz")),
    ),
    max_size=12,
)


@given(OPERATIONS)
def test_any_sequence_of_changes_leaves_what_a_list_would_hold(
    store: EventStore, counter: Iterator[int], operations: list[tuple[str, object]]
) -> None:
    run = next(counter)
    for item_id in store.hidden():
        store.unhide(item_id)
    start, events, hidden, ids, forgotten = store.watermark(), [], set(), set(), set()
    for kind, what in operations:
        if kind == "add":
            batch = [(f"{run}{user}", item, key) for user, item, key in what]  # type: ignore[attr-defined]
            store.add([event(user, item, None if key is None else f"{run} {key}") for user, item, key in batch])
            for user, item, key in batch:
                if key is None or key not in ids:
                    events.append((user, item))
                    ids.add(key)
        elif kind == "forget":
            user = f"{run}{what}"
            assert store.forget(user) == sum(one == user for one, _ in events)
            events = [one for one in events if one[0] != user]
            forgotten.add(user)
        else:
            getattr(store, kind)(what)
            (hidden.add if kind == "hide" else hidden.discard)(what)
    for user in (f"{run}a", f"{run}b"):
        look = store.read_user(user, start.through, start.forgotten_through)
        assert items(look.events) == [item for one, item in events if one == user]
        assert (look.forgotten, look.hidden) == (user in forgotten, hidden)
    assert [(one.user_id, one.event.item_id) for one in everything(store, start.through)] == events
    assert {user_hash(user) for user in forgotten} <= store.forgotten_hashes()


@pytest.fixture(scope="module")
def counter() -> Iterator[int]:
    return itertools.count()
