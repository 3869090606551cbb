"""Titles in the lists of a reply."""

from __future__ import annotations

import pytest

from recsys.chat.references import listed_items, prose
from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog, Item
from recsys.text.name_index import NameIndex

TITLES = [
    "Airplane!",
    "Star Wars",
    "Star Wars: The Last Jedi",
    "Dune",
    "Dune",
    "It",
    "8½",
    "Who Framed Roger Rabbit?",
    "[REC]",
]
TITLES += ["C++", "A very long name of a thing that a shop sells, in blue, with a cover, of cotton and of wool"]
YEARS = [1980, 1977, 2017, 1984, 2021, 1990, 1963, 1988, 2007, 1985, 2024]
CATALOG = Catalog.from_items([Item(f"i{num}", title) for num, title in enumerate(TITLES)])
NAMES = NameIndex.from_catalog(CATALOG, Attributes.from_catalog(CATALOG).nums)


def listed(text: str) -> list[tuple[int, ...]]:
    return list(listed_items(text, NAMES, lambda num: YEARS[num]))


@pytest.mark.parametrize("num", range(len(TITLES)))
@pytest.mark.parametrize(
    "line",
    ["1. {} ({}): like X; Comedy", "12) {} ({})", "* {} ({}), which you may like", "  - {} {}", "1. **{}** ({})"],
)
def test_every_title_is_found_at_the_beginning_of_its_line(num: int, line: str) -> None:
    found = listed("For you:\n" + line.format(TITLES[num], YEARS[num]) + "\nMore?")
    assert len(found) == 1
    assert num in found[0]
    assert len(found[0]) == 1 or "**" in line


def test_of_one_title_without_a_year_all_are() -> None:
    assert listed("1. Dune") == [(3, 4)]


@pytest.mark.parametrize(
    "text", ["Star Wars was first", "1. It is what it is", "1. Nothing known", "1.", "- ", "1. " + "(" * 5000]
)
def test_what_is_no_title_at_the_beginning_of_a_line_is_none(text: str) -> None:
    assert not any(listed(text))


def test_prose_is_the_rest() -> None:
    assert prose("For Dune:\n1. Star Wars\n2. Dune\nComedy, yes or no?").split("\n") == [
        "For Dune:",
        "",
        "",
        "Comedy, yes or no?",
    ]
