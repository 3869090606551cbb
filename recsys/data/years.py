"""Detection of the attribute that holds years."""

from __future__ import annotations

from recsys.data.attributes import Attributes

FIRST_YEAR = 1000
LAST_YEAR = 2100


def year_attribute(attributes: Attributes) -> str | None:
    """Return the attribute whose numbers are all years, preferring "year" in its name; None without such an attribute."""
    candidates = []
    for name, num in attributes.nums.items():
        numbers = attributes.numbers
        values = numbers.values[numbers.indptr[num] : numbers.indptr[num + 1]]
        if len(values) and values[0] >= FIRST_YEAR and values[-1] <= LAST_YEAR:
            candidates.append(name)
    named = [name for name in candidates if "year" in name.casefold()]
    return next(iter(named or candidates), None)


def is_year(word: str) -> bool:
    """Return whether a word may be a year."""
    return word.isascii() and word.isdecimal() and FIRST_YEAR <= int(word[:5]) <= LAST_YEAR
