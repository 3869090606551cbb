"""Groups of similar items or users, with a description of each group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from recsys.data.packed import Records
from recsys.data.part import Column, Fields, Part, Pointers, Sizes
from recsys.data.vectors import Vectors
from recsys.errors import BundleError, NotFoundError
from recsys.model.extras.descriptions import Meaning
from recsys.score_order import shown

NO_GROUP = -1
Nums = NDArray[np.int32]


class Affinity(NamedTuple):
    """Preference of a user group for an item group: its share of their consumption, and of all consumption."""

    group: int
    share: float
    overall: float


class Group(NamedTuple):
    """Group of items or users; its name consists of distinctive words and values, or of titles if there are none."""

    name: str
    cohesion: float  # mean cosine of members and center, 0 to 1
    meaning: Meaning
    affinities: tuple[Affinity, ...] = ()  # for users: item groups used more than average, by falling surplus


def _encode(group: Group) -> dict[str, Any]:
    return {**group._asdict(), "meaning": group.meaning._asdict()}


def _columns(rows: str) -> Fields:
    return {
        "labels": Column(np.int32, rows, low=NO_GROUP, below="groups", new=NO_GROUP),
        "closeness": Column(np.float32, rows, finite=True),
        "indptr": Pointers("groups", "grouped", strictly=True),
        "members": Column(np.int32, "grouped", low=0, below=rows),
        "groups": Records(_encode, TypeAdapter(Group).validate_python, "groups"),
    }


@dataclass(frozen=True, eq=False)
class Groups(Part):
    """Rows (items or users) by group; group 0 is the largest.

    The rows of group ``g``, most typical first, are ``members[indptr[g]:indptr[g + 1]]``.
    """

    name = "groups"
    fields = _columns("rows")

    labels: Nums  # group of each row; NO_GROUP for a row without data
    closeness: Vectors  # cosine of each row's vector and the center of its group; 0 without a group
    indptr: NDArray[np.int64]
    members: Nums
    groups: tuple[Group, ...]

    def sound(self) -> bool:
        expected = np.repeat(np.arange(len(self.groups)), np.diff(self.indptr))
        labeled = np.flatnonzero(self.labels != NO_GROUP)
        same = np.array_equal(self.labels[self.members], expected)
        return same and np.array_equal(np.sort(self.members), labeled)

    @classmethod
    def from_labels(cls, labels: Nums, closeness: Vectors, groups: Sequence[Group]) -> Self:
        """Sort the rows of each group by falling closeness."""
        order = np.lexsort((-shown(closeness), labels))
        members = order[labels[order] != NO_GROUP].astype(np.int32)
        indptr = np.searchsorted(labels[members], np.arange(len(groups) + 1)).astype(np.int64)
        return cls(labels, closeness, indptr, members, tuple(groups))

    def confirm(self, sizes: Sizes) -> None:
        super().confirm(sizes)
        if not all(group.meaning.sound(sizes["items"]) for group in self.groups):
            raise BundleError(f"{self.name}: an item is out of range")

    def __len__(self) -> int:
        """Return the number of rows, with and without a group."""
        return len(self.labels)

    def of(self, row: int) -> int | None:
        """Return the group of a row; None without a group."""
        label = int(self.labels[row])
        return None if label == NO_GROUP else label

    def inside(self, group: int) -> NDArray[np.bool_]:
        """Return the mask of rows in a group, bool array (n,); raises NotFoundError for an unknown group."""
        if not 0 <= group < len(self.groups):
            raise NotFoundError(f"group {group} is not in this model; it has {len(self.groups)}, counted from 0")
        return np.asarray(self.labels == group)

    def size(self, group: int) -> int:
        return int(self.indptr[group + 1] - self.indptr[group])

    def members_of(self, group: int) -> Nums:
        """Return the rows of a group, most typical first."""
        return self.members[self.indptr[group] : self.indptr[group + 1]]


class Clusters(Groups):
    """Groups of items."""

    name = "clusters"
    fields = _columns("items")


class Segments(Groups):
    """Groups of users."""

    name = "segments"
    fields = _columns("users")
