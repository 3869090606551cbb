"""The attribute of the items that holds years."""

from __future__ import annotations

from recsys.data.attributes import Attributes

FIRST_YEAR = 1000
LAST_YEAR = 2100


def year_attribute(attributes: Attributes) -> str | None:
    """The attribute that holds years: numbers of which all could be years, by its name where there are several."""
    found = []
    for name, num in attributes.nums.items():
        numbers = attributes.numbers
        values = numbers.values[numbers.indptr[num] : numbers.indptr[num + 1]]
        if len(values) and values[0] >= FIRST_YEAR and values[-1] <= LAST_YEAR:
            found.append(name)
    named = [name for name in found if "year" in name.casefold()]
    return next(iter(named or found), None)


def is_year(word: str) -> bool:
    """Whether a word is a number that may be a year."""
    return word.isascii() and word.isdecimal() and FIRST_YEAR <= int(word[:5]) <= LAST_YEAR
