"""Arrays of a ``.safetensors`` file, memory-mapped.

The library of that name copies what it reads. The format is a length (8 bytes, little-endian), that many bytes of JSON which
name each array with type, shape and place, and the numbers end to end.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.errors import EncoderError

TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "|u1"}
LENGTH_BYTES = 8
LONGEST_HEADER = 100_000_000


def map_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays by name, read-only; those of types that numpy does not have are left out.

    Raises
    ------
    EncoderError
        When the file cannot be read or is not of the format.
    """
    try:
        content = np.memmap(path, dtype=np.uint8, mode="r").view(np.ndarray)
        size = int.from_bytes(content[:LENGTH_BYTES].tobytes(), "little")
        if size > min(LONGEST_HEADER, len(content) - LENGTH_BYTES):
            raise ValueError("its header is longer than the file")
        header = json.loads(content[LENGTH_BYTES : LENGTH_BYTES + size].tobytes())
        header.pop("__metadata__", None)
        numbers = content[LENGTH_BYTES + size :]
        return {name: _array(numbers, place) for name, place in header.items() if place["dtype"] in TYPES}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise EncoderError(f"{path}: no sound .safetensors file: {error}") from error


def _array(numbers: NDArray[np.uint8], place: dict[str, Any]) -> NDArray[Any]:
    start, stop = place["data_offsets"]
    if not 0 <= start <= stop <= len(numbers):
        raise ValueError("an array lies outside the file")
    return numbers[start:stop].view(TYPES[place["dtype"]]).reshape(place["shape"])
