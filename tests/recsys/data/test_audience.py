"""Audiences: the oracle is the mask that filters give for items with the same attributes."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from recsys.data import Attributes, Catalog, Item, belongs, parse_filter

RECORDS: list[dict[str, Any]] = [
    {"country": "CH", "age": 34, "tags": ["new", "VIP"]},
    {"country": "ch", "age": 30.0, "member": "true"},
    {"country": "DE", "tags": [], "age": "34"},
    {"age": -1.5, "code": "007", "tags": ["7"]},
    {"code": 7, "country": "Straße"},
    {},
]
FILTERS = [
    *("country:CH", "country:DE,ch", "country!:CH", "country!:CH,DE", "country:STRASSE", "age>=30", "age<34", "age>34"),
    *(
        "age<=-1.5",
        "age:34",
        "age!:34",
        "age:30",
        "tags:vip",
        "tags!:vip,7",
        "tags:7",
        "code:7",
        "code:007",
        "member:true",
    ),
]


@pytest.mark.parametrize("filters", [*combinations(FILTERS, 1), *combinations(FILTERS, 2)], ids=" ".join)
def test_a_user_belongs_where_an_item_with_the_same_attributes_passes(filters: tuple[str, ...]) -> None:
    conditions = [parse_filter(text) for text in filters]
    items = Catalog.from_items([Item(f"i{num}", attributes=record) for num, record in enumerate(RECORDS)])
    mask = Attributes.from_catalog(items).mask(conditions)
    assert [belongs(record, conditions) for record in RECORDS] == mask.tolist()


def test_everyone_belongs_to_an_audience_without_conditions() -> None:
    assert belongs({}, ())


def test_an_attribute_that_no_user_has_is_no_error() -> None:
    assert not belongs({"age": 3}, [parse_filter("city:Bern")])
    assert not belongs({"age": 3}, [parse_filter("city>=3")])
    assert belongs({"age": 3}, [parse_filter("city!:Bern")])
