"""External string ids and the row numbers that stand for them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from recsys.data.packed import PackedStrings
from recsys.data.part import Column, Fields, Nested, Part, Pointers
from recsys.errors import DataError


@dataclass(frozen=True, eq=False)
class IdMap(Part):
    """An immutable two-way map between external ids and row numbers 0..n-1.

    It is four flat arrays, so a map of millions of ids is opened by memory-mapping and costs no private memory. Ids are
    hashed by CRC-32 into buckets: ``nums[starts[b]:starts[b + 1]]`` are the rows whose id falls into bucket ``b``.

    Parameters
    ----------
    strings : PackedStrings
        The id of each row.
    starts : int32 array (n_buckets + 1,)
    nums : int32 array (n,)
    """

    name: ClassVar[str] = "id map"
    fields: ClassVar[Fields] = {
        "strings": Nested(PackedStrings, "n"),
        "starts": Pointers("buckets", "n", kind=np.int32),
        "nums": Column(np.int32, "n", low=0, below="n"),
    }

    strings: PackedStrings
    starts: NDArray[np.int32]
    nums: NDArray[np.int32]

    def sound(self) -> bool:
        return len(self.starts) > 1

    @classmethod
    def from_ids(cls, ids: Sequence[str]) -> IdMap:
        """Number `ids` in their order.

        Raises
        ------
        DataError
            When an id is empty or stands twice.
        """
        if len(set(ids)) != len(ids):
            raise DataError(f"id {_first_repeated(ids)!r} stands twice; ids must be unique")
        if "" in ids:
            raise DataError("an id is empty; every id needs at least one character")
        strings = PackedStrings.from_strings(ids)
        hashes = np.fromiter((zlib.crc32(strings.raw(num)) for num in range(len(ids))), np.int64, len(ids))
        n_buckets = max(1, len(ids))
        buckets = hashes % n_buckets
        nums = np.argsort(buckets, kind="stable").astype(np.int32)
        starts = np.searchsorted(buckets[nums], np.arange(n_buckets + 1)).astype(np.int32)
        return cls(strings, starts, nums)

    def __len__(self) -> int:
        return len(self.strings)

    def __iter__(self) -> Iterator[str]:
        return iter(self.strings)

    def __contains__(self, external_id: str) -> bool:
        return self.get(external_id) is not None

    def id(self, num: int) -> str:
        """The external id of row `num`, byte for byte."""
        return self.strings[num]

    def get(self, external_id: str) -> int | None:
        """The row number of an id, or None when it is not known."""
        try:
            wanted = external_id.encode("utf-8")
        except UnicodeEncodeError:  # a lone surrogate is in no file of ids
            return None
        bucket = zlib.crc32(wanted) % (len(self.starts) - 1)
        for num in self.nums[self.starts[bucket] : self.starts[bucket + 1]]:
            if self.strings.raw(num) == wanted:
                return int(num)
        return None

    def known(self, external_ids: Iterable[str]) -> NDArray[np.int32]:
        """The row numbers of those of `external_ids` that are known, in their order."""
        found = (self.get(external_id) for external_id in external_ids)
        return np.fromiter((num for num in found if num is not None), dtype=np.int32)


def _first_repeated(ids: Sequence[str]) -> str:
    seen: set[str] = set()
    return next(one for one in ids if one in seen or seen.add(one))  # type: ignore[func-returns-value]
