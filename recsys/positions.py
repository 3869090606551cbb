"""Places in a list that a person names: "the second one", "number 3", "the last film"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recsys.everyday import SUBJECTS

WORDS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
FIGURES = ("1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th", "10th")
ORDINALS = {
    **{word: number for number, word in enumerate(WORDS, 1)},
    **{word: number for number, word in enumerate(FIGURES, 1)},
    "last": -1,
}
THINGS = frozenset(("one", "film", "movie", "book", "item", "title", "song", "album", "game", "suggestion", "option"))
NUMBER = frozenset(("number", "nr", "option"))
MOST_DIGITS = 3
GOES_ON = SUBJECTS | {"that"}  # "the last film I saw" is none of the list


def positions(words: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """The first word of each, the place behind its last, and which entry it is, from 1; the last one is -1."""
    padded = [*words, "", ""]
    for place, word in enumerate(words):
        behind, after = padded[place + 1 : place + 3]
        article = place > 0 and words[place - 1] == "the"
        if word in ORDINALS and (article or place == 0) and ((behind in THINGS and after not in GOES_ON) or not behind):
            yield place - article, place + 1 + bool(behind), ORDINALS[word]
        elif word in NUMBER and behind.isascii() and behind.isdecimal() and len(behind) <= MOST_DIGITS:
            yield place, place + 2, int(behind)
