"""Changes of items that a service received: records, changed values, deletions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recsys.errors import NotFoundError, QueryError
from recsys.events.records import check_id

Kind = Literal["put", "patch", "delete"]
Value = str | int | float | bool | list[str]
Values = Mapping[str, Value | None]

TITLE = "title"
AVAILABLE, FROM, UNTIL = "available", "available_from", "available_until"
MOST_VALUES = 200
LONGEST_RECORD = 65_536  # characters of JSON


@dataclass(frozen=True)
class ItemChange:
    """What is to hold of an item.

    Parameters
    ----------
    values : mapping
        By column: of the whole record after a ``put``; of a ``patch``, those that differ from the record of the files, None for
        a value that was removed; none after a ``delete``.
    revision : int
        Rises with every change of any item.
    """

    item_id: str
    kind: Kind
    values: Values
    revision: int = 0

    def __post_init__(self) -> None:
        check_id("item_id", self.item_id)
        check_values(f"item {self.item_id!r}", self.values, self.record)

    @property
    def record(self) -> str:
        """The values as JSON."""
        return json.dumps(dict(self.values), allow_nan=False)

    @property
    def is_deleted(self) -> bool:
        return self.kind == "delete"

    def is_available(self, now: float) -> bool:
        """Return whether lists may have the item at a time, seconds since 1970."""
        return self.values.get(AVAILABLE) is not False and not any(_is_over(self.values, now))

    def next_turn(self, now: float) -> float:
        """Return when its availability changes next, seconds since 1970; infinity for never."""
        times = (self.values.get(name) for name in (FROM, UNTIL))
        return min(
            (float(time) for time in times if isinstance(time, int | float) and time > now), default=float("inf")
        )

    def after(self, earlier: ItemChange | None) -> ItemChange:
        """Return the change that holds when this one follows an earlier one of the same item.

        Raises
        ------
        NotFoundError
            When this is a patch of a deleted item.
        """
        if self.kind != "patch" or earlier is None:
            return self
        if earlier.is_deleted:
            raise NotFoundError(f"item {self.item_id!r} was deleted; PUT makes it anew")
        values = {**earlier.values, **self.values}
        if earlier.kind == "put":
            values = {name: value for name, value in values.items() if value is not None}
        return ItemChange(self.item_id, earlier.kind, values)


def check_values(whose: str, values: Values, record: str) -> None:
    """Raise QueryError if a record is too large to be kept, or the name of a value cannot be."""
    if len(values) > MOST_VALUES:
        raise QueryError(f"{whose} has {len(values)} values; at most {MOST_VALUES} are kept")
    for name in values:
        check_id("the name of a value", name)
    if len(record) > LONGEST_RECORD:
        raise QueryError(f"{whose} has {len(record)} characters; at most {LONGEST_RECORD} are kept")


@dataclass(frozen=True, eq=False)
class ItemVector:
    """Unit vector (dim,) float32 of the text of an item, by an encoder (fingerprint)."""

    item_id: str
    encoder: str
    text_key: bytes  # from :func:`text_key`
    vector: NDArray[np.float32]
    revision: int = 0


def text_key(text: str) -> bytes:
    """Return a digest by which a changed text is recognized."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def unlisted(changes: Mapping[str, ItemChange], now: float) -> tuple[frozenset[str], float]:
    """Return the items that no list may have at a time, seconds since 1970, and when that changes next."""
    out = frozenset(item_id for item_id, change in changes.items() if change.is_deleted or not change.is_available(now))
    return out, min((change.next_turn(now) for change in changes.values()), default=float("inf"))


def _is_over(values: Values, now: float) -> Sequence[bool]:
    begin, end = values.get(FROM), values.get(UNTIL)
    return isinstance(begin, int | float) and now < begin, isinstance(end, int | float) and now >= end
