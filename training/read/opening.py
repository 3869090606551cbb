"""Text files as streams of UTF-8 bytes."""

from __future__ import annotations

import codecs
import gzip
import io
from pathlib import Path
from typing import BinaryIO, cast

BUFFER = 1 << 18


def plain_name(file: Path) -> str:
    """Return the name of a file without the suffix of its compression."""
    return file.name.removesuffix(".gz")


def open_bytes(file: Path) -> BinaryIO:
    """Open a file, and unpack it while it is read."""
    if file.suffix == ".gz":
        return io.BufferedReader(gzip.open(file), BUFFER)  # its own readline is slow
    return file.open("rb")


def open_text(file: Path, encoding: str) -> BinaryIO:
    """Open a text file of an encoding, by default UTF-8, as UTF-8."""
    stream = open_bytes(file)
    return cast(BinaryIO, codecs.EncodedFile(stream, "utf-8", encoding)) if encoding else stream
