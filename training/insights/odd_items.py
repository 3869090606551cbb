"""Items whose content and behavior disagree, and duplicate items.

Disagreement: the text of an item is compared with those of the ten items nearest to it by behavior. The similarity has
one normal distribution for items as they are and another for random texts, estimated by shuffling the texts. The
strength is the probability of the second by Bayes' rule where the share WRONG of the items has a wrong text.

Duplicates: items whose texts have nearly the same words and nearly the same vector. Their numbers must be the same, or
every sequel would be a duplicate.
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
from recsys.score_order import displayed, rounded, shown
from recsys.text.bm25 import words
from training.insights.odd_users import NORMAL

NEAREST = 10
FEWEST_USERS = 10
FEWEST_ITEMS = 50  # that can be compared
WRONG = 0.01
CANDIDATES = 3
ALIKE_WORDS, ALIKE_VECTORS = 0.8, 0.95
BLOCK = 4096  # rows at once
DIGITS = re.compile(r"\d+")

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Known:
    """Texts and behavior of the items.

    `texts` (n_items, text_dim) are centered unit vectors, zero without a text, `vectors` the same as from the encoder.
    `behavior` and `by_words` (n_items, n_items) hold the nearest items of each; `history` (n_users, n_items) is 1
    where a user has an item.
    """

    catalog: Catalog
    texts: Vectors
    vectors: Vectors
    behavior: sparse.csr_matrix
    by_words: sparse.csr_matrix
    history: sparse.csr_matrix

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of users of each item."""
        return np.bincount(self.history.indices, minlength=self.history.shape[1])


def disagreements(known: Known, random_state: int) -> dict[int, Finding]:
    """Return the items whose texts do not fit their behavior; none where texts do not predict behavior."""
    there: NDArray[np.bool_] = np.asarray(known.texts.any(axis=1))
    if there.sum() < FEWEST_ITEMS:
        return {}
    neighbors, counts = _largest(known.behavior, NEAREST), known.counts
    nums = np.flatnonzero((neighbors >= 0).all(axis=1) & there & (counts >= FEWEST_USERS))
    nums = nums[there[neighbors[nums]].all(axis=1)]
    if len(nums) < FEWEST_ITEMS:
        return {}
    around = known.texts[neighbors[nums]].mean(axis=1)
    likenesses = np.einsum("ij,ij->i", known.texts[nums], around).astype(np.float64)
    shuffled = known.texts[np.random.default_rng(random_state).permutation(nums)]
    chance = np.einsum("ij,ij->i", shuffled, around).astype(np.float64)
    usual = float(np.median(likenesses))
    spread = NORMAL * float(np.median(np.abs(likenesses - usual)))
    low, noise = float(chance.mean()), float(chance.std())
    if usual - low < max(spread, noise) or min(spread, noise) == 0:
        return {}
    at = np.maximum(likenesses, low)  # below chance the strength does not grow
    wrong = WRONG / noise * np.exp(-(((at - low) / noise) ** 2) / 2)
    right = (1 - WRONG) / spread * np.exp(-(((at - usual) / spread) ** 2) / 2)
    columns = (nums.tolist(), (wrong / (wrong + right)).tolist(), likenesses.tolist())
    return {
        num: Finding("disagreement", strength, (likeness, usual, low, float(counts[num])))
        for num, strength, likeness in zip(*columns, strict=True)
    }


def duplicates(known: Known) -> dict[int, Finding]:
    """Return the items that have nearly the text of another one, by row number."""
    if not known.vectors.shape[1]:
        return {}
    near = _largest(known.by_words, CANDIDATES)
    blocks = [slice(start, start + BLOCK) for start in range(0, len(near), BLOCK)]
    cosines = np.vstack([np.einsum("ij,ikj->ik", known.vectors[of], known.vectors[near[of]]) for of in blocks])
    places = np.argwhere((near >= 0) & (rounded(cosines) >= ALIKE_VECTORS))
    columns, counts = known.history.tocsc(), known.counts
    findings: dict[int, Finding] = {}
    for num, place in places.tolist():
        other, cosine = int(near[num, place]), min(1.0, float(cosines[num, place]))
        one, twin = known.catalog[num], known.catalog[other]
        alike = _overlap(one.text, twin.text)
        if alike < ALIKE_WORDS or _figures(one) != _figures(twin):
            continue
        same = one.title.casefold() == twin.title.casefold()
        strength = (alike + cosine) / 2 * (1.0 if same else 0.8)
        if num not in findings or displayed(strength) > displayed(findings[num].strength):
            both = float(len(np.intersect1d(_users(columns, num), _users(columns, other))))
            numbers = (cosine, float(same), both, float(counts[num]), float(counts[other]))
            findings[num] = Finding("duplicate", strength, numbers, other)
    return findings


def _overlap(one: str, other: str) -> float:
    """Return the Jaccard similarity of the words of two texts."""
    here, there = set(words(one)), set(words(other))
    return len(here & there) / max(1, len(here | there))


def _figures(item: Item) -> tuple[list[str], list[tuple[str, float]]]:
    """Return the numbers in a text, and those among the attributes."""
    numbers = [(name, float(value)) for name, value in item.attributes.items() if isinstance(value, int | float)]
    return DIGITS.findall(item.text), sorted(numbers)


def _users(columns: sparse.csc_matrix, num: int) -> NDArray[np.int32]:
    return np.asarray(columns.indices[columns.indptr[num] : columns.indptr[num + 1]])


def _largest(matrix: sparse.csr_matrix, n: int) -> NDArray[np.int64]:
    """Return the columns of the `n` largest values of each row, best first, (n_rows, n); -1 where there are fewer."""
    lengths = np.diff(matrix.indptr)
    columns = np.full((len(lengths), n), -1, dtype=np.int64)
    for start in range(0, len(lengths), BLOCK):
        inside = np.arange(lengths.max()) < lengths[start : start + BLOCK, None]
        entries = slice(matrix.indptr[start], matrix.indptr[start + len(inside)])
        values, nums = np.full(inside.shape, -np.inf), np.full(inside.shape, -1)
        values[inside], nums[inside] = shown(matrix.data[entries]), matrix.indices[entries]
        best = np.argsort(-values, axis=1, kind="stable")[:, :n]
        columns[start : start + BLOCK, : best.shape[1]] = np.take_along_axis(nums, best, axis=1)
    return columns
