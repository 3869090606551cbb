"""Tokens of a text, folded for comparison: no case, diacritics or apostrophes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache, reduce
from operator import or_
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.text.bm25 import WITHOUT_SPACES, without_diacritics

TOKEN = re.compile(f"[{WITHOUT_SPACES}]|[^\\W_{WITHOUT_SPACES}]+(?:['\u2019][^\\W_{WITHOUT_SPACES}]+)*|&")
ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
MOST_FOLDED = 1 << 16  # words kept
ARTICLES = frozenset(("the", "a", "an"))


class Token(NamedTuple):
    """Token of a text."""

    word: str  # folded
    raw: str  # as written
    start: int  # span in the text, in characters
    stop: int

    @property
    def capital(self) -> bool:
        return self.raw[0].isupper()


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text, in order."""
    return [Token(fold(match.group()), match.group(), *match.span()) for match in TOKEN.finditer(text)]


def folded_words(text: str) -> list[str]:
    """Return the folded tokens of a text, in order."""
    return [fold(raw) for raw in TOKEN.findall(text)]


@lru_cache(MOST_FOLDED)
def fold(word: str) -> str:
    """Fold a word for comparison; "&" becomes "and", and Roman numerals from 2 on become numbers."""
    if word == "&":
        return "and"
    if not word.isascii():
        word = without_diacritics(word)
    word = word.casefold().replace("'", "").replace("\u2019", "")
    return ROMAN.get(word, word)


def phrase(words: list[str]) -> str:
    """Join words to a phrase, without a leading article."""
    return " ".join(words[1:] if len(words) > 1 and words[0] in ARTICLES else words)


def letters_of_each(texts: Sequence[str]) -> NDArray[np.uint32]:
    """Return the :func:`letters` of texts that are not empty, (n,)."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32)
    starts = np.cumsum([0, *map(len, texts)])[:-1]
    return np.bitwise_or.reduceat(np.uint32(1) << (codes & 31), starts) if len(texts) else codes


def letters(text: str) -> int:
    """Return a bit set of the characters of a text, in 32 classes; one edit changes at most two bits."""
    return reduce(or_, (1 << (ord(letter) & 31) for letter in text), 0)


def max_typos(length: int) -> int:
    """Return the number of typos that are forgiven in a text of `length` characters."""
    return 0 if length < 6 else 1 if length < 9 else 2


def within(
    bits: int, length: int, all_bits: NDArray[np.uint32], lengths: NDArray[np.int32], most: int
) -> NDArray[np.intp]:
    """Return the row numbers of texts that may lie within `most` edits of a text with these `letters` and this length."""
    near = np.flatnonzero(np.abs(lengths - length) <= most)
    return np.asarray(near[np.bitwise_count(all_bits[near] ^ np.uint32(bits)) <= 2 * most])
