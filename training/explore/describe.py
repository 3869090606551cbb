"""Descriptions of groups of items: their distinctive words, values and numbers, and a name.

Words are weighed by class-based TF-IDF (Grootendorst 2022, "BERTopic", arXiv:2203.05794): ``tf log(1 + A / f)``, where
tf is the share of the group's words that are the word, f its number in all, and A the mean number of words of a group.
A word counts once an item. Only words and values that are more frequent in the group than among all items by DISTINCT
are taken: in a small group the formula alone would name words such as "his". Values are weighed by ``p log(p / q)``,
the part of the Kullback-Leibler divergence of a value with the share p in the group and q among all.
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
from training.explore.lexicon import Lexicon

MOST_WORDS, MOST_VALUES, MOST_NUMBERS = 10, 6, 3
DISTINCT = 1.5
FEWEST_ITEMS = 2  # with a word or a value, in a group of more than one
LEAST_SHARE = 0.1  # of a group that has a value
LEAST_WORD_SHARE = 0.15  # of a group that has a word: one series of films makes no name
SHIFT = 0.15  # of the rank of a group's median number among all
NAMED_VALUES, NAMED = 2, 4
NAMED_SHARE = 0.3  # of a group that has a value of its name

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Describer:
    """Describes groups of items; `base` (n_items,) is the weight of each item among all: 1, or its users."""

    catalog: Catalog
    lexicon: Lexicon
    base: Floats

    def meanings(self, members: sparse.csr_array, items: Sequence[Sequence[int]]) -> list[Meaning]:
        """Return the meaning of each group.

        Parameters
        ----------
        members : sparse array (n_groups, n_items)
            Weight of each item in each group, 0 or more.
        items : sequence of sequences of int
            Typical items of each group.
        """
        numbers = [self._numbers(members[[group]]) for group in range(members.shape[0])]
        nums = [tuple(map(int, row)) for row in items]
        parts = zip(self._words(members), self._values(members), numbers, nums, strict=True)
        return [Meaning(*part) for part in parts]

    def name(self, meaning: Meaning, *, of_users: bool = False) -> str:
        """Return a name of the most distinctive values and words, or of titles where there are none.

        A group `of_users` without a common value gets titles: its words are those of a few titles, which say more.
        """
        names = [value.value for value in meaning.values if value.share >= NAMED_SHARE][:NAMED_VALUES]
        if names or not of_users:
            used = {part for value in names for part in {value.casefold(), *words(value)}}
            used |= {
                alias for part in used for alias in ALIASES.get(part, ())
            }  # "romantic" says no more than "Romance"
            names += [word.word for word in meaning.words if word.word not in used][: NAMED - len(names)]
        titles = (self.catalog.titles[num] or self.catalog.items.id(num) for num in meaning.items[:2])
        return ", ".join(names) or "like " + " and ".join(titles)

    def _words(self, members: sparse.csr_array) -> list[tuple[Word, ...]]:
        marks = self.lexicon.words
        counts, shares, distinct = self._count(members, marks.rows)
        everywhere = np.asarray(self.base @ marks.rows, dtype=np.float64)
        sizes = counts.sum(axis=1, keepdims=True)
        mean = float(sizes.mean()) if len(sizes) else 0.0
        weights = counts / np.maximum(sizes, 1e-12) * np.log1p(mean / np.maximum(everywhere, 1e-12))
        weights[~distinct | (shares < LEAST_WORD_SHARE)] = 0
        return [
            tuple(Word(marks.keys[num], significant(row[num])) for num in _largest(row, MOST_WORDS)) for row in weights
        ]

    def _values(self, members: sparse.csr_array) -> list[tuple[Value, ...]]:
        marks = self.lexicon.values
        _, shares, distinct = self._count(members, marks.rows)
        overall = np.asarray(self.base @ marks.rows, dtype=np.float64) / max(self.base.sum(), 1e-12)
        weights = shares * np.log(np.maximum(shares, 1e-12) / np.maximum(overall, 1e-12))
        weights[~distinct | (shares < LEAST_SHARE)] = 0
        return [
            tuple(
                Value(*marks.keys[num], significant(share[num]), significant(overall[num]))
                for num in _largest(row, MOST_VALUES)
            )
            for row, share in zip(weights, shares, strict=True)
        ]

    def _count(self, members: sparse.csr_array, rows: sparse.csr_array) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Return weight and share of each key in each group, and where a key is distinctive."""
        counts = np.asarray((members @ rows).todense(), dtype=np.float64)
        totals = np.asarray(members.sum(axis=1), dtype=np.float64).ravel()
        shares = counts / np.maximum(totals, 1e-12)[:, None]
        overall = np.asarray(self.base @ rows, dtype=np.float64) / max(self.base.sum(), 1e-12)
        ones = sparse.csr_array((np.ones_like(members.data), members.indices, members.indptr), shape=members.shape)
        having = np.asarray((ones @ rows).todense())
        needed = np.minimum(FEWEST_ITEMS, np.diff(members.indptr))[:, None]
        return counts, shares, np.asarray((shares > DISTINCT * overall) & (having >= needed))

    def _numbers(self, group: sparse.csr_array) -> tuple[Numbers, ...]:
        ranked = []
        for name, values in self.lexicon.numbers.items():
            present = ~np.isnan(values)
            inside = present[group.indices]
            nums, weights = group.indices[inside], group.data[inside]
            if not len(nums):
                continue
            low, median, high = _quantiles(values[nums], weights, (0.25, 0.5, 0.75))
            everywhere, base = values[present], self.base[present]
            below = float(base[everywhere < median].sum() + 0.5 * base[everywhere == median].sum())
            rank = below / max(base.sum(), 1e-12)
            (overall,) = _quantiles(everywhere, base, (0.5,))
            if displayed(abs(rank - 0.5)) >= SHIFT:
                ranked.append((abs(rank - 0.5), Numbers(name, low, median, high, overall)))
        return tuple(numbers for _, numbers in sorted(ranked, key=lambda pair: -displayed(pair[0]))[:MOST_NUMBERS])


def _quantiles(values: Floats, weights: Floats, shares: Sequence[float]) -> list[float]:
    """Return the values below which these shares of the weight are."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    places = np.searchsorted(below, np.array(shares) * below[-1])
    return [float(value) for value in values[order][np.minimum(places, len(values) - 1)]]


def _largest(row: Floats, most: int) -> list[int]:
    """Return the places of the largest numbers above 0, falling; of equal ones the first."""
    return [int(num) for num in falling(row)[:most] if shown(row[num]) > 0]
