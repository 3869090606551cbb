"""Anomalous items and users, highest score first, with evidence.

A score is ``1 - product over the evidence of (1 - c s)`` of strengths s between 0 and 1. For an item c is 1: the score is
the confidence that the item needs review. For a user c is 1/2, so that a single kind of evidence never exceeds SUSPECT: a user
above it is anomalous in two independent ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.data.part import Column, Nested, Part, Pointers, Sizes
from recsys.data.vectors import Vectors
from recsys.errors import BundleError
from recsys.score_order import displayed

Kind = Literal["choice", "volume", "pace", "push", "nuke", "together", "burst", "disagreement", "duplicate"]
Subject = Literal["items", "users"]
SUBJECTS: tuple[Subject, ...] = ("items", "users")
SUSPECT = 0.5
NUMBERS = 5
NO_ITEM = -1

# Names of the numbers of each kind of evidence, in order.
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


class Finding(NamedTuple):
    """Piece of evidence."""

    kind: Kind
    strength: float  # 0 to 1
    numbers: tuple[float, ...]  # named by LABELS
    other: int = NO_ITEM  # row number of the related item; -1 for none


class Found(NamedTuple):
    """Item or user, its score, and its evidence, strongest first."""

    num: int
    score: float
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class Outliers(Part):
    """Items, or users, by falling score; the findings of row ``p`` are ``indptr[p]`` to ``indptr[p + 1]``."""

    name = "anomalies"
    nums: Annotated[NDArray[np.int32], Column(np.int32, "rows", low=0)]
    scores: Annotated[Vectors, Column(np.float32, "rows", low=0, high=1)]
    indptr: Annotated[NDArray[np.int64], Pointers("rows", "findings")]
    kinds: Annotated[NDArray[np.uint8], Column(np.uint8, "findings", high=len(KINDS) - 1)]  # indices into KINDS
    strengths: Annotated[Vectors, Column(np.float32, "findings", low=0, high=1)]
    others: Annotated[NDArray[np.int32], Column(np.int32, "findings", low=NO_ITEM)]  # items, -1 for none
    numbers: Annotated[NDArray[np.float64], Column(np.float64, ("findings", NUMBERS), finite=True)]  # padded with zeros

    def sound(self) -> bool:
        return bool(np.all(self.scores[1:] <= self.scores[:-1]))

    @classmethod
    def of(cls, outliers: Sequence[Found]) -> Outliers:
        """Sort and pack outliers."""
        ranked = sorted(outliers, key=lambda outlier: (-displayed(outlier.score), outlier.num))
        findings = [sorted(outlier.findings, key=lambda finding: -displayed(finding.strength)) for outlier in ranked]
        flat = [finding for row in findings for finding in row]
        numbers = np.zeros((len(flat), NUMBERS))
        for row, finding in enumerate(flat):
            numbers[row, : len(finding.numbers)] = finding.numbers
        return cls(
            np.array([outlier.num for outlier in ranked], dtype=np.int32),
            np.array([displayed(outlier.score) for outlier in ranked], dtype=np.float32),
            np.concatenate(([0], np.cumsum([len(row) for row in findings]))).astype(np.int64),
            np.array([KINDS.index(finding.kind) for finding in flat], dtype=np.uint8),
            np.array([finding.strength for finding in flat], dtype=np.float32),
            np.array([finding.other for finding in flat], dtype=np.int32),
            numbers,
        )

    def __len__(self) -> int:
        return len(self.nums)

    def at(self, place: int) -> Found:
        """Return the outlier at a place."""
        rows = slice(self.indptr[place], self.indptr[place + 1])
        kinds = [KINDS[kind] for kind in self.kinds[rows].tolist()]
        numbers = [
            tuple(row[: len(LABELS[kind])]) for kind, row in zip(kinds, self.numbers[rows].tolist(), strict=True)
        ]
        findings = map(Finding, kinds, self.strengths[rows].tolist(), numbers, self.others[rows].tolist())
        return Found(int(self.nums[place]), float(self.scores[place]), tuple(findings))


@dataclass(frozen=True, eq=False)
class Anomalies(Part):
    """Anomalous items and users."""

    name = "anomalies"
    items: Annotated[Outliers, Nested(Outliers, "odd items")]
    users: Annotated[Outliers, Nested(Outliers, "odd users")]

    def confirm(self, sizes: Sizes) -> None:
        for subject in SUBJECTS:
            outliers = self.about(subject)
            if outliers.nums.max(initial=-1) >= sizes[subject] or outliers.others.max(initial=-1) >= sizes["items"]:
                raise BundleError(f"anomalies: the arrays do not fit together: {subject} name a row that is not there")

    def about(self, subject: Subject) -> Outliers:
        return self.items if subject == "items" else self.users


def score_of(subject: Subject, strengths: Sequence[float]) -> float:
    """Return the score of the module's formula."""
    share = 1.0 if subject == "items" else SUSPECT
    return float(1 - np.prod([1 - share * strength for strength in strengths]))
