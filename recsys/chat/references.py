"""What an utterance refers to in the assistant's last message: entries of its lists, and its questions."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence
from itertools import islice

from recsys.chat.sentiment import Sentiment
from recsys.chat.utterance import Utterance
from recsys.text.name_index import NameIndex
from recsys.text.name_rules import MOST_WORDS
from recsys.text.tokens import tokens
from recsys.text.vocabulary import IDIOMS, ORDINALS, STOP_WORDS, WORDS, phrase_at

LINE = re.compile(r"^[ \t]*(?:[0-9]{1,4}[.)]|[-*\u2022])[ \t]+(.*)$", re.MULTILINE)
LONGEST_LINE = 200
MOST_ENTRIES = 100  # of the last list
YEAR = re.compile(r"\s*\(?([0-9]{4})\)?")
SENTENCE = re.compile(r"(?:[^.!?\n]|\.(?=[0-9]))+[.!?]?")
LONGEST_READ = 2000  # characters of a message
RELATIVE = WORDS["subjects"] | {"that"}  # "the last film I saw" is no entry of the list

YearOf = Callable[[int], int | None]


def listed_items(text: str, names: NameIndex, year_of: YearOf) -> Iterator[tuple[int, ...]]:
    """Yield the items whose title begins each line of the lists in a text; only those of the year behind it, where it fits.

    A line that begins with no title yields (), so that entries keep their positions.
    """
    for line in LINE.finditer(text):
        yield _first_title(line.group(1)[:LONGEST_LINE], names, year_of)


def prose(text: str) -> str:
    """Return a text without the lines of its lists."""
    return LINE.sub("", text)


def referred_items(
    words: Sequence[str], reply: str, names: NameIndex, year_of: YearOf
) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """Yield the first token, the token after the last, and the items of each reference to the list in `reply`."""
    positions = list(_positions(words))
    entries = list(islice(listed_items(reply, names, year_of), MOST_ENTRIES)) if positions else []
    for start, stop, number in positions:
        entry = len(entries) - 1 if number < 0 else number - 1
        if 0 <= entry < len(entries):
            yield start, stop, entries[entry]


def questions(text: str) -> list[str]:
    """Return the questions at the end of a text, in order."""
    return [sentence for sentence in SENTENCE.findall(text[-LONGEST_READ:]) if sentence.endswith("?")]


def yes_or_no(utterance: Utterance, sentiment: Sentiment, named: Container[int]) -> bool | None:
    """Return the answer in the first clause of an utterance, None where it has another; `named` are tokens of names."""
    first = [i for i, clause in enumerate(sentiment.clauses) if clause == sentiment.clauses[0]]
    words = [utterance.word(i) for i in first]
    no_answer = (
        words[0] not in WORDS["yes"] | WORDS["no"],
        not STOP_WORDS.issuperset(words),
        any(i in named for i in first),
        len(phrase_at(words, 0, IDIOMS)) > 1,  # "no idea"
        words[0] in WORDS["filler_yes"] and not STOP_WORDS.issuperset(utterance.words(0)),  # "ok, something else"
    )
    return None if any(no_answer) else words[0] in WORDS["yes"]


def _first_title(line: str, names: NameIndex, year_of: YearOf) -> tuple[int, ...]:
    """Return the items of the longest title that begins a line."""
    words = tokens(line)
    best: tuple[int, ...] = ()
    for stop, num in names.matches([token.word for token in words], 0) if words else ():
        end = words[stop - 1].stop
        year = YEAR.match(line, end)
        # no word follows a whole title ("It was fun" names none), or the index has cut it
        is_whole = stop >= MOST_WORDS or not line[end:].lstrip()[:1].isalnum()
        items = names.items(num) if year or is_whole else []
        dated = [item for item in items if year and str(year_of(item)) == year.group(1)]
        best = tuple(dated or items) or best
    return best


def _positions(words: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield the first token, the token after the last, and the number of each reference to an entry; -1 is the last entry."""
    padded = ["", *words, "", ""]
    for i, word in enumerate(words):
        before, _, after, second = padded[i : i + 4]
        article = before == "the"
        names_entry = not after or (after in WORDS["list_entries"] and second not in RELATIVE)
        if word in ORDINALS and (article or i == 0) and names_entry:
            yield i - article, i + 1 + bool(after), ORDINALS[word]
        elif word in WORDS["list_numbers"] and re.fullmatch("[0-9]{1,3}", after):
            yield i, i + 2, int(after)
