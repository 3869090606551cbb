"""Strings and JSON records packed into flat arrays that can be memory-mapped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from recsys.data.part import Arrays, Column, Field, Part, Pointers, Sizes, UnfitError
from recsys.errors import BundleError
from recsys.strict import first_problem

BLOCK = 4096  # strings whose places are looked up at once


@dataclass(frozen=True, eq=False)
class PackedStrings(Part):
    """Strings concatenated as UTF-8: string ``i`` is ``blob[offsets[i]:offsets[i + 1]]``."""

    name = "packed strings"
    blob: Annotated[NDArray[np.uint8], Column(np.uint8, "bytes")]
    offsets: Annotated[NDArray[np.int64], Pointers("strings", "bytes")]
    _bytes: memoryview = field(init=False, repr=False)  # views of the same memory; faster for single strings
    _places: memoryview = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
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
        """Return the UTF-8 bytes of string `num`."""
        return self._bytes[self._places[num] : self._places[num + 1]].tobytes()

    def __getitem__(self, num: int) -> str:
        return str(self._bytes[self._places[num] : self._places[num + 1]], "utf-8")

    def __iter__(self) -> Iterator[str]:
        return (str(piece, "utf-8") for piece in self.pieces())

    def pieces(self) -> Iterator[memoryview]:
        """Yield the UTF-8 bytes of each string, without a copy."""
        for start in range(0, len(self), BLOCK):
            for begin, end in pairwise(self.offsets[start : start + BLOCK + 1].tolist()):
                yield self._bytes[begin:end]

    def starting_with(self, start: str) -> NDArray[np.int64]:
        """Return the rows of the strings that begin with `start`, rising."""
        sought = start.encode("utf-8", "surrogatepass")
        rows = np.flatnonzero(np.diff(self.offsets) >= len(sought))
        for place, byte in enumerate(sought):
            rows = rows[self.blob[self.offsets[rows] + place] == byte]
        return rows

    def containing(self, word: str) -> NDArray[np.int64]:
        """Return the rows of the strings with the bytes of `word`, ASCII letters in any case, rising; none for no bytes."""
        sought = word.encode("utf-8", "surrogatepass").lower()
        if not sought:
            return np.zeros(0, dtype=np.int64)
        blob = self.blob.tobytes().lower()
        places, place = [], blob.find(sought)
        while place >= 0:
            places.append(place)
            place = blob.find(sought, place + len(sought))
        return np.unique(np.searchsorted(self.offsets, np.array(places, dtype=np.int64), "right") - 1)


@dataclass(frozen=True)
class Records(Field):
    """Tuple of values stored as JSON objects; `read` raises ValueError, KeyError or TypeError for an unsound object."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    length: str | None = None  # name of the size that is their number

    def ends(self) -> list[str]:
        return [".blob", ".offsets"]

    def fit(self, value: tuple[Any, ...], sizes: dict[str, int]) -> None:
        if self.length is not None and sizes.setdefault(self.length, len(value)) != len(value):
            raise UnfitError(f"are {len(value)} where {sizes[self.length]} ({self.length}) are expected")

    def split(self, value: tuple[Any, ...]) -> list[NDArray[Any]]:
        written = (json.dumps(self.write(record), ensure_ascii=False, allow_nan=False) for record in value)
        return list(PackedStrings.from_strings(written).tensors("").values())

    def join(self, tensors: Arrays, name: str, sizes: Sizes) -> tuple[Any, ...]:
        try:
            return tuple(self.read(json.loads(text)) for text in PackedStrings.open(tensors, name, sizes))
        except ValidationError as error:
            raise BundleError(f"{name}: a record cannot be read: {first_problem(error)}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise BundleError(f"{name}: a record cannot be read: {error!r}") from error
