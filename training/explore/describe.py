"""What groups of items are about: their distinctive words, values and numbers, and a name.

Words are weighed by class-based TF-IDF (Grootendorst 2022, "BERTopic", arXiv:2203.05794): ``tf log(1 + A / f)``, where tf is
the share of the group's words that are the word, f how often it stands in all, and A the mean number of words of a group. A
word counts once an item. Only words and values that are more frequent in the group than among all items by DISTINCT are
taken: in a small group the formula alone would name words such as "his". Values are weighed by ``p log(p / q)``, the part of
the Kullback-Leibler divergence that a value with the share p in the group and q among all gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.catalog import Catalog
from recsys.model.extras.descriptions import Meaning, Numbers, Value, Word
from recsys.score_order import displayed, falling, shown, significant
from recsys.text.bm25 import words
from recsys.text.vocabulary import ALIASES
from training.explore.lexicon import Lexicon, Marks

MOST_WORDS, MOST_VALUES, MOST_NUMBERS = 10, 6, 3
DISTINCT = 1.5
FEWEST_ITEMS = 2  # that have a word or a value which is taken, in a group of more than one
LEAST_SHARE = 0.1  # of a group that has a value
LEAST_WORD_SHARE = 0.15  # of a group that has a word: those of one series of films are no name
SHIFT = 0.15  # of the rank of a group's median number among all
NAMED_VALUES, NAMED = 2, 4
NAMED_SHARE = 0.3  # of a group that has a value of its name

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Describer:
    """Describes groups of the items of one catalogue.

    Parameters
    ----------
    catalog : Catalog
    lexicon : Lexicon
    base : float64 array (n_items,)
        How much each item counts among all: 1, or its users.
    """

    catalog: Catalog
    lexicon: Lexicon
    base: Floats

    def meanings(self, members: sparse.csr_array, items: Sequence[Sequence[int]]) -> list[Meaning]:
        """The meaning of each group.

        Parameters
        ----------
        members : sparse array (n_groups, n_items)
            How much each item counts in each group, 0 or more.
        items : sequence of sequences of int
            The items that stand for each group.
        """
        found_words, found_values = self._words(members), self._values(members)
        numbers = [self._numbers(members[[group]]) for group in range(members.shape[0])]
        parts = zip(found_words, found_values, numbers, items, strict=True)
        return [Meaning(one, values, spans, tuple(map(int, nums))) for one, values, spans, nums in parts]

    def name(self, meaning: Meaning, *, of_users: bool = False) -> str:
        """A name from the most distinctive values and words, or titles where there are none.

        Parameters
        ----------
        of_users : bool
            The items are those of histories; without a common value, the words are of a few titles, which say more themselves.
        """
        named = [one.value for one in meaning.values if one.share >= NAMED_SHARE][:NAMED_VALUES]
        if of_users and not named:
            return self._by_titles(meaning)
        said = {part for value in named for part in _parts(value)}
        said |= {alias for part in said for alias in ALIASES.get(part, ())}  # "romantic" says no more than "Romance"
        for one in meaning.words:
            if len(named) == NAMED:
                break
            if one.word not in said:
                named.append(one.word)
                said.add(one.word)
        return ", ".join(named) or self._by_titles(meaning)

    def _by_titles(self, meaning: Meaning) -> str:
        titles = (self.catalog.titles[num] or self.catalog.items.id(num) for num in meaning.items[:2])
        return "like " + " and ".join(titles)

    def _words(self, members: sparse.csr_array) -> list[tuple[Word, ...]]:
        marks = self.lexicon.words
        counts = np.asarray((members @ marks.rows).todense(), dtype=np.float64)
        everywhere = np.asarray(self.base @ marks.rows, dtype=np.float64)
        sizes = counts.sum(axis=1, keepdims=True)
        mean = float(sizes.mean()) if len(sizes) else 0.0
        weights = counts / np.maximum(sizes, 1e-12) * np.log1p(mean / np.maximum(everywhere, 1e-12))
        shares = counts / np.maximum(_totals(members), 1e-12)[:, None]
        weights[~self._distinct(members, marks.rows, counts, everywhere) | (shares < LEAST_WORD_SHARE)] = 0
        return [
            tuple(Word(marks.keys[num], significant(row[num])) for num in _largest(row, MOST_WORDS)) for row in weights
        ]

    def _values(self, members: sparse.csr_array) -> list[tuple[Value, ...]]:
        marks: Marks[tuple[str, str]] = self.lexicon.values
        counts = np.asarray((members @ marks.rows).todense(), dtype=np.float64)
        everywhere = np.asarray(self.base @ marks.rows, dtype=np.float64)
        shares = counts / np.maximum(_totals(members), 1e-12)[:, None]
        overall = everywhere / max(self.base.sum(), 1e-12)
        weights = shares * np.log(np.maximum(shares, 1e-12) / np.maximum(overall, 1e-12))
        weights[~self._distinct(members, marks.rows, counts, everywhere) | (shares < LEAST_SHARE)] = 0
        return [
            tuple(
                Value(*marks.keys[num], significant(shares[group, num]), significant(overall[num]))
                for num in _largest(row, MOST_VALUES)
            )
            for group, row in enumerate(weights)
        ]

    def _distinct(
        self, members: sparse.csr_array, rows: sparse.csr_array, counts: Floats, everywhere: Floats
    ) -> NDArray[np.bool_]:
        """Where a key is more frequent in a group than among all items, and of more than one item."""
        ones = sparse.csr_array((np.ones_like(members.data), members.indices, members.indptr), shape=members.shape)
        having = np.asarray((ones @ rows).todense())
        shares = counts / np.maximum(_totals(members), 1e-12)[:, None]
        overall = everywhere / max(self.base.sum(), 1e-12)
        needed = np.minimum(FEWEST_ITEMS, np.diff(members.indptr))[:, None]
        return np.asarray((shares > DISTINCT * overall) & (having >= needed))

    def _numbers(self, group: sparse.csr_array) -> tuple[Numbers, ...]:
        found = []
        for name, values in self.lexicon.numbers.items():
            known = ~np.isnan(values)
            inside = known[group.indices]
            nums, weights = group.indices[inside], group.data[inside]
            if not len(nums):
                continue
            low, median, high = _quantiles(values[nums], weights, (0.25, 0.5, 0.75))
            everywhere, base = values[known], self.base[known]
            rank = float(base[everywhere < median].sum() + 0.5 * base[everywhere == median].sum()) / max(
                base.sum(), 1e-12
            )
            (overall,) = _quantiles(everywhere, base, (0.5,))
            if displayed(abs(rank - 0.5)) >= SHIFT:
                found.append((abs(rank - 0.5), Numbers(name, low, median, high, overall)))
        return tuple(one for _, one in sorted(found, key=lambda pair: -displayed(pair[0]))[:MOST_NUMBERS])


def _quantiles(values: Floats, weights: Floats, shares: Sequence[float]) -> list[float]:
    """The values under which the given shares of the weight lie."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    places = np.searchsorted(below, np.array(shares) * below[-1])
    return [float(one) for one in values[order][np.minimum(places, len(values) - 1)]]


def _totals(members: sparse.csr_array) -> Floats:
    return np.asarray(members.sum(axis=1), dtype=np.float64).ravel()


def _largest(row: Floats, most: int) -> list[int]:
    """Where the largest numbers above 0 are, falling; of equal ones the first."""
    return [int(num) for num in falling(row)[:most] if shown(row[num]) > 0]


def _parts(value: str) -> set[str]:
    return {value.casefold(), *words(value)}
