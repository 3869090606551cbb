"""Arrays in a ``.safetensors`` file: written by the safetensors library, read by memory-mapping.

The library copies arrays on reading. The format is a length (8 bytes, little-endian), a JSON header of that length with name,
type, shape and offsets of each array, and the numbers without gaps.
"""

from __future__ import annotations

import json
import math
import mmap
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file

from recsys.data.part import Arrays
from recsys.errors import RecsysError

# In the order of the library, which sorts arrays by type, then by name.
TYPES = {
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
    "F32": "<f4",
    "U32": "<u4",
    "I32": "<i4",
    "F16": "<f2",
    "U8": "|u1",
    "BOOL": "|b1",
}
CODES = {np.dtype(kind): code for code, kind in TYPES.items()}
LENGTH_BYTES = 8
LONGEST_HEADER = 100_000_000
ALIGNMENT = 64  # bytes of a cache line: products of vectors that begin elsewhere take up to a tenth longer
FILLER = ".filler"
OS_ERROR = re.compile(r"\(os error (\d+)\)")


def map_tensors(path: Path, failure: type[RecsysError]) -> dict[str, NDArray[Any]]:
    """Return the read-only arrays of a file by name, those of TYPES; raises `failure` when it is unreadable or malformed."""
    try:
        with path.open("rb") as stream:
            content = np.frombuffer(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), dtype=np.uint8)
        size = int.from_bytes(content[:LENGTH_BYTES].tobytes(), "little")
        if size > min(LONGEST_HEADER, len(content) - LENGTH_BYTES):
            raise ValueError("its header is longer than the file")
        header = json.loads(content[LENGTH_BYTES : LENGTH_BYTES + size].tobytes())
        header.pop("__metadata__", None)
        numbers = content[LENGTH_BYTES + size :]
        _check_places([place["data_offsets"] for place in header.values()], len(numbers))
        return {
            name: _array(numbers, place)
            for name, place in header.items()
            if place["dtype"] in TYPES and not name.endswith(FILLER)
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise failure(f"{path}: no sound .safetensors file: {error}") from error


def write_tensors(path: Path, arrays: Arrays) -> None:
    """Write a new file, in which each array begins at a multiple of ALIGNMENT; equal arrays give equal bytes.

    Raises OSError when the file exists, or the disk fails or is full.
    """
    padded = dict(_padded(arrays))
    path.touch(exist_ok=False)  # the library replaces a file
    mode = path.stat().st_mode
    try:
        save_file(padded, path, metadata={FILLER: " " * (-_header_size(padded) % ALIGNMENT)})
    except SafetensorError as error:
        number = OS_ERROR.search(str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
    path.chmod(mode)  # the library makes the file readable by its owner only


def _check_places(places: list[Any], size: int) -> None:
    """Raise ValueError where the arrays are not end to end in `size` bytes."""
    end = 0
    for start, stop in sorted(places):
        if start != end or stop < start:
            raise ValueError("its arrays overlap, or leave a gap")
        end = stop
    if end != size:
        raise ValueError(f"its arrays are {end} bytes, the file holds {size}")


def _array(numbers: NDArray[np.uint8], place: dict[str, Any]) -> NDArray[Any]:
    start, stop = place["data_offsets"]
    kind, shape = np.dtype(TYPES[place["dtype"]]), place["shape"]
    if math.prod(shape) * kind.itemsize != stop - start:
        raise ValueError(f"an array of shape {shape} has {stop - start} bytes")
    return numbers[start:stop].view(kind).reshape(shape)


def _padded(arrays: Arrays) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield each array and a filler; its name makes the library put it right after the array."""
    for name, array in arrays.items():
        yield name, np.ascontiguousarray(array).reshape(array.shape)
        if missing := -array.nbytes % ALIGNMENT:
            yield f"{name}{FILLER}", np.zeros(missing // array.itemsize, dtype=array.dtype)


def _header_size(arrays: Arrays) -> int:
    """Return the size of length and header with an empty header filler, in bytes."""
    header: dict[str, object] = {"__metadata__": {FILLER: ""}}
    start, order = 0, [*CODES]
    for name, array in sorted(arrays.items(), key=lambda item: (order.index(item[1].dtype), item[0])):
        places = [start, start + array.nbytes]
        header[name] = {"dtype": CODES[array.dtype], "shape": array.shape, "data_offsets": places}
        start += array.nbytes
    return LENGTH_BYTES + len(json.dumps(header, separators=(",", ":")))
