"""Arrays as ``.npy`` files: memory-mapped when read, on the disk when written."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recsys.encoders.hub import FileContent

# numpy parses the header of an array with ast.literal_eval, which in CPython 3.11 fails at times when two threads are at it
# (python/cpython issue 106905).
PARSING = threading.Lock()


def read_array(path: Path) -> NDArray[np.generic]:
    """The array of a file, read-only, without ever running code that it holds; raises OSError or ValueError."""
    with PARSING:
        try:
            # as a string, because a Path would be resolved, by a system call for each folder above it
            mapped = np.lib.format.open_memmap(str(path), mode="r")
        except ValueError:  # an empty array cannot be memory-mapped
            with path.open("rb") as stream:
                return np.lib.format.read_array(stream, allow_pickle=False)
    return mapped.view(np.ndarray)  # the same memory without the slow indexing of numpy.memmap


def write_array(path: Path, array: NDArray[np.generic]) -> None:
    """Write a new file and sync it; raises OSError."""
    with path.open("xb") as stream:
        rows = np.ascontiguousarray(array)
        np.lib.format.write_array_header_1_0(stream, np.lib.format.header_data_from_array_1_0(rows))
        stream.write(rows.data)  # numpy's own way through a C stream does not notice a disk that is full
        stream.flush()
        os.fsync(stream.fileno())


def write_bytes(path: Path, content: FileContent) -> None:
    """Write a new file and sync it; raises OSError, also when the file is there already."""
    with path.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def sync(path: Path) -> None:
    """Sync a file or a folder that was written by other means."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def switch_link(link: Path, target: str) -> None:
    """Let `link` point to `target`: whoever reads it sees the old target or the new one, never none."""
    fresh = link.with_name(f".{link.name}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    os.replace(fresh, link)
    sync(link.parent)
