"""Map between external string ids and row numbers."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from recsys.data.packed import PackedStrings
from recsys.data.part import Column, Nested, Part, Pointers
from recsys.errors import DataError


@dataclass(frozen=True, eq=False)
class IdMap(Part):
    """Immutable two-way map between external ids and row numbers 0..n-1.

    Its flat arrays can be memory-mapped, so a map of millions of ids needs no private memory. Ids are hashed by CRC-32 into
    buckets: ``nums[starts[b]:starts[b + 1]]`` are the rows of bucket ``b``. `strings` has the id of each row.
    """

    name = "id map"
    strings: Annotated[PackedStrings, Nested(PackedStrings, "n")]
    starts: Annotated[NDArray[np.int32], Pointers("buckets", "n", kind=np.int32)]
    nums: Annotated[NDArray[np.int32], Column(np.int32, "n", low=0, below="n")]

    def sound(self) -> bool:
        return len(self.starts) > 1

    @classmethod
    def from_ids(cls, ids: Sequence[str]) -> IdMap:
        """Number `ids` in their order; raises DataError when an id is empty or duplicated."""
        seen: set[str] = set()
        for external_id in ids if len(set(ids)) != len(ids) else ():
            if external_id in seen:
                raise DataError(f"id {external_id!r} occurs twice; ids must be unique")
            seen.add(external_id)
        if "" in ids:
            raise DataError("an id is empty; every id needs at least one character")
        strings = PackedStrings.from_strings(ids)
        hashes = np.fromiter(map(zlib.crc32, strings.pieces()), np.int64, len(ids))
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
        """Return the external id of row `num`, unchanged."""
        return self.strings[num]

    def get(self, external_id: str) -> int | None:
        """Return the row number of an id, or None for an unknown id."""
        try:
            encoded = external_id.encode("utf-8")
        except UnicodeEncodeError:  # no id has a lone surrogate
            return None
        bucket = zlib.crc32(encoded) % (len(self.starts) - 1)
        for num in self.nums[self.starts[bucket] : self.starts[bucket + 1]]:
            if self.strings.raw(num) == encoded:
                return int(num)
        return None

    def known(self, external_ids: Iterable[str]) -> NDArray[np.int32]:
        """Return the row numbers of known ids, in the order of `external_ids`."""
        nums = (self.get(external_id) for external_id in external_ids)
        return np.fromiter((num for num in nums if num is not None), dtype=np.int32)
