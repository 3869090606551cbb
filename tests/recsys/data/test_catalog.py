from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.catalog import Catalog, Item
from recsys.data.ids import IdMap
from recsys.data.packed import PackedStrings
from recsys.errors import BundleError, DataError
from tests.support.odd_ids import ODD_IDS
from tests.support.parts import arrays, opened

ATTRIBUTES = st.dictionaries(
    st.text(),
    st.one_of(st.text(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.lists(st.text())),
    max_size=3,
)
ITEMS = st.lists(
    st.builds(Item, st.text(min_size=1), st.text(), st.text(), ATTRIBUTES),
    unique_by=lambda item: item.item_id,
    max_size=8,
)


@given(ITEMS)
def test_records_come_back_as_they_were(items: list[Item]) -> None:
    catalog = Catalog.from_items(items)
    assert list(catalog) == items
    assert len(catalog) == len(items)
    assert [catalog[num] for num in range(len(items))] == items
    assert catalog.texts() == [item.text for item in items]
    assert list(catalog.titles) == [item.title for item in items]
    nums = [*reversed(range(len(items)))]
    for name in {name for item in items for name in item.attributes} | {"another"}:
        assert list(catalog.values_of(name, nums)) == [items[num].attributes.get(name) for num in nums]
    again = opened(Catalog, arrays(catalog), items=len(items))
    assert list(again) == items
    assert list(again.titles) == [item.title for item in items]


def test_types_of_attributes_are_kept() -> None:
    attributes = {"year": 1999, "price": 2.0, "tags": ["a", "b"], "code": "007"}
    found = Catalog.from_items([Item("i", attributes=attributes)])[0].attributes
    assert found == attributes
    assert [type(value) for value in found.values()] == [int, float, list, str]


def test_odd_ids_titles_and_texts_are_kept() -> None:
    items = [Item(one, title=one, text=one, attributes={one: one}) for one in ODD_IDS]
    assert list(Catalog.from_items(items)) == items


def test_an_item_of_which_nothing_is_known_is_empty() -> None:
    item = Catalog.from_items([Item("i")])[0]
    assert (item.title, item.text, dict(item.attributes)) == ("", "", {})


def test_a_repeated_id_is_refused() -> None:
    with pytest.raises(DataError, match="id 'i' occurs twice"):
        Catalog.from_items([Item("i"), Item("i", "another")])


def test_records_and_ids_must_be_as_many() -> None:
    ids, records = IdMap.from_ids(["a", "b"]), PackedStrings.from_strings(['["", "", {}]'] * 2)
    one = PackedStrings.from_strings(['["", "", {}]'])
    assert len(Catalog(ids, records, records)) == 2
    with pytest.raises(BundleError, match=r"catalog: .* records has 1 items where 2 are expected"):
        Catalog(ids, one, records)
    with pytest.raises(BundleError, match=r"catalog: .* titles has 1 items where 2 are expected"):
        Catalog(ids, records, one)


def test_a_number_that_is_not_finite_cannot_get_in() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        Catalog.from_items([Item("i", attributes={"price": float("nan")})])
