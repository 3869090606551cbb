"""What the other side of a conversation has shown: the titles at the beginning of the lines of its lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from recsys.names import Names
from recsys.naming import MOST_WORDS
from recsys.spelling import tokens

LINE = re.compile(r"^[ \t]*(?:[0-9]{1,4}[.)]|[-*\u2022])[ \t]+(.*)$", re.MULTILINE)
LONGEST_LINE = 200
YEAR = re.compile(r"\s*\(?([0-9]{4})\)?")


def listed_items(text: str, names: Names, year_of: Callable[[int], int | None]) -> Iterator[tuple[int, ...]]:
    """The items that each line of the lists in a text begins with, of several of one title those of the year behind it.

    A line that begins with no title yields none, so that places are those of the list.
    """
    for line in LINE.finditer(text):
        yield _begins(line.group(1)[:LONGEST_LINE], names, year_of)


def prose(text: str) -> str:
    """A text without the lines of its lists."""
    return LINE.sub("", text)


def _begins(line: str, names: Names, year_of: Callable[[int], int | None]) -> tuple[int, ...]:
    """No word may follow a title: "It was fun" names none. One of more words than a phrase has is told by its first ones."""
    said = tokens(line)
    best: tuple[int, ...] = ()
    for stop, num in names.matches([one.word for one in said], 0) if said else ():
        behind = line[said[stop - 1].stop :].lstrip()
        items = names.items(num)
        year = YEAR.match(line, said[stop - 1].stop)
        cut = stop >= MOST_WORDS  # the rest of it stands behind
        if items and (year or cut or not behind or not behind[0].isalnum()):
            dated = [one for one in items if year and str(year_of(one)) == year.group(1)]
            best = tuple(dated or items)
    return best
