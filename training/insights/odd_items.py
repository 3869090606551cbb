"""Items whose content and behaviour disagree, and items that stand twice in the catalogue.

Content and behaviour: the text of an item is compared with those of the ten items nearest to it by behaviour. How like they are
follows one normal distribution for items as they are and another for items with the text of a random other one, which is found
by shuffling the texts. The strength is the probability of the second by Bayes' rule where WRONG of the items are such.

Duplicates: of the items with the likest words, those whose texts have nearly the same words and nearly the same vector. Numbers
must be the same, or every sequel would be one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.catalog import Catalog, Item
from recsys.data.vectors import Vectors
from recsys.model.extras.anomalies import Finding
from recsys.score_order import displayed, falling, rounded
from recsys.text.bm25 import words
from training.insights.odd_users import NORMAL

NEAREST = 10
FEWEST_USERS = 10
FEWEST_ITEMS = 50  # that can be compared
WRONG = 0.01
CANDIDATES = 3
ALIKE_WORDS, ALIKE_VECTORS = 0.8, 0.95
DIGITS = re.compile(r"\d+")

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of the items.

    Parameters
    ----------
    catalog : Catalog
    texts : float32 array (n_items, text_dim)
        Centred unit text vectors, zero where there is no text.
    vectors : float32 array (n_items, text_dim)
        The same as the encoder made them.
    behaviour, by_words : sparse matrices (n_items, n_items)
        The nearest items of each.
    history : sparse matrix (n_users, n_items)
        Ones where a user has an item.
    """

    catalog: Catalog
    texts: Vectors
    vectors: Vectors
    behaviour: sparse.csr_matrix
    by_words: sparse.csr_matrix
    history: sparse.csr_matrix

    @property
    def counts(self) -> NDArray[np.int64]:
        """Users of each item."""
        return np.bincount(self.history.indices, minlength=self.history.shape[1])


def disagreements(known: Known, random_state: int) -> dict[int, Finding]:
    """The items whose texts do not fit their behaviour, by row number; none where texts say nothing about behaviour."""
    there: NDArray[np.bool_] = np.asarray(known.texts.any(axis=1))
    if there.sum() < FEWEST_ITEMS:
        return {}
    neighbours = _largest(known.behaviour, NEAREST)
    full = (neighbours >= 0).all(axis=1) & there & (known.counts >= FEWEST_USERS)
    nums = np.flatnonzero(full)
    nums = nums[there[neighbours[nums]].all(axis=1)]
    if len(nums) < FEWEST_ITEMS:
        return {}
    around = known.texts[neighbours[nums]].mean(axis=1)
    found = np.einsum("ij,ij->i", known.texts[nums], around).astype(np.float64)
    shuffled = known.texts[np.random.default_rng(random_state).permutation(nums)]
    chance = np.einsum("ij,ij->i", shuffled, around).astype(np.float64)
    usual, spread = float(np.median(found)), NORMAL * float(np.median(np.abs(found - np.median(found))))
    low, noise = float(chance.mean()), float(chance.std())
    if usual - low < max(spread, noise) or min(spread, noise) == 0:
        return {}
    at = np.maximum(found, low)  # what is less like than chance is no surer for that
    wrong = WRONG / noise * np.exp(-(((at - low) / noise) ** 2) / 2)
    right = (1 - WRONG) / spread * np.exp(-(((at - usual) / spread) ** 2) / 2)
    strengths = wrong / (wrong + right)
    counts = known.counts
    return {
        num: Finding("disagreement", strength, (like, usual, low, float(counts[num])))
        for num, strength, like in zip(nums.tolist(), strengths.tolist(), found.tolist(), strict=True)
    }


def duplicates(known: Known) -> dict[int, Finding]:
    """The items that have nearly the text of another one, by row number."""
    if not known.vectors.shape[1]:
        return {}
    near = _largest(known.by_words, CANDIDATES)
    cosines = np.einsum("ij,ikj->ik", known.vectors, known.vectors[near]) if near.size else np.zeros(near.shape)
    places = np.argwhere((near >= 0) & (rounded(cosines) >= ALIKE_VECTORS))
    columns, counts = known.history.tocsc(), known.counts
    found: dict[int, Finding] = {}
    for num, place in places.tolist():
        other, cosine = int(near[num, place]), min(1.0, float(cosines[num, place]))
        one, twin = known.catalog[num], known.catalog[other]
        alike = _overlap(one.text, twin.text)
        if alike < ALIKE_WORDS or _figures(one) != _figures(twin):
            continue
        same = one.title.casefold() == twin.title.casefold()
        strength = (alike + cosine) / 2 * (1.0 if same else 0.8)
        if num not in found or displayed(strength) > displayed(found[num].strength):
            both = float(len(np.intersect1d(_users(columns, num), _users(columns, other))))
            numbers = (cosine, float(same), both, float(counts[num]), float(counts[other]))
            found[num] = Finding("duplicate", strength, numbers, other)
    return found


def _overlap(one: str, other: str) -> float:
    """Words of both texts in shares of the words of either."""
    here, there = set(words(one)), set(words(other))
    return len(here & there) / max(1, len(here | there))


def _figures(item: Item) -> tuple[list[str], list[tuple[str, float]]]:
    """The numbers in a text, and those among the attributes."""
    numbers = [(name, float(value)) for name, value in item.attributes.items() if isinstance(value, int | float)]
    return DIGITS.findall(item.text), sorted(numbers)


def _users(columns: sparse.csc_matrix, num: int) -> NDArray[np.int32]:
    return np.asarray(columns.indices[columns.indptr[num] : columns.indptr[num + 1]])


def _largest(matrix: sparse.csr_matrix, n: int) -> NDArray[np.int64]:
    """The columns of the `n` largest values of each row, best first, (n_rows, n); -1 where there are fewer."""
    found = np.full((matrix.shape[0], n), -1, dtype=np.int64)
    for row in range(matrix.shape[0]):
        start, stop = matrix.indptr[row], matrix.indptr[row + 1]
        order = falling(matrix.data[start:stop])[:n]
        found[row, : len(order)] = matrix.indices[start:stop][order]
    return found
