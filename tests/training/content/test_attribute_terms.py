"""What items are found by besides their texts."""

from __future__ import annotations

from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog, Item
from recsys.text.attribute_terms import value_texts


def test_short_values_and_the_decade_are_words() -> None:
    catalog = Catalog.from_items(
        [
            Item(
                "a",
                attributes={"year": 1982, "genres": ["Sci-Fi", "Horror"], "director": "Ridley Scott", "plot": "x" * 61},
            ),
            Item("b", attributes={"year": 2009.0, "runtime": 120, "new": True}),
            Item("c"),
        ]
    )
    found = value_texts(catalog, Attributes.from_catalog(catalog))
    assert found == ["Sci-Fi Horror Ridley Scott 1982 1980s 80s", "2009 2000s 00s", ""]


def test_without_years_no_number_is_a_word() -> None:
    catalog = Catalog.from_items([Item("a", attributes={"price": 19.5, "brand": "Acme"})])
    assert value_texts(catalog, Attributes.from_catalog(catalog)) == ["Acme"]
