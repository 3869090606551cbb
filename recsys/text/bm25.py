"""BM25 keyword search over an inverted index in flat arrays that can be memory-mapped.

The score of a text for a query is ``sum over the query's words of idf(w) f (k1 + 1) / (f + k1 (1 - b + b l / mean l))`` with
``idf = log(1 + (N - n + 1/2) / (n + 1/2))``, where f is the frequency of the word in the text, l the length of the text in
words, n the number of texts with the word, and N the number of texts (Robertson and Zaragoza 2009). Before the formula is
applied, a word of the title counts TITLE times and a word of a value VALUE times more (BM25F: Robertson, Zaragoza and Taylor,
CIKM 2004). All but the sum is computed when the index is built.

docs/decisions/0010 says why this is not SQLite's FTS5.
"""

from __future__ import annotations

import math
import re
import unicodedata
from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.ids import IdMap
from recsys.data.part import Column, Nested, Part, Pointers, Size
from recsys.data.vectors import Vectors
from recsys.text.vocabulary import QUERY_STOP_WORDS

K1, B = 1.2, 0.75
TITLE = 3
VALUE = 2
PARTS = 3  # of an item: text, title, values
COMMON, FEW = 0.05, 5  # share of the texts of a common word, and the least number of them
WITHOUT_SPACES = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"  # scripts whose characters are each a word
WORD = re.compile(f"[{WITHOUT_SPACES}]|[^\\W_{WITHOUT_SPACES}]+")

Nums = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Bm25(Part):
    """Inverted index of texts by their words.

    The texts with word ``w`` are ``item_nums[indptr[w]:indptr[w + 1]]``, rising; `impacts` is what the word adds to the score
    of each, above 0.
    """

    name = "keywords"
    words: Annotated[IdMap, Nested(IdMap, "words")]
    indptr: Annotated[NDArray[np.int64], Pointers("words", "entries", strictly=True)]
    item_nums: Annotated[Nums, Column(np.int32, "entries", low=0, below="items")]
    impacts: Annotated[Vectors, Column(np.float32, "entries", finite=True)]
    n_items: Annotated[int, Size("items")]

    def sound(self) -> bool:
        falls = 1 + np.flatnonzero(self.item_nums[1:] <= self.item_nums[:-1])  # allowed from one word to the next
        positive = bool(np.all(self.impacts > 0))
        hashed = len(self.words.starts) == max(1, len(self.words)) + 1
        return hashed and positive and bool(np.all(np.isin(falls, self.indptr)))

    @classmethod
    def from_texts(cls, texts: Sequence[str], titles: Sequence[str] = (), values: Sequence[str] = ()) -> Bm25:
        """Build the index of `texts`, with the title and the attribute values of each, which may be part of its text."""
        nothing = [""] * len(texts)
        numbers: defaultdict[str, int] = defaultdict(count().__next__)
        nums, lengths, weights = array("i"), array("i"), array("d")
        for parts in zip(texts, titles or nothing, values or nothing, strict=True):
            for part, weight in zip(parts, _weights(*parts), strict=True):
                found = [numbers[word] for word in words(part)]
                nums.extend(found)
                lengths.append(len(found))
                weights.append(weight)
        items = np.repeat(np.arange(len(lengths)) // PARTS, lengths)
        places = np.frombuffer(nums, dtype=np.int32), items
        shape = len(numbers), len(texts)
        counts = sparse.csr_array((np.repeat(weights, lengths), places), shape=shape)  # sums equal places, which rise
        ordered = sorted(numbers)
        counts = counts[[numbers[word] for word in ordered]]
        indptr, item_nums = counts.indptr.astype(np.int64), counts.indices.astype(np.int32)
        impacts = _impacts(counts.data, item_nums, indptr, len(texts))
        return cls(IdMap.from_ids(ordered), indptr, item_nums, impacts, len(texts))

    def scores(self, query: str) -> tuple[Nums, Vectors]:
        """Return the texts with a word of `query`, row numbers rising, and their scores, above 0."""
        totals = np.zeros(self.n_items, dtype=np.float32)
        for num in self.words.known(self._query_words(query)).tolist():
            item_nums, impacts = self._postings(num)
            totals[item_nums] += impacts
        nums = np.flatnonzero(totals).astype(np.int32)
        return nums, totals[nums]

    def coverage(self, query: str, nums: Nums) -> Vectors:
        """Return the share of the query, weighted by idf, that each of some texts has, 0 to 1, (len(nums),)."""
        query_words = self._query_words(query)
        nums_of_words = self.words.known(query_words).tolist()
        weights = [idf(self._having(num), self.n_items) for num in nums_of_words]
        shares = np.zeros(self.n_items, dtype=np.float32)
        for num, weight in zip(nums_of_words, weights, strict=True):
            shares[self._postings(num)[0]] += weight
        whole = sum(weights) + (len(query_words) - len(weights)) * idf(0, self.n_items)
        return shares[nums] / np.float32(whole or 1)

    def _query_words(self, query: str) -> list[str]:
        """Return the words of a query, sorted, without duplicates.

        Stop words such as "the" or "film" are dropped where no text or a large share of the texts has them, unless all words
        are such.
        """
        distinct = set(words(query))
        often = max(FEW, COMMON * self.n_items)
        nums = {word: self.words.get(word) for word in QUERY_STOP_WORDS.intersection(distinct)}
        dropped = {word for word, num in nums.items() if num is None or self._having(num) > often}
        return sorted(distinct - dropped or distinct)

    def _postings(self, num: int) -> tuple[Nums, Vectors]:
        """Return the texts with a word, rising, and what it adds to their scores."""
        row = slice(self.indptr[num], self.indptr[num + 1])
        return self.item_nums[row], self.impacts[row]

    def _having(self, num: int) -> int:
        """Return the number of texts with a word."""
        return int(self.indptr[num + 1] - self.indptr[num])


def weighted_words(text: str, title: str, values: str) -> dict[str, int]:
    """Return what the words of an item count together, as in the index."""
    counts: defaultdict[str, int] = defaultdict(int)
    for part, weight in zip((text, title, values), _weights(text, title, values), strict=True):
        for word in words(part):
            counts[word] += weight
    return dict(counts)


def words(text: str) -> list[str]:
    """Return the words of a text in order, without case and diacritics."""
    plain = text if text.isascii() else without_diacritics(text)
    return WORD.findall(plain.casefold())


def without_diacritics(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


def idf(having: int, n_texts: int) -> float:
    """Return the inverse document frequency of a word found in `having` texts, as in :func:`_impacts`."""
    return math.log1p((n_texts - having + 0.5) / (having + 0.5))


def _weights(text: str, title: str, _values: str) -> tuple[int, int, int]:
    """Return what a word of each part counts; the text of an item often begins with its title."""
    return 1, TITLE - 1 if title in text else TITLE, VALUE


def _impacts(counts: NDArray[np.float64], items: Nums, indptr: NDArray[np.int64], n_texts: int) -> Vectors:
    lengths = np.bincount(items, weights=counts, minlength=n_texts)
    mean = lengths.sum() / max(1, np.count_nonzero(lengths)) or 1.0
    having = np.diff(indptr)
    idf = np.log1p((n_texts - having + 0.5) / (having + 0.5))
    norms = K1 * (1 - B + B * lengths / mean)
    return np.asarray(np.repeat(idf, having) * counts * (K1 + 1) / (counts + norms[items]), dtype=np.float32)
