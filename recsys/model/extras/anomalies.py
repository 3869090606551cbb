"""Items and users that stand out, the oddest first, with what speaks for it.

A score is ``1 - product over the evidence of (1 - c s)`` of strengths s between 0 and 1. For an item c is 1: the score says how
sure it is that a person should look. For a user c is 1/2, so that one kind of evidence alone never reaches more than
SUSPECT: a user above it is odd in two ways that do not follow from each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.data.packed import Arrays, is_indptr
from recsys.errors import BundleError
from recsys.score_order import displayed

Kind = Literal["choice", "volume", "pace", "push", "nuke", "together", "burst", "disagreement", "duplicate"]
Subject = Literal["items", "users"]
SUBJECTS: tuple[Subject, ...] = ("items", "users")
SUSPECT = 0.5
NUMBERS = 5
NOBODY = -1

# What the numbers of each kind of evidence are called, in their order.
LABELS: dict[Kind, tuple[str, ...]] = {
    "choice": ("robust_z", "users_of_its_items", "usual_users", "n_items"),
    "volume": ("robust_z", "n_items", "usual_items"),
    "pace": ("robust_z", "in_an_hour", "usual_in_an_hour"),
    "push": ("rating", "odd_users", "agreeing_users", "expected_odd_users", "by_chance"),
    "nuke": ("rating", "odd_users", "agreeing_users", "expected_odd_users", "by_chance"),
    "together": ("odd_users", "agreeing_users", "expected_odd_users", "by_chance"),
    "burst": ("in_a_day", "ratings", "expected_in_a_day", "day_begins", "by_chance"),
    "disagreement": ("likeness_of_neighbours", "usual_likeness", "likeness_by_chance", "users"),
    "duplicate": ("text_cosine", "same_title", "users_of_both", "users", "users_of_the_other"),
}
KINDS: tuple[Kind, ...] = tuple(LABELS)
PARTS = ("nums", "scores", "indptr", "kinds", "strengths", "others", "numbers")
COLUMNS = tuple(f"{subject}_{part}" for subject in SUBJECTS for part in PARTS)


class Finding(NamedTuple):
    """One piece of evidence.

    Parameters
    ----------
    kind : str
    strength : float
        0 to 1.
    numbers : tuple of float
        What LABELS names.
    other : int
        Row number of the item that it is about; -1 for none.
    """

    kind: Kind
    strength: float
    numbers: tuple[float, ...]
    other: int = NOBODY


class Found(NamedTuple):
    """An item or user, its score, and what speaks for it, strongest first."""

    num: int
    score: float
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class Outliers:
    """Items, or users, by falling score.

    Parameters
    ----------
    nums : int32 array (n,)
    scores : float32 array (n,)
    indptr : int64 array (n + 1,)
        Findings of the one at place ``p``: ``indptr[p]`` to ``indptr[p + 1]``.
    kinds : uint8 array (m,)
        Places in KINDS.
    strengths : float32 array (m,)
    others : int32 array (m,)
        Row numbers of items, -1 for none.
    numbers : float64 array (m, NUMBERS)
        Zeros behind the last one.
    """

    nums: NDArray[np.int32]
    scores: NDArray[np.float32]
    indptr: NDArray[np.int64]
    kinds: NDArray[np.uint8]
    strengths: NDArray[np.float32]
    others: NDArray[np.int32]
    numbers: NDArray[np.float64]

    @classmethod
    def of(cls, found: Sequence[Found]) -> Outliers:
        """Pack what was found, which is put in order."""
        ranked = sorted(found, key=lambda one: (-displayed(one.score), one.num))
        findings = [sorted(one.findings, key=lambda finding: -displayed(finding.strength)) for one in ranked]
        flat = [finding for row in findings for finding in row]
        numbers = np.zeros((len(flat), NUMBERS))
        for row, finding in enumerate(flat):
            numbers[row, : len(finding.numbers)] = finding.numbers
        return cls(
            np.array([one.num for one in ranked], dtype=np.int32),
            np.array([displayed(one.score) for one in ranked], dtype=np.float32),
            np.concatenate(([0], np.cumsum([len(row) for row in findings]))).astype(np.int64),
            np.array([KINDS.index(finding.kind) for finding in flat], dtype=np.uint8),
            np.array([finding.strength for finding in flat], dtype=np.float32),
            np.array([finding.other for finding in flat], dtype=np.int32),
            numbers,
        )

    def __len__(self) -> int:
        return len(self.nums)

    def at(self, place: int) -> Found:
        """The one at a place."""
        rows = range(int(self.indptr[place]), int(self.indptr[place + 1]))
        return Found(int(self.nums[place]), float(self.scores[place]), tuple(map(self._finding, rows)))

    def _finding(self, row: int) -> Finding:
        kind = KINDS[int(self.kinds[row])]
        numbers = tuple(self.numbers[row, : len(LABELS[kind])].tolist())
        return Finding(kind, float(self.strengths[row]), numbers, int(self.others[row]))

    def check(self, n: int, n_items: int) -> None:
        """Raises BundleError when the arrays do not fit together, or are not about `n` rows and `n_items` items."""
        size, m = len(self.nums), len(self.kinds)
        types: list[tuple[NDArray[Any], type[np.generic], tuple[int, ...]]] = [
            (self.nums, np.int32, (size,)),
            (self.scores, np.float32, (size,)),
            (self.kinds, np.uint8, (m,)),
            (self.strengths, np.float32, (m,)),
            (self.others, np.int32, (m,)),
            (self.numbers, np.float64, (m, NUMBERS)),
        ]
        sound = (
            all(array.dtype == kind and array.shape == shape for array, kind, shape in types)
            and is_indptr(self.indptr, size, m)
            and _within(self.nums, 0, n)
            and _within(self.kinds, 0, len(KINDS))
            and _within(self.others, NOBODY, n_items)
            and bool(np.all(np.isfinite(self.numbers)))
            and bool(np.all((self.scores >= 0) & (self.scores <= 1)))
            and bool(np.all((self.strengths >= 0) & (self.strengths <= 1)))
            and bool(np.all(self.scores[1:] <= self.scores[:-1]))
        )
        if not sound:
            raise BundleError("anomalies: the arrays do not fit together")


@dataclass(frozen=True, eq=False)
class Anomalies:
    """The items and the users that stand out."""

    items: Outliers
    users: Outliers

    @classmethod
    def none(cls) -> Anomalies:
        return cls(Outliers.of(()), Outliers.of(()))

    @classmethod
    def from_arrays(cls, arrays: Arrays, n_items: int, n_users: int) -> Anomalies:
        """Open the arrays of :meth:`to_arrays`; raises BundleError when they do not fit together."""
        sides = [Outliers(*(arrays[f"{subject}_{part}"] for part in PARTS)) for subject in SUBJECTS]  # type: ignore[arg-type]
        found = cls(*sides)
        found.items.check(n_items, n_items)
        found.users.check(n_users, n_items)
        return found

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """By the names of COLUMNS."""
        sides = zip(SUBJECTS, (self.items, self.users), strict=True)
        return {f"{subject}_{part}": getattr(side, part) for subject, side in sides for part in PARTS}

    def about(self, subject: Subject) -> Outliers:
        return self.items if subject == "items" else self.users


def score_of(subject: Subject, strengths: Sequence[float]) -> float:
    """The score of the module's formula."""
    share = 1.0 if subject == "items" else SUSPECT
    return float(1 - np.prod([1 - share * strength for strength in strengths]))


def _within(nums: NDArray[Any], low: int, high: int) -> bool:
    return not len(nums) or bool(nums.min() >= low and nums.max() < high)
