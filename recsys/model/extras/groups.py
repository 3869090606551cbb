"""Items or users in groups of like ones: which one each belongs to, and what each group is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from recsys.data.packed import Records
from recsys.data.part import Column, Fields, Part, Pointers, Sizes
from recsys.data.vectors import Vectors
from recsys.errors import BundleError, NotFoundError
from recsys.model.extras.descriptions import Meaning
from recsys.score_order import shown

NO_GROUP = -1
Nums = NDArray[np.int32]


class Affinity(NamedTuple):
    """Another group that this one uses: the share of what it consumes, and of what all consume."""

    group: int
    share: float
    overall: float


class Group(NamedTuple):
    """One group.

    Parameters
    ----------
    name : str
        A few distinctive words and values, or titles where there are none.
    cohesion : float
        Mean cosine of its members with its centre, 0 to 1.
    meaning : Meaning
    affinities : tuple of Affinity
        For users: the groups of items that they use more than others, by falling surplus.
    """

    name: str
    cohesion: float
    meaning: Meaning
    affinities: tuple[Affinity, ...] = ()


def _written(group: Group) -> dict[str, Any]:
    return {**group._asdict(), "meaning": group.meaning.to_json()}


def _read(found: Mapping[str, Any]) -> Group:
    affinities = tuple(Affinity(*one) for one in found["affinities"])
    return Group(str(found["name"]), float(found["cohesion"]), Meaning.from_json(found["meaning"]), affinities)


def _columns(rows: str) -> Fields:
    return {
        "labels": Column(np.int32, rows, low=NO_GROUP, below="groups"),
        "closeness": Column(np.float32, rows, finite=True),
        "indptr": Pointers("groups", "grouped", strictly=True),
        "members": Column(np.int32, "grouped", low=0, below=rows),
        "groups": Records(_written, _read, "groups"),
    }


@dataclass(frozen=True, eq=False)
class Groups(Part):
    """Rows (items or users) in groups; the largest group has number 0.

    Parameters
    ----------
    labels : int32 array (n,)
        The group of each row; NO_GROUP where nothing is known of it.
    closeness : float32 array (n,)
        Cosine of each row's vector with the centre of its group; 0 without a group.
    indptr : int64 array (n_groups + 1,)
    members : int32 array (number of grouped rows,)
        Rows of group ``g``, most typical first: ``members[indptr[g]:indptr[g + 1]]``.
    groups : tuple of Group

    Raises
    ------
    BundleError
        When the arrays do not fit together.
    """

    name: ClassVar[str] = "groups"
    fields: ClassVar[Fields] = _columns("rows")

    labels: Nums
    closeness: Vectors
    indptr: NDArray[np.int64]
    members: Nums
    groups: tuple[Group, ...]

    def sound(self) -> bool:
        expected = np.repeat(np.arange(len(self.groups)), np.diff(self.indptr))
        labelled = np.flatnonzero(self.labels != NO_GROUP)
        same = np.array_equal(self.labels[self.members], expected)
        return same and np.array_equal(np.sort(self.members), labelled)

    @classmethod
    def from_labels(cls, labels: Nums, closeness: Vectors, groups: Sequence[Group]) -> Self:
        """Sort the rows of each group by falling closeness."""
        order = np.lexsort((-shown(closeness), labels))
        members = order[labels[order] != NO_GROUP].astype(np.int32)
        indptr = np.searchsorted(labels[members], np.arange(len(groups) + 1)).astype(np.int64)
        return cls(labels, closeness, indptr, members, tuple(groups))

    def confirm(self, sizes: Sizes) -> None:
        super().confirm(sizes)
        if not all(one.meaning.sound(sizes["items"]) for one in self.groups):
            raise BundleError(f"{self.name}: an item is out of range")

    def __len__(self) -> int:
        """How many rows there are, with and without a group."""
        return len(self.labels)

    def of(self, row: int) -> int | None:
        """The group of a row, None where nothing is known of it."""
        label = int(self.labels[row])
        return None if label == NO_GROUP else label

    def inside(self, group: int) -> NDArray[np.bool_]:
        """Which rows are in a group, bool array (n,); raises NotFoundError when there is no such group."""
        if not 0 <= group < len(self.groups):
            raise NotFoundError(f"group {group} is not in this model; it has {len(self.groups)}, counted from 0")
        return np.asarray(self.labels == group)

    def size(self, group: int) -> int:
        return int(self.indptr[group + 1] - self.indptr[group])

    def members_of(self, group: int) -> Nums:
        """The rows of a group, most typical first."""
        return self.members[self.indptr[group] : self.indptr[group + 1]]


class Clusters(Groups):
    """Items in groups."""

    name = "clusters"
    fields = _columns("items")


class Segments(Groups):
    """Users in groups."""

    name = "segments"
    fields = _columns("users")
