"""A text file in blocks of whole lines."""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

from recsys.errors import DataError
from training.read.encoding_guess import guess
from training.read.opening import DAMAGE, File, open_text
from training.read.source import Source

FIRST_BYTES = 1 << 20
BLOCK_BYTES = 1 << 23
MARK = codecs.BOM_UTF8
NEW_LINE = "\n"


@dataclass(frozen=True)
class Block:
    """Whole lines as UTF-8, each but the last of a file with its end, and the number of the first, which counts from 1."""

    data: bytes
    line: int

    @cached_property
    def n_lines(self) -> int:
        return self.data.count(b"\n") + (not self.data.endswith(b"\n"))


def lines_of(data: bytes) -> list[bytes]:
    """Return the lines with their ends."""
    return io.BytesIO(data).readlines()


def blocks(file: File, source: Source, *, whole_lines: bool = True) -> Iterator[Block]:
    """Yield the lines of a file, or pieces that end anywhere between two characters.

    Raises DataError when the file cannot be read, is not in its encoding, or has a line that is no text's.
    """
    line = 1
    try:
        with open_text(file, source.encoding, source.advance) as stream:
            for data in _whole_lines(stream, source.longest) if whole_lines else _pieces(stream):
                block = Block(data, line)
                _check_encoding(file, block, source)
                source.accounting.lines[source.what] += block.n_lines
                yield block
                line += block.n_lines if whole_lines else data.count(b"\n")
    except DAMAGE as error:
        raise DataError(f"{file}: cannot be read after line {line - 1}: {error}") from error
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(error.encoding, "replace")
        problem = f"byte 0x{error.object[error.start]:02x} is not {error.encoding}"
        raise DataError(
            f"{file} line {line + before.count(NEW_LINE)}: {problem}; check {source.key('encoding')}"
        ) from error
    except _EndlessLineError as error:
        raise DataError(f"{file} line {line}: longer than {source.longest} bytes; is this a text file?") from error


class _EndlessLineError(Exception):
    """A line has no end."""


def _whole_lines(stream: BinaryIO, longest: int) -> Iterator[bytes]:
    data = stream.read(FIRST_BYTES).removeprefix(MARK)
    is_old_mac = b"\r" in data[:-1] and b"\n" not in data
    rest = b""
    while data:
        if is_old_mac:
            data = data.replace(b"\r", b"\n")
        elif b"\r\r\n" in data:
            data = data.replace(b"\r\r\n", b"\r\n")
        end = data.rfind(b"\n") + 1
        if end:
            yield rest + data[:end]
            rest = data[end:]
        else:
            rest += data
        if len(rest) > longest and not end:
            raise _EndlessLineError
        data = stream.read(BLOCK_BYTES if end else FIRST_BYTES)
    if rest.strip(b"\x1a"):  # Ctrl-Z, the end of a file of MS-DOS
        yield rest


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    data = stream.read(FIRST_BYTES).removeprefix(MARK)
    while data:
        more = stream.read(FIRST_BYTES)
        end = len(data)
        while more and end > len(data) - 4 and end and (data[end - 1] & 0xC0) == 0x80:
            end -= 1  # within a character of UTF-8
        if more and end and data[end - 1] >= 0xC0:
            end -= 1
        if data[:end]:
            yield data[:end]
        data = data[end:] + more


def _check_encoding(file: File, block: Block, source: Source) -> None:
    try:
        str(block.data, "utf-8")
    except UnicodeDecodeError as error:
        line = block.line + block.data.count(b"\n", 0, error.start)
        problem = f"{file} line {line}: byte 0x{block.data[error.start]:02x} is not utf-8"
        name = guess(block.data[block.data.rfind(b"\n", 0, error.start) + 1 :])
        key = source.key("encoding")
        remedy = f"; looks like {name}: set {key} = {json.dumps(name)}" if name else f"; mend the line or set {key}"
        raise DataError(problem + remedy) from error
