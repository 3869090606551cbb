"""How popular items are by the events of a store."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.events.activity import EventRules
from recsys.events.store import EventStore
from tests.support.event_stores import NOW, event

DAY = 86_400


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(0, 20), st.sampled_from([None, 0, 2, 4]))
    ),
    st.sampled_from([0.0, 1.0, 7.0]),
    st.sampled_from([None, 3.0]),
)
def test_counts_are_users_with_decay(
    store: EventStore,
    given: list[tuple[str, str, int, float | None]],
    half_life: float,
    threshold: float | None,
) -> None:
    mark = store.watermark().through
    store.add([event(user, item, value=value, timestamp=NOW - days * DAY) for user, item, days, value in given])
    last: dict[tuple[str, str], int] = {}
    for user, item, days, value in given:
        liked = value is None or (value > 0 if threshold is None else value >= threshold)
        if liked and days <= 10:
            last[item, user] = min(days, last.get((item, user), days))
    expected: dict[str, float] = defaultdict(float)
    for (item, _), days in last.items():
        expected[item] += 0.5 ** (days / half_life) if half_life else 1
    found = store.recent_counts(NOW - 10 * DAY, half_life, mark, EventRules({}, threshold))
    assert found == pytest.approx(expected)


def test_counts_leave_out_ignored_and_unknown_types_and_deleted_users(store: EventStore) -> None:
    kinds = ["like", "skip", "unknown", ""]
    store.add([event(f"u{n}", item=kind or "none", event=kind) for n, kind in enumerate(kinds)])
    store.add([event("gone", "like", event="like", event_id="1")])
    store.forget("gone")
    rules = EventRules({"like": 2.0, "skip": 0.0})
    assert store.recent_counts(0, 0, rules=rules) == {"like": 1.0, "none": 1.0}
    assert store.recent_counts(0, 0) == {"like": 1.0, "none": 1.0, "skip": 1.0, "unknown": 1.0}


def test_events_of_the_future_count_once(store: EventStore) -> None:
    store.add([event(timestamp=NOW + 100 * DAY)])
    assert store.recent_counts(0, 1.0) == {"i": 1.0}
