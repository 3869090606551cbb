"""The file of API keys: names, scopes and the SHA-256 of each key, never a key itself.

One JSON document::

    {"keys": [{"name": "shop", "sha256": "9f86…", "scopes": ["read", "write"], "created_at": "2026-11-23T10:15:00Z",
               "expires_at": null}]}

No message of this file repeats what it has read: somebody may have pasted a key where its hash belongs.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from recsys.bundle.files import sync
from recsys.bundle.manifest import Sha256
from recsys.errors import ConfigError
from recsys.strict import Record

PREFIX = "rk_"  # so that a scanner of leaked secrets can recognize a key
KEY_BYTES = 32
MOST_BYTES = 1 << 20
Scope = Literal["read", "write", "admin"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Signature = tuple[int, int, int]


class KeyFileError(ConfigError):
    """The file of keys cannot be used."""


class KeyRecord(Record):
    """One key: what it is called, the hash that it has, what it may do and until when."""

    name: Name
    sha256: Sha256
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)]
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None


class KeyDocument(Record):
    """All keys; no name and no hash stands there twice."""

    keys: tuple[KeyRecord, ...]

    @model_validator(mode="after")
    def _unique(self) -> KeyDocument:
        for what, values in (("name", [key.name for key in self.keys]), ("hash", [key.sha256 for key in self.keys])):
            if len(set(values)) != len(values):
                raise ValueError(f"two keys have the same {what}")
        return self


@dataclass(frozen=True)
class KeyFile:
    """What a file of keys held when it was read.

    Parameters
    ----------
    content : bytes
    keys : tuple of KeyRecord
    readable_by_others : bool
        Its mode lets other users of the machine read it.
    """

    content: bytes
    keys: tuple[KeyRecord, ...]
    readable_by_others: bool = False


def read(path: Path) -> KeyFile:
    """Raises KeyFileError when the file is missing, unreadable, damaged, or can be written by everybody."""
    content, mode = _content(path)
    if mode & stat.S_IWOTH:
        raise KeyFileError(f"key file {path} can be written by everybody (mode {mode:o}); chmod 600 it")
    if len(content) > MOST_BYTES:
        raise KeyFileError(f"key file {path} is longer than {MOST_BYTES} bytes")
    if not content.strip():
        raise KeyFileError(f"key file {path} is empty; add a key with `recsys keys add`")
    damage = ""
    try:
        return KeyFile(content, KeyDocument.model_validate_json(content).keys, bool(mode & 0o044))
    except ValidationError as error:
        damage = _damage(error)
    raise KeyFileError(f"key file {path} is damaged: {damage}")  # not from the error, which holds what was read


def check_at_start(path: str) -> None:
    """Raise KeyFileError when a server cannot begin with this file; an empty path means that there is none.

    A file without any key is an error here, as then nobody could get in.
    """
    if path and not read(Path(path)).keys:
        raise no_key(Path(path))


def no_key(path: Path) -> KeyFileError:
    return KeyFileError(f"key file {path} holds no key; add one with `recsys keys add`")


def signature(path: Path) -> Signature | None:
    """What differs when a file was written or replaced: time in ns, size, inode; None when it is not there."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino


def generate(
    name: str, scopes: Iterable[Scope], now: datetime, expires_at: datetime | None = None
) -> tuple[str, KeyRecord]:
    """A new key of 256 random bits, and its record; raises KeyFileError for a name that cannot be one."""
    key = PREFIX + secrets.token_hex(KEY_BYTES)
    created_at = now.astimezone(UTC).replace(microsecond=0)
    try:
        record = KeyRecord(
            name=name,
            sha256=digest(key).hex(),
            scopes=tuple(dict.fromkeys(scopes)),
            created_at=created_at,
            expires_at=expires_at,
        )
    except ValidationError as error:
        raise KeyFileError(
            f"{name!r} cannot name a key: up to 64 of A-Z a-z 0-9 . _ - are allowed, a letter or a digit first"
        ) from error
    return key, record


def digest(key: str) -> bytes:
    """SHA-256 of a key. It has 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


@contextmanager
def changing(path: Path) -> Iterator[list[KeyRecord]]:
    """The keys of a file, to be changed in place; written back at the end, by one process at a time.

    A file that is not there is made. Raises KeyFileError.
    """
    path = path.resolve()  # a link stays, and what it points to is replaced
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            keys = list(read(path).keys) if path.exists() else []
            yield keys
            write(path, KeyDocument(keys=tuple(keys)).model_dump(mode="json"))
        finally:
            os.close(folder)
    except OSError as error:
        raise KeyFileError(f"key file {path} cannot be written: {error.strerror}") from error


def write(path: Path, document: dict[str, object]) -> None:
    """Replace a file in one step, readable by its owner alone; raises OSError."""
    replace(path, (json.dumps(document, indent=1) + "\n").encode())
    sync(path.parent)


def replace(path: Path, content: bytes) -> None:
    """Put `content` in the place of a file in one step, with mode 0600 and the owner that it had; raises OSError."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            with suppress(FileNotFoundError, PermissionError):  # root may edit the keys of a server of another user
                before = path.stat()
                os.fchown(stream.fileno(), before.st_uid, before.st_gid)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(fresh, path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _content(path: Path) -> tuple[bytes, int]:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe must not keep us waiting
        try:
            mode = os.fstat(handle).st_mode
            if not stat.S_ISREG(mode):
                raise KeyFileError(f"key file {path} is not a file")
            with open(handle, "rb", closefd=False) as stream:
                return stream.read(MOST_BYTES + 1), stat.S_IMODE(mode)
        finally:
            os.close(handle)
    except OSError as error:
        raise KeyFileError(f"key file {path} cannot be read: {error.strerror}") from error


def _damage(error: ValidationError) -> str:
    """The first error, without any value or name that was read."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    known = {*KeyDocument.model_fields, *KeyRecord.model_fields}
    where = ".".join(str(part) if isinstance(part, int) or part in known else "…" for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"].removeprefix("Value error, ")
