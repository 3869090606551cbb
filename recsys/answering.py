"""Whether somebody answers a question with yes or no, or with a number."""

from __future__ import annotations

import re
from collections.abc import Container

from recsys.everyday import ALONE, EMPTY, IDIOMS, NO, YES
from recsys.polarity import Tone
from recsys.utterance import Utterance

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
