"""What the other side of a conversation has shown: the titles at the beginning of the lines of its lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence

from recsys.chat.sentiment import Tone
from recsys.chat.utterance import Utterance
from recsys.text.name_index import Names
from recsys.text.name_rules import MOST_WORDS
from recsys.text.tokens import tokens
from recsys.text.vocabulary import ALONE, EMPTY, IDIOMS, NO, SUBJECTS, YES

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


SENTENCE = re.compile(r"(?:[^.!?\n]|\.(?=[0-9]))+[.!?]?")
LONGEST_READ = 2000  # characters of a message


def questions(text: str) -> list[str]:
    """The questions at the end of a text, in its order."""
    return [one for one in SENTENCE.findall(text[-LONGEST_READ:]) if one.endswith("?")]


def yes_or_no(said: Utterance, how: Tone, named: Container[int]) -> bool | None:
    """What an utterance answers where its first clause says nothing else; None where it answers nothing.

    `named` are the places of words that belong to names.
    """
    first = [place for place in range(len(said.tokens)) if how.clauses[place] == how.clauses[0]]
    words = [said.word(place) for place in first]
    if words[0] not in YES | NO or not all(word in EMPTY for word in words) or any(place in named for place in first):
        return None
    if any(tuple(words[: len(idiom)]) == idiom for idiom, _ in IDIOMS if len(idiom) > 1):  # "no idea"
        return None
    if words[0] in ALONE and not all(one.word in EMPTY for one in said.tokens):  # "ok, something else"
        return None
    return words[0] in YES


def is_of_the_items(said: Utterance) -> bool:
    """Whether "none of these" is said of what was shown, and not of what was asked."""
    return any(one.word in ("these", "those") for one in said.tokens)
