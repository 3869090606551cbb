"""Places in a list that a person names: "the second one", "number 3", "the last film"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

ORDINALS = {
    **{word: number for number, word in enumerate(("first", "second", "third", "fourth", "fifth", "sixth"), 1)},
    **{word: number for number, word in enumerate(("1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th"), 1)},
    "last": -1,
}
THINGS = frozenset(("one", "film", "movie", "book", "item", "title", "song", "album", "game", "suggestion", "option"))
NUMBER = frozenset(("number", "nr", "option"))


def positions(words: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """The first word of each, the place behind its last, and which entry it is, from 1; the last one is -1."""
    for place, word in enumerate(words):
        behind = words[place + 1] if place + 1 < len(words) else ""
        article = place > 0 and words[place - 1] == "the"
        if word in ORDINALS and (behind in THINGS or (article and not behind)):
            yield place - article, place + 1 + (behind in THINGS), ORDINALS[word]
        elif word in NUMBER and behind.isdigit():
            yield place, place + 2, int(behind)
