"""External string ids and the row numbers that stand for them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.packed import Arrays, PackedStrings
from recsys.errors import BundleError, DataError


@dataclass(frozen=True, eq=False)
class IdMap:
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

    strings: PackedStrings
    starts: NDArray[np.int32]
    nums: NDArray[np.int32]

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

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> IdMap:
        """Open a map from the arrays of :meth:`to_arrays`; raises BundleError when they do not fit together."""
        strings = PackedStrings(arrays["blob"], arrays["offsets"])  # type: ignore[arg-type]
        starts, nums = arrays["starts"], arrays["nums"]
        n = len(strings)
        sound = starts.dtype == nums.dtype == np.int32 and nums.shape == (n,) and len(starts) > 1
        if not (sound and starts[0] == 0 and starts[-1] == n and bool(np.all(np.diff(starts) >= 0))):
            raise BundleError("id map: the hash table does not fit the ids")
        if n and not (nums.min() >= 0 and nums.max() < n):
            raise BundleError("id map: a row number is out of range")
        return cls(strings, starts, nums)  # type: ignore[arg-type]

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        return {**self.strings.to_arrays(), "starts": self.starts, "nums": self.nums}

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
