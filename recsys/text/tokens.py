"""Words as they are compared: without case, diacritics and apostrophes, and how many slips of the keyboard lie between two.

The distance is that of optimal string alignment (Damerau 1964; Levenshtein 1966): letters that are missing, too many, wrong, or
swapped with their neighbor.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.text.bm25 import WITHOUT_SPACES

TOKEN = re.compile(f"[{WITHOUT_SPACES}]|[^\\W_{WITHOUT_SPACES}]+(?:['\u2019][^\\W_{WITHOUT_SPACES}]+)*|&")
ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
ARTICLES = frozenset(("the", "a", "an"))


class Token(NamedTuple):
    """A word of a text.

    Parameters
    ----------
    word : str
        As it is compared.
    raw : str
        As it stands in the text.
    start, stop : int
        Where, in characters.
    """

    word: str
    raw: str
    start: int
    stop: int

    @property
    def capital(self) -> bool:
        return self.raw[0].isupper()


def tokens(text: str) -> list[Token]:
    """The words of a text in its order."""
    return [Token(fold(one.group()), one.group(), *one.span()) for one in TOKEN.finditer(text)]


def fold(word: str) -> str:
    """A word as it is compared; "&" is "and", and Roman numerals from 2 on are numbers."""
    if word == "&":
        return "and"
    if not word.isascii():
        word = "".join(one for one in unicodedata.normalize("NFKD", word) if not unicodedata.combining(one))
    word = word.casefold().replace("'", "").replace("\u2019", "")
    return ROMAN.get(word, word)


def phrase(words: list[str]) -> str:
    """Words as one text, without an article before them."""
    return " ".join(words[1:] if len(words) > 1 and words[0] in ARTICLES else words)


def letters(text: str) -> int:
    """Which of 32 kinds of characters stand in a text, as bits; a slip changes two of them at most."""
    bits = 0
    for one in text:
        bits |= 1 << (ord(one) & 31)
    return bits


def most_slips(length: int) -> int:
    """How many slips are forgiven in a text of that length."""
    return 0 if length < 6 else 1 if length < 9 else 2


def slips(one: str, other: str, most: int) -> int:
    """The distance of two texts, or `most` + 1 where it is larger."""
    far, n = most + 1, len(other)
    if abs(len(one) - n) > most:
        return far
    above: list[int] = []
    before: list[int] = []
    row = [min(place, far) for place in range(n + 1)]
    hopeless = False
    for i, letter in enumerate(one, 1):
        above, before, row = before, row, [min(i, far), *[far] * n]
        for j in range(max(1, i - most), min(n, i + most) + 1):  # farther from the diagonal the distance is larger
            there = other[j - 1]
            cost = min(before[j - 1] + (letter != there), before[j] + 1, row[j - 1] + 1)
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == there:
                cost = min(cost, above[j - 2] + 1)
            row[j] = cost
        if min(row) >= far:
            if hopeless:  # for the second time, so that no swapped letters bring it back
                return far
            hopeless = True
        else:
            hopeless = False
    return min(row[n], far)


def within(
    bits: int, length: int, all_bits: NDArray[np.uint32], lengths: NDArray[np.int32], most: int
) -> NDArray[np.intp]:
    """Places of the texts that can lie so many slips from one with these `letters` and this length."""
    near = np.flatnonzero(np.abs(lengths - length) <= most)
    return np.asarray(near[np.bitwise_count(all_bits[near] ^ np.uint32(bits)) <= 2 * most])
