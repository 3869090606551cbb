"""Items or users in groups of like ones: which one each belongs to, and what each group is about."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.data.packed import Arrays, PackedStrings, is_indptr
from recsys.data.vectors import Vectors
from recsys.errors import BundleError, NotFoundError
from recsys.model.extras.descriptions import Meaning
from recsys.score_order import shown

COLUMNS = ("labels", "closeness", "indptr", "members", "blob", "offsets")
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


@dataclass(frozen=True, eq=False)
class Groups:
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

    labels: Nums
    closeness: Vectors
    indptr: NDArray[np.int64]
    members: Nums
    groups: tuple[Group, ...]

    def __post_init__(self) -> None:
        n, n_groups = len(self.labels), len(self.groups)
        sound = (
            self.labels.dtype == self.members.dtype == np.int32
            and self.closeness.dtype == np.float32
            and self.closeness.shape == (n,)
            and is_indptr(self.indptr, n_groups, len(self.members), strictly=True)
            and len(self.members) == int(np.count_nonzero(self.labels != NO_GROUP))
            and bool(np.all(np.isfinite(self.closeness)))
        )
        if not sound or not self._members_are_sound():
            raise BundleError("groups: the arrays do not fit together")

    def _members_are_sound(self) -> bool:
        if not len(self.members):
            return True
        if self.members.min() < 0 or self.members.max() >= len(self.labels):
            return False
        expected = np.repeat(np.arange(len(self.groups)), np.diff(self.indptr))
        return bool(np.array_equal(self.labels[self.members], expected)) and len(np.unique(self.members)) == len(
            self.members
        )

    @classmethod
    def from_labels(cls, labels: Nums, closeness: Vectors, groups: Sequence[Group]) -> Groups:
        """Sort the rows of each group by falling closeness."""
        order = np.lexsort((-shown(closeness), labels))
        members = order[labels[order] != NO_GROUP].astype(np.int32)
        indptr = np.searchsorted(labels[members], np.arange(len(groups) + 1)).astype(np.int64)
        return cls(labels, closeness, indptr, members, tuple(groups))

    @classmethod
    def none(cls, n: int) -> Groups:
        """No group for `n` rows."""
        return cls.from_labels(np.full(n, NO_GROUP, dtype=np.int32), np.zeros(n, dtype=np.float32), ())

    @classmethod
    def from_arrays(cls, arrays: Arrays, n_items: int) -> Groups:
        """Open the arrays of :meth:`to_arrays`; raises BundleError when they do not fit.

        Parameters
        ----------
        n_items : int
            Of the catalogue, whose items the meanings name.
        """
        strings = PackedStrings(arrays["blob"], arrays["offsets"])  # type: ignore[arg-type]
        groups = tuple(_read(text) for text in strings)
        if not all(one.meaning.sound(n_items) for one in groups):
            raise BundleError("groups: an item is out of range")
        return cls(arrays["labels"], arrays["closeness"], arrays["indptr"], arrays["members"], groups)  # type: ignore[arg-type]

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        strings = PackedStrings.from_strings(map(_written, self.groups))
        arrays: dict[str, NDArray[np.generic]] = {"labels": self.labels, "closeness": self.closeness}
        return {**arrays, "indptr": self.indptr, "members": self.members, **strings.to_arrays()}

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


def _written(group: Group) -> str:
    made = {**group._asdict(), "meaning": group.meaning.to_json()}
    return json.dumps(made, ensure_ascii=False, allow_nan=False)


def _read(text: str) -> Group:
    try:
        found = json.loads(text)
        affinities = tuple(Affinity(*one) for one in found["affinities"])
        return Group(str(found["name"]), float(found["cohesion"]), Meaning.from_json(found["meaning"]), affinities)
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"groups: a description cannot be read: {error!r}") from error
