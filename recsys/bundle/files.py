"""Writing of files that are synced before a name points to them."""

from __future__ import annotations

import mmap
import os
from pathlib import Path


def write_bytes(path: Path, content: bytes | mmap.mmap) -> None:
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
