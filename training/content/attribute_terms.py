"""Words that an item is found by besides those of its title and text: the values of its attributes, and its decade."""

from __future__ import annotations

from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog, Item
from recsys.data.years import year_attribute
from recsys.text.name_rules import LONGEST_VALUE


def value_texts(catalog: Catalog, attributes: Attributes) -> list[str]:
    """For each item a text of its short values; of numbers the year alone is said by people: "1982 1980s 80s"."""
    year = year_attribute(attributes)
    return [" ".join(_values(item, year)) for item in catalog]


def _values(item: Item, year: str | None) -> list[str]:
    found: list[str] = []
    for value in item.attributes.values():
        values = value if isinstance(value, list) else [value]
        found += [one for one in values if isinstance(one, str) and len(one) <= LONGEST_VALUE]
    number = item.attributes.get(year) if year else None
    if isinstance(number, int | float):
        decade = int(number) // 10 * 10
        found += [f"{int(number)}", f"{decade}s", f"{decade % 100:02}s"]
    return found
