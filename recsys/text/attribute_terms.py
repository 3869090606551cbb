"""Words that find an item besides those of its title and text: the values of its attributes, and its decade."""

from __future__ import annotations

from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog, Item
from recsys.data.years import year_attribute
from recsys.text.name_rules import LONGEST_VALUE


def value_texts(catalog: Catalog, attributes: Attributes) -> list[str]:
    """Return a text of the short values of each item; of numbers, people only write the year: "1982 1980s 80s"."""
    year = year_attribute(attributes)
    return [value_text(item, year) for item in catalog]


def value_text(item: Item, year: str | None) -> str:
    """Return the text of an item; `year` is the attribute that is the year, None for none."""
    words: list[str] = []
    for value in item.attributes.values():
        entries = value if isinstance(value, list) else [value]
        words += [entry for entry in entries if isinstance(entry, str) and len(entry) <= LONGEST_VALUE]
    number = item.attributes.get(year) if year else None
    if isinstance(number, int | float):
        decade = int(number) // 10 * 10
        words += [f"{int(number)}", f"{decade}s", f"{decade % 100:02}s"]
    return " ".join(words)
