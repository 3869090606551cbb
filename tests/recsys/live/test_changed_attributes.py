"""Attributes after changes are those of the changed catalog."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.attributes import Attributes
from recsys.data.catalog import Attribute, Catalog, Item
from recsys.live.changed_attributes import changed_attributes

VALUES: st.SearchStrategy[Attribute] = st.one_of(
    st.sampled_from(["drama", "Drama", "war", "1990", ""]),
    st.sampled_from([1990, 2000.5, -1, True]),
    st.lists(st.sampled_from(["drama", "war", "sea"]), max_size=3),
)
RECORDS = st.dictionaries(st.sampled_from(["genre", "year", "price", "brand"]), VALUES, max_size=4)


@given(st.lists(RECORDS, min_size=1, max_size=12), st.data())
def test_they_are_those_of_the_changed_catalog(records: list[dict[str, Attribute]], data: st.DataObject) -> None:
    items = [Item(f"i{num}", attributes=record) for num, record in enumerate(records)]
    before = Attributes.from_catalog(Catalog.from_items(items))
    changes = data.draw(st.dictionaries(st.integers(0, len(items) - 1), RECORDS, max_size=6))
    found = changed_attributes(before, {num: (items[num].attributes, new) for num, new in changes.items()})
    changed = [replace(item, attributes=changes.get(num, item.attributes)) for num, item in enumerate(items)]
    expected = Attributes.from_catalog(Catalog.from_items(changed))
    assert found.numbers.sound()
    assert found.texts.sound()
    assert (np.diff(found.texts.indptr) > 0).all()
    assert {name for name, kind in expected.names().items() if kind} <= found.names().keys()
    for name, num in expected.nums.items():
        own = found.nums[name]
        part, other = (
            slice(part.numbers.indptr[at], part.numbers.indptr[at + 1]) for part, at in ((found, own), (expected, num))
        )
        assert found.numbers.values[part].tolist() == expected.numbers.values[other].tolist()
        assert found.numbers.items[part].tolist() == expected.numbers.items[other].tolist()
        for text in ("drama", "war", "sea", "1990", "true", "True", ""):
            assert found.texts.equal(own, text).tolist() == expected.texts.equal(num, text).tolist()
