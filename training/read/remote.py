"""Files behind URLs, through fsspec."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal
from urllib.parse import unquote

from recsys.errors import DataError
from training.read.location import scheme, shown, without_secrets

CONNECT_SECONDS, READ_SECONDS = 10, 60
BUFFER, BLOCK = 1 << 18, 1 << 22  # bytes of a request at least, and of one where all is read
COLUMNAR = (".parquet", ".pq", ".orc", ".feather", ".arrow")  # of which parts are read


@dataclass(frozen=True)
class RemoteFile:
    """A file behind a URL."""

    url: str

    def __str__(self) -> str:
        return shown(self.url)

    @property
    def name(self) -> str:
        return PurePosixPath(unquote(str(self))).name

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix

    def size(self) -> int:
        """Return the number of bytes, 0 where the server does not say it; raises DataError."""
        with _errors(self.url):
            system, path = _filesystem(self.url)
            return int(system.size(path) or 0)

    def open(self, _: Literal["rb"], /) -> io.BufferedReader:
        """Open the file; raises DataError."""
        with _errors(self.url):
            system, path = _filesystem(self.url)
            is_http, is_columnar = scheme(self.url).startswith("http"), self.suffix.lower() in COLUMNAR
            if is_columnar and (not is_http or _has_ranges(system, path)):
                stream = _Stream(system.open(path, "rb", cache_type="none"))
            else:
                block = 0 if is_http else BLOCK  # 0: in one answer, which any server gives
                stream = _Stream(system.open(path, "rb", block_size=block), is_seekable=not is_http)
            return io.BufferedReader(stream, BUFFER)


class _Stream(io.RawIOBase):
    """A stream of fsspec; raises OSError for the errors of all its libraries."""

    def __init__(self, stream: Any, *, is_seekable: bool = True) -> None:
        self.stream, self.is_seekable = stream, is_seekable

    def readinto(self, buffer: Any) -> int:
        try:
            data = self.stream.read(len(buffer))
        except Exception as error:  # of any library
            raise OSError(_message(error)) from error
        buffer[: len(data)] = data
        return len(data)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self.is_seekable

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self.stream.seek(offset, whence))

    def close(self) -> None:
        self.stream.close()
        super().close()


def remote_files(pattern: str) -> list[RemoteFile]:
    """Return the files of a URL, which may be a glob or, in an object store, a folder of Parquet files; raises DataError."""
    is_http = scheme(pattern).startswith("http")
    with _errors(pattern):
        system, path = _filesystem(pattern)
        if any(sign in path for sign in ("*" if is_http else "*[")):
            found = system.glob(path)
        elif not is_http and system.isdir(path):
            found = [name for name in system.find(path) if name.endswith(".parquet")]
        else:
            return [RemoteFile(pattern)]
        return [RemoteFile(system.unstrip_protocol(name)) for name in sorted(found)]


def _filesystem(url: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    system, path = url_to_fs(url, **_options(scheme(url)))
    return system, path


def _has_ranges(system: Any, path: str) -> bool:
    """Return whether a server sends parts of a file."""
    with system.open(path, "rb", cache_type="none") as stream:
        try:
            stream.seek(-1, io.SEEK_END)
            return len(stream.read(1)) == 1
        except (ValueError, OSError):  # it sent all, or of an unknown length
            return False


def _options(kind: str) -> dict[str, Any]:
    """Return how long to wait; an attempt is repeated a few times, never forever."""
    if kind in ("http", "https"):
        from aiohttp import ClientTimeout

        return {"client_kwargs": {"timeout": ClientTimeout(None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)}}
    if kind in ("s3", "s3a"):
        wait = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS, "retries": {"max_attempts": 2}}
        return {"config_kwargs": wait}
    return {}


@contextmanager
def _errors(url: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        cause = error.__cause__  # of fsspec for HTTP, any error
        is_http = cause is not None and scheme(url).startswith("http") and getattr(cause, "status", 0) != 404
        problem = f"cannot be read: {_message(cause)}" if cause and is_http else "there is no such file"
        raise DataError(f"{shown(url)}: {problem}") from error
    except ImportError as error:
        package = "`remote`" if scheme(url) in ("http", "https", "s3", "s3a") else f"of fsspec for {scheme(url)}://"
        raise DataError(f"{shown(url)}: needs the extra {package}: {without_secrets(str(error))}") from error
    except Exception as error:  # of any library
        raise DataError(f"{shown(url)}: cannot be read: {_message(error)}") from error


def _message(error: BaseException) -> str:
    return without_secrets(str(error)) or type(error).__name__
