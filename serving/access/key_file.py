"""The file of API keys: names, scopes and the SHA-256 of each key, never a key itself.

One JSON document::

    {"keys": [{"name": "shop", "sha256": "9f86…", "scopes": ["read", "write"], "created_at": "2026-11-23T10:15:00Z",
               "expires_at": null}]}

No message repeats what the file holds: a key may have been pasted where its hash belongs.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

from filelock import FileLock, Timeout
from pydantic import AwareDatetime, Field, ValidationError, model_validator

from recsys.bundle.files import sync
from recsys.bundle.manifest import Sha256
from recsys.errors import ConfigError
from recsys.strict import Record

MOST_BYTES = 1 << 20
LOCK_SECONDS = 10.0
Scope = Literal["read", "write", "admin"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class KeyFileError(ConfigError):
    """The key file cannot be used."""


class KeyRecord(Record):
    """The name, hash, scopes and end of a key."""

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
        for field, text in (("name", "name"), ("sha256", "hash")):
            if len({getattr(key, field) for key in self.keys}) != len(self.keys):
                raise ValueError(f"two keys have the same {text}")
        return self


def read(path: Path) -> tuple[KeyRecord, ...]:
    """Return the keys of a file, the same tuple while it holds the same bytes.

    Raises KeyFileError when it is missing, unreadable, too long or damaged, or when every user of the machine can write it.
    """
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
    if not content.strip():
        raise KeyFileError(f"key file {path} is empty; add a key with `recsys keys add`")
    return _parse(path, content)


@lru_cache(maxsize=2)
def _parse(path: Path, content: bytes) -> tuple[KeyRecord, ...]:
    try:
        return KeyDocument.model_validate_json(content).keys
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    fields = {*KeyDocument.model_fields, *KeyRecord.model_fields}
    where = ".".join(str(part) if isinstance(part, int) or part in fields else "…" for part in first["loc"])
    damage = f"{where}: {first['msg']}" if where else first["msg"].removeprefix("Value error, ")
    raise KeyFileError(f"key file {path} is damaged: {damage}")  # not from the error, which holds what was read


def read_for_server(path: Path) -> tuple[KeyRecord, ...]:
    """Return the keys of a file; raise KeyFileError also where there is none, as such a server would admit no client."""
    if keys := read(path):
        return keys
    raise KeyFileError(f"key file {path} holds no key; add one with `recsys keys add`")


def generate(
    name: str, scopes: Iterable[Scope], now: datetime, expires_at: datetime | None = None
) -> tuple[str, KeyRecord]:
    """Return a new key of 256 random bits and its record; raise KeyFileError for an invalid name."""
    key = "rk_" + secrets.token_hex(32)  # the prefix lets scanners of leaked secrets recognize a key
    created_at = now.astimezone(UTC).replace(microsecond=0)
    unique = tuple(dict.fromkeys(scopes))
    try:
        return key, KeyRecord(
            name=name, sha256=digest(key), scopes=unique, created_at=created_at, expires_at=expires_at
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
    """Yield the keys of a file, to be changed in place by one process at a time, and write them at the end.

    A missing file is created. Raises KeyFileError.
    """
    path = path.resolve()  # a link stays, and its target is replaced
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # its mode lets the user of a server lock what root has locked before; a reader could hold the lock in any case
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=LOCK_SECONDS, mode=0o666):
            keys = list(read(path)) if path.exists() else []
            yield keys
            write(path, keys)
    except Timeout:
        raise KeyFileError(f"key file {path} is locked: another process changes it; try again later") from None
    except OSError as error:
        raise KeyFileError(f"key file {path} cannot be written: {error.strerror}") from error


def write(path: Path, keys: Iterable[KeyRecord]) -> None:
    """Replace a file atomically, with mode 0600 and the owner that it had; raise OSError."""
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        fresh = Path(folder) / path.name
        fresh.touch(0o600)
        fresh.write_text(f"{KeyDocument(keys=tuple(keys)).model_dump_json(indent=1)}\n")
        with suppress(FileNotFoundError, PermissionError):  # root may edit the keys of a server of another user
            os.chown(fresh, path.stat().st_uid, path.stat().st_gid)
        sync(fresh)
        os.replace(fresh, path)
    sync(path.parent)
