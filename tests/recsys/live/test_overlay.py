"""Records of items after changes, against a dict."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.attributes import Attributes
from recsys.data.catalog import Item
from recsys.data.filters import Condition
from recsys.errors import QueryError
from recsys.events.item_values import ItemChange, Kind, Values
from recsys.live.overlay import changed_item, overlaid
from recsys.model.extras.arrivals import ATTRIBUTE, Arrivals
from recsys.recommend.recommender import Recommender
from tests.support import factories

ALIEN = Item("alien", "Alien", "a ship", {"genre": ["horror"], "year": 1979, "price": 9.5})
VALUES = st.dictionaries(st.sampled_from("abc"), st.one_of(st.none(), st.integers(0, 3)), max_size=3)
STEPS = st.lists(st.tuples(st.sampled_from(["put", "patch", "delete"]), st.sampled_from("xy"), VALUES), max_size=8)


@given(STEPS)
def test_a_change_after_another_is_that_of_a_record(steps: list[tuple[Kind, str, Values]]) -> None:
    held: dict[str, ItemChange] = {}
    truth: dict[str, dict[str, object] | None] = {"x": {"a": 9, "b": 9}, "y": {"a": 9, "b": 9}}
    for kind, item_id, values in steps:
        record = truth[item_id]
        if kind == "patch" and record is None:
            continue
        held[item_id] = ItemChange(item_id, kind, {} if kind == "delete" else values).after(held.get(item_id))
        truth[item_id] = None if kind == "delete" else {**({} if kind == "put" else record or {}), **values}
    for item_id, change in held.items():
        assert change.is_deleted == (truth[item_id] is None)
        found = changed_item(Item(item_id, "", "", {"a": 9, "b": 9}), change)
        if not change.is_deleted:
            assert found.attributes == {name: v for name, v in (truth[item_id] or {}).items() if v is not None}


def test_values_become_attributes_as_from_a_file() -> None:
    change = ItemChange("alien", "patch", {"stock": True, "price": None, "year": 1980, "available": False})
    assert changed_item(ALIEN, change) == Item(
        "alien", "Alien", "a ship", {"genre": ["horror"], "year": 1980, "stock": "true", "available": "false"}
    )
    change = ItemChange("alien", "put", {"title": "Alien 2", "genre": [], "brand": ""})
    assert changed_item(ALIEN, change) == Item("alien", "Alien 2", "a ship", {})


@given(st.lists(STEPS, max_size=3))
def test_changes_in_parts_are_those_at_once(parts: list[list[tuple[Kind, str, Values]]]) -> None:
    model = factories.model()
    base = Recommender(model, "v1")
    held: dict[str, ItemChange] = {}
    live: Recommender | None = None
    for revision, steps in enumerate(parts, 1):
        new: dict[str, ItemChange] = {}
        for kind, letter, values in steps:
            item_id = {"x": "i3", "y": "unknown"}[letter]
            if kind != "patch" or not (item_id in held and held[item_id].is_deleted):
                change = ItemChange(item_id, kind, {} if kind == "delete" else values)
                held[item_id] = new[item_id] = change.after(held.get(item_id))
        live = overlaid(base, new.values(), revision, live)
    at_once = overlaid(base, held.values(), len(parts))
    found = live or base
    assert found.deleted == at_once.deleted
    if "i3" not in found.deleted:
        assert found.item("i3") == at_once.item("i3")
    for name in "abc":
        if name in found.model.attributes.nums and name in at_once.model.attributes.nums:
            condition = (Condition(name, ">=", (1,)),)
            masks = [_mask(one.model.attributes, condition) for one in (found, at_once)]
            assert masks[0] == masks[1]


def _mask(attributes: Attributes, conditions: tuple[Condition, ...]) -> list[bool]:
    try:
        return attributes.mask(conditions).tolist()
    except QueryError:  # no item has a number there
        return [False] * attributes.n_items


@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(0, 5), st.sampled_from([None, 0, 3600, 7200, "1970-01-01T04:00:00Z", "soon"])),
            max_size=4,
        ),
        max_size=3,
    )
)
def test_the_newest_items_follow_available_from(parts: list[list[tuple[int, str | int | None]]]) -> None:
    model = factories.model_of([Item(f"i{num}", "", "", {ATTRIBUTE: 7200} if num < 2 else {}) for num in range(6)])
    trained = Arrivals.of(model.catalog, model.attributes, np.array([-1, 0, 3600, 7200, 10800, -1]))
    assert trained is not None
    base = live = Recommender(model.with_extras(trained), "v1")
    for revision, changes in enumerate(parts, 1):
        held = {num: ItemChange(f"i{num}", "patch", {ATTRIBUTE: value}) for num, value in changes}
        live = overlaid(base, held.values(), revision, live)
    found, first = live.model.need(Arrivals), np.array([-1, -1, 3600, 7200, 10800, -1])
    expected = Arrivals.of(live.model.catalog, live.model.attributes, first)
    times, flags = (first, np.zeros(6)) if expected is None else (expected.times, expected.announced)
    assert found.times.tolist() == times.tolist()
    assert found.announced.tolist() == flags.tolist()
    assert found.order.tolist() == sorted(range(6), key=lambda num: (-times[num], num))
