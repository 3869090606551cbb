"""Rows of different lengths end to end, strings among them, so that a file of them can be memory-mapped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsys.errors import BundleError

Arrays = Mapping[str, NDArray[np.generic]]


def is_indptr(indptr: NDArray[np.int64], n_rows: int, size: int, *, strictly: bool = False) -> bool:
    """Whether row ``i`` of `n_rows` can be ``indptr[i]:indptr[i + 1]`` of `size` entries; `strictly`: with none empty."""
    return (
        indptr.dtype == np.int64
        and n_rows >= 0
        and indptr.shape == (n_rows + 1,)
        and bool(indptr[0] == 0 and indptr[-1] == size)
        and bool(np.all(indptr[1:] > indptr[:-1] if strictly else indptr[1:] >= indptr[:-1]))
    )


@dataclass(frozen=True, eq=False)
class PackedStrings:
    """Strings stored end to end as UTF-8.

    Parameters
    ----------
    blob : uint8 array (n_bytes,)
        All strings, one after another.
    offsets : int64 array (n + 1,)
        String ``i`` is ``blob[offsets[i]:offsets[i + 1]]``.

    Raises
    ------
    BundleError
        When the offsets do not rise from 0 to the length of the blob.
    """

    blob: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    _bytes: memoryview = field(init=False, repr=False)  # views of the same memory, faster for one string
    _places: memoryview = field(init=False, repr=False)

    def __post_init__(self) -> None:
        sound = (
            self.blob.dtype == np.uint8
            and self.blob.ndim == 1
            and self.offsets.ndim == 1
            and is_indptr(self.offsets, len(self.offsets) - 1, len(self.blob))
        )
        if not sound:
            raise BundleError("packed strings: the offsets do not fit the bytes")
        object.__setattr__(self, "_bytes", np.ascontiguousarray(self.blob).data)
        object.__setattr__(self, "_places", np.ascontiguousarray(self.offsets).data)

    @classmethod
    def from_strings(cls, strings: Iterable[str]) -> PackedStrings:
        encoded = [string.encode("utf-8") for string in strings]
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(piece) for piece in encoded], out=offsets[1:])
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def raw(self, num: int) -> bytes:
        """The UTF-8 bytes of string `num`."""
        return self._bytes[self._places[num] : self._places[num + 1]].tobytes()

    def __getitem__(self, num: int) -> str:
        return str(self._bytes[self._places[num] : self._places[num + 1]], "utf-8")

    def __iter__(self) -> Iterator[str]:
        return (self[num] for num in range(len(self)))

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        return {"blob": self.blob, "offsets": self.offsets}
