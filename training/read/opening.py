"""Files as streams of bytes: unpacked, and texts as UTF-8."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from encodings.aliases import aliases
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Literal, Protocol, cast

from recsys.errors import ConfigError, did_you_mean

BUFFER = 1 << 18
START_BYTES = 64
PACKED = (".gz", ".gzip", ".zst", ".zstd", ".bz2", ".xz", ".zip")
ZIP = b"PK\x03\x04"
UTF_8 = ("utf-8", "utf-8-sig")
MARKS = {
    rb"\xff\xfe\0\0": "utf-32",
    rb"\xff\xfe|\xfe\xff": "utf-16",
    rb"([\t-~]\0){2}": "utf-16-le",  # without a mark
    rb"(\0[\t-~]){2}": "utf-16-be",
}
DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


class File(Protocol):
    """A file on this machine (a Path), behind a URL, or in a ZIP archive; ``str`` is its name in messages."""

    @property
    def name(self) -> str: ...
    @property
    def suffix(self) -> str: ...
    def open(self, mode: Literal["rb"], /) -> IO[bytes]: ...


@dataclass(frozen=True)
class Member:
    """A file in a ZIP archive."""

    archive: File
    path: str
    content: tuple[int, int] = (0, 0)  # number of bytes and checksum

    def __str__(self) -> str:
        return f"{self.archive}/{self.path}"

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.path).suffix

    def open(self, _: Literal["rb"], /) -> BinaryIO:
        stream = self.archive.open("rb")
        try:
            return Unpacked(zipfile.ZipFile(seekable(stream)).open(self.path), stream)
        except (RuntimeError, NotImplementedError) as error:  # a password, or a rare compression
            stream.close()
            raise zipfile.BadZipFile(str(error)) from error


class Unpacked(io.BufferedReader):
    """What is unpacked of a stream; closes it, too."""

    def __init__(self, unpacked: Any, packed: IO[bytes]) -> None:
        super().__init__(unpacked, BUFFER)
        self.packed = packed

    def close(self) -> None:
        super().close()
        self.packed.close()


class _Counted(io.RawIOBase):
    """A stream that counts the bytes that are read."""

    def __init__(self, stream: IO[bytes], advance: Callable[[int], None]) -> None:
        self.stream, self.advance = cast(io.BufferedReader, stream), advance

    def readinto(self, buffer: Any) -> int:
        n = self.stream.readinto(buffer)
        self.advance(n)
        return n

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self.stream.seekable()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.stream.seek(offset, whence)

    def close(self) -> None:
        self.stream.close()
        super().close()


class _AsUtf8(io.RawIOBase):
    """A text of another encoding as UTF-8; raises UnicodeDecodeError."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self.stream, self.decoder = stream, codecs.getincrementaldecoder(encoding)()

    def read(self, size: int = -1) -> bytes:
        """Return some bytes, about `size`, and none at the end."""
        while data := self.stream.read(size):
            if text := self.decoder.decode(data):
                return text.encode()
        return self.decoder.decode(b"", final=True).encode()

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.stream.close()
        super().close()


def plain_name(file: File) -> str:
    """Return the name of a file without the suffix of its compression."""
    suffix = file.suffix
    return file.name.removesuffix(suffix) if suffix.lower() in PACKED else file.name


def open_bytes(file: File, advance: Callable[[int], None] = lambda _: None) -> BinaryIO:
    """Open a file and unpack it while it is read, by its first bytes; `advance` takes the number of bytes before that."""
    stream = io.BufferedReader(_Counted(file.open("rb"), advance), BUFFER)
    try:
        unpacked = _unpacked(stream)
    except BaseException:
        stream.close()
        raise
    return stream if unpacked is None else Unpacked(unpacked, stream)


def _unpacked(stream: io.BufferedReader[Any]) -> Any:
    """Return the unpacked stream, None when it is not packed."""
    start = stream.peek(START_BYTES)
    if start.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=stream)
    if start.startswith(b"BZh"):
        return bz2.BZ2File(stream)
    if start.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMAFile(stream)
    if start.startswith(b"\x28\xb5\x2f\xfd"):
        import pyarrow as pa

        return pa.CompressedInputStream(stream, "zstd")
    return None


def seekable(stream: IO[bytes]) -> IO[bytes]:
    """Return a stream that can be read from its end, which is in memory where `stream` only goes forward."""
    is_slow = isinstance(stream, Unpacked) or not stream.seekable()
    return io.BytesIO(stream.read()) if is_slow else stream


def first_bytes(file: File) -> bytes:
    """Return the first bytes of a file as they are unpacked."""
    with open_bytes(file) as stream:
        return stream.read(START_BYTES)


def open_text(file: File, encoding: str, advance: Callable[[int], None] = lambda _: None) -> BinaryIO:
    """Open a text file of an encoding, by default UTF-8 or what a byte order mark says, as UTF-8; raises ConfigError."""
    encoding = known_encoding(encoding) if encoding else ""
    stream = cast(io.BufferedReader, open_bytes(file, advance))
    if not encoding:
        start = stream.peek(START_BYTES)
        encoding = next((name for mark, name in MARKS.items() if re.match(mark, start)), "utf-8")
    return stream if encoding in UTF_8 else cast(BinaryIO, _AsUtf8(stream, encoding))


def known_encoding(name: str) -> str:
    """Return the name of an encoding as Python has it; raises ConfigError for an unknown one."""
    try:
        found = codecs.lookup(name)
        if getattr(found, "_is_text_encoding", True):
            return found.name
    except (LookupError, ValueError):
        pass
    names = {alias.replace("_", "-") for alias in aliases} | {known.replace("_", "-") for known in aliases.values()}
    raise ConfigError(f"data.encoding = {name!r}: unknown encoding{did_you_mean(name, names)}")


def members(file: File) -> list[File]:
    """Return the files in a ZIP archive, the file itself if it is none; a workbook of Excel is none."""
    with file.open("rb") as stream:
        if stream.read(len(ZIP)) != ZIP:
            return [file]
    with file.open("rb") as stream, zipfile.ZipFile(seekable(stream)) as archive:
        contents = {info.filename: (info.file_size, info.CRC) for info in archive.infolist() if not info.is_dir()}
    if "[Content_Types].xml" in contents or "mimetype" in contents:
        return [file]
    hidden = ("__MACOSX/", ".")
    return [
        Member(file, name, content)
        for name, content in contents.items()
        if not name.startswith(hidden) and not Path(name).name.startswith(".")
    ]
