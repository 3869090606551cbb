"""Baskets: what a user took within a window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.config import Config
from recsys.errors import DataError
from tests.support.files import HEADER, config, table
from training.ingest import baskets, ingest
from training.ingest.baskets import find_baskets

HOUR = 3600
Event = tuple[int, int, int]


def found(events: list[Event], hours: float, times: bool = True) -> list[list[int]]:
    columns = np.array(events, dtype=np.int64).reshape(-1, 3).T
    users, items = columns[0].astype(np.int32), columns[1].astype(np.int32)
    kept = find_baskets(users, items, columns[2] if times else None, hours)
    return [
        kept.item_nums[kept.basket_nums == num].tolist() for num in range(int(kept.basket_nums.max(initial=-1)) + 1)
    ]


def expected(events: list[Event], hours: float, most: int) -> list[list[int]]:
    """One event after another, by user and time."""
    made: list[list[Event]] = []
    for event in sorted(events, key=lambda event: (event[0], event[2])):
        last = made[-1] if made else []
        near = last and last[0][0] == event[0] and event[2] <= last[0][2] + hours * HOUR and len(last) < most
        last.append(event) if near else made.append([event])
    return [sorted({item for _, item, _ in basket}) for basket in made]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6), st.integers(-5, 40).map(lambda n: n * HOUR))),
    st.sampled_from([0.5, 3.0, 24.0, 1e6]),
    st.integers(1, 4),
)
def test_a_basket_has_the_events_of_a_window(events: list[Event], hours: float, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baskets, "MOST_EVENTS", most)
        assert found(events, hours) == expected(events, hours, most)


def test_without_times_or_a_window_all_events_of_a_user_are_one_basket() -> None:
    events = [(1, 5, 0), (0, 3, 10**6), (1, 2, 10**9), (1, 5, 10**9), (0, 4, 5)]
    assert found(events, 0) == found(events, 24, times=False) == [[3, 4], [2, 5]]


def test_a_basket_of_many_events_ends_and_the_next_begins() -> None:
    events = [(0, num, num) for num in range(450)]
    assert [len(basket) for basket in found(events, 24)] == [200, 200, 50]
    columns = np.arange(450)
    assert find_baskets(np.zeros(450, np.int32), columns.astype(np.int32), columns, 24).n_cut == 2


def data(tmp_path: Path, **sections: object) -> Config:
    rows = [
        ("u", "a", "5", "buy", "0"),
        ("u", "b", "1", "buy", "10"),
        ("u", "c", "5", "view", "20"),
        ("u", "d", "0", "buy", "30"),
        ("u", "e", "2", "buy", "90000"),
    ]
    return config(table(tmp_path / "events.csv", rows, HEADER), **{"together": {"event": "buy"}, **sections})  # type: ignore[arg-type]


def of(config: Config) -> list[list[str]]:
    dataset = ingest.ingest(config)
    kept = dataset.baskets
    assert kept is not None
    ids = np.array([dataset.catalog.items.id(num) for num in kept.item_nums.tolist()])
    return [sorted(ids[kept.basket_nums == num]) for num in range(int(kept.basket_nums.max()) + 1)]


def test_positive_events_of_the_configured_type_count(tmp_path: Path) -> None:
    assert of(data(tmp_path)) == [["a", "b"], ["e"]]
    assert of(data(tmp_path, together={})) == [["a", "b", "c"], ["e"]]
    assert of(data(tmp_path, data={"threshold": 2.0})) == [["a"], ["e"]]


def test_a_type_that_the_data_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"together\.event = 'vew': the data has no such event; did you mean 'view'\?"):
        ingest.ingest(data(tmp_path, together={"event": "vew"}))
    assert ingest.ingest(data(tmp_path, together={"enabled": False, "event": "vew"})).baskets is None


def test_the_first_event_of_each_item_is_kept(tmp_path: Path) -> None:
    rows = [("u", "a", "0", "view", "50"), ("v", "a", "1", "view", "90"), ("u", "b", "1", "view", "70")]
    dataset = ingest.ingest(config(table(tmp_path / "events.csv", rows, HEADER)))
    assert dataset.first_events is not None
    assert dict(zip(dataset.catalog.items, dataset.first_events.tolist(), strict=True)) == {"a": 50, "b": 70}
    without = table(tmp_path / "no_times.csv", [row[:4] for row in rows], HEADER[:4])
    assert ingest.ingest(config(without)).first_events is None
