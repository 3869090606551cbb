"""The file of API keys: names, scopes and the SHA-256 of each key, never a key itself.

One JSON document::

    {"keys": [{"name": "shop", "sha256": "9f86…", "scopes": ["read", "write"], "created_at": "2026-11-23T10:15:00Z",
               "expires_at": null}]}

No message of this module repeats what it has read: a key may have been pasted where its hash belongs.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from filelock import FileLock, Timeout
from pydantic import AwareDatetime, Field, ValidationError, model_validator

from recsys.bundle.files import sync
from recsys.bundle.manifest import Sha256
from recsys.errors import ConfigError
from recsys.strict import Record

PREFIX = "rk_"  # so that a scanner of leaked secrets can recognize a key
KEY_BYTES = 32
MOST_BYTES = 1 << 20
LOCK_SECONDS = 10.0
Scope = Literal["read", "write", "admin"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class KeyFileError(ConfigError):
    """The file of keys cannot be used."""


class KeyRecord(Record):
    """One key: its name, its hash, what it may do and until when."""

    name: Name
    sha256: Sha256
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)]
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None


class KeyDocument(Record):
    """All keys, with unique names and hashes."""

    keys: tuple[KeyRecord, ...]

    @model_validator(mode="after")
    def _unique(self) -> KeyDocument:
        for what, values in (("name", [key.name for key in self.keys]), ("hash", [key.sha256 for key in self.keys])):
            if len(set(values)) != len(values):
                raise ValueError(f"two keys have the same {what}")
        return self


def read(path: Path) -> tuple[KeyRecord, ...]:
    """Return the keys of a file; raise KeyFileError as `read_bytes` and `parse` do."""
    return parse(path, read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """Raise KeyFileError when the file is missing, unreadable, or every user of the machine can write it."""
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as stream:  # for a pipe
            mode = os.fstat(stream.fileno()).st_mode
            content = stream.read(MOST_BYTES + 1) if stat.S_ISREG(mode) else b""
    except OSError as error:
        raise KeyFileError(f"key file {path} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise KeyFileError(f"key file {path} is not a file")
    if mode & stat.S_IWOTH:
        raise KeyFileError(f"key file {path} can be written by everybody (mode {stat.S_IMODE(mode):o}); chmod 600 it")
    if len(content) > MOST_BYTES:
        raise KeyFileError(f"key file {path} is longer than {MOST_BYTES} bytes")
    return content


def parse(path: Path, content: bytes) -> tuple[KeyRecord, ...]:
    """Raise KeyFileError when the content of a file is not a sound document."""
    if not content.strip():
        raise KeyFileError(f"key file {path} is empty; add a key with `recsys keys add`")
    try:
        return KeyDocument.model_validate_json(content).keys
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    known = {*KeyDocument.model_fields, *KeyRecord.model_fields}
    where = ".".join(str(part) if isinstance(part, int) or part in known else "…" for part in first["loc"])
    damage = f"{where}: {first['msg']}" if where else first["msg"].removeprefix("Value error, ")
    raise KeyFileError(f"key file {path} is damaged: {damage}")  # not from the error, which holds what was read


def check_at_start(path: str) -> None:
    """Raise KeyFileError when a server cannot start with this file; an empty path means that there is none.

    A file without any key is an error here, as it admits no client.
    """
    if path and not read(Path(path)):
        raise no_key(Path(path))


def no_key(path: Path) -> KeyFileError:
    return KeyFileError(f"key file {path} holds no key; add one with `recsys keys add`")


def generate(
    name: str, scopes: Iterable[Scope], now: datetime, expires_at: datetime | None = None
) -> tuple[str, KeyRecord]:
    """Return a new key of 256 random bits and its record; raise KeyFileError for an invalid name."""
    key = PREFIX + secrets.token_hex(KEY_BYTES)
    created_at = now.astimezone(UTC).replace(microsecond=0)
    distinct = tuple(dict.fromkeys(scopes))
    try:
        return key, KeyRecord(
            name=name, sha256=digest(key), scopes=distinct, created_at=created_at, expires_at=expires_at
        )
    except ValidationError as error:
        raise KeyFileError(
            f"{name!r} cannot name a key: up to 64 of A-Z a-z 0-9 . _ - are allowed, a letter or a digit first"
        ) from error


def digest(key: str) -> str:
    """Return the SHA-256 of a key in hexadecimal. A key has 256 random bits, so a slow hash is not needed."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


@contextmanager
def changing(path: Path) -> Iterator[list[KeyRecord]]:
    """Yield the keys of a file to be changed in place; write them at the end. One process at a time may do so.

    A missing file is made. Raises KeyFileError.
    """
    path = path.resolve()  # a link stays, and its target is replaced
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # its mode lets the user of a server lock what root has locked before; a reader could hold the lock in any case
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=LOCK_SECONDS, mode=0o666):
            keys = list(read(path)) if path.exists() else []
            yield keys
            replace(path, f"{KeyDocument(keys=tuple(keys)).model_dump_json(indent=1)}\n".encode())
            sync(path.parent)
    except Timeout:
        raise KeyFileError(f"key file {path} is locked: another process changes it; try again later") from None
    except OSError as error:
        raise KeyFileError(f"key file {path} cannot be written: {error.strerror}") from error


def replace(path: Path, content: bytes) -> None:
    """Replace a file atomically, with mode 0600 and the owner that it had; raise OSError."""
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
    finally:
        fresh.unlink(missing_ok=True)
