"""The store: a folder of immutable bundles and a link to the one that serves.

::

    store/20261123T101500Z-3f2a/     a bundle, never changed after its publish
    store/current -> 20261123T101500Z-3f2a
    store/.lock                      held by whoever publishes, rolls back or prunes

A publish writes into a staging folder, syncs every file and folder, renames the folder to its version and only then
switches the link, so that a crash at any system call leaves a store that serves the old model or the new one.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from recsys.bundle.bundle import ModelBundle, check_files, list_files, load_bundle, write_manifest, write_model
from recsys.bundle.files import switch_link, sync, write_bytes
from recsys.bundle.manifest import SCHEMA_VERSION, VERSION_PATTERN, FileInfo, Header, Manifest
from recsys.errors import BundleError, NoModelError, NotFoundError, StoreError
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender

CURRENT = "current"
LOCK = ".lock"
STAGING = ".staging"
TRASH = ".trash"
STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Store:
    """A folder of bundles.

    Parameters
    ----------
    path : Path
        Created by the first publish.
    """

    path: Path

    def versions(self) -> list[str]:
        """All published versions, oldest first."""
        if not self.path.is_dir():
            return []
        return sorted(entry.name for entry in self.path.iterdir() if re.fullmatch(VERSION_PATTERN, entry.name))

    def current(self) -> str:
        """The version that serves; raises NoModelError when there is none, StoreError when the link is not ours."""
        try:
            target = os.readlink(self.path / CURRENT)
        except FileNotFoundError as error:
            raise NoModelError(f"store {self.path} holds no model; run `recsys train` first") from error
        except OSError as error:
            raise StoreError(f"{self.path / CURRENT} is not a link to a version: {error.strerror}") from error
        if not re.fullmatch(VERSION_PATTERN, target):
            raise StoreError(f"{self.path / CURRENT} points to {target!r}, which is not a version")
        return target

    def folder(self, version: str) -> Path:
        """The folder of a version; raises NotFoundError for an unknown one."""
        if version not in self.versions():
            raise NotFoundError(f"store {self.path} has no version {version!r}; `recsys models list` shows them")
        return self.path / version

    def load(self, version: str | None = None, *, read: bool = True) -> ModelBundle:
        """Check and open a version, by default the current one: the link is resolved once; `read` as in `load_bundle`.

        Raises
        ------
        NoModelError, NotFoundError, BundleError, StoreError
        """
        if version is not None:
            return load_bundle(self.folder(version), read=read)
        current = self.current()
        if not (self.path / current).is_dir():
            raise StoreError(f"{self.path / CURRENT} points to {current}, which is not there; roll back or train again")
        return load_bundle(self.path / current, read=read)

    def recommender(self, version: str | None = None, *, read: bool = True) -> Recommender:
        """A model, by default the current one, ready to answer; raises as :meth:`load`."""
        bundle = self.load(version, read=read)
        events = bundle.manifest.events
        return Recommender(bundle.model, bundle.version, events, bundle.encoder, bundle.picture_encoder)

    def verify(self, version: str) -> Manifest:
        """Check every byte of a version; raises BundleError or NotFoundError."""
        return check_files(self.folder(version))

    def publish(
        self, model: Model, header: Header, now: datetime, attachments: Mapping[str, bytes] | None = None
    ) -> str:
        """Write `model` as a new version and make it the current one.

        Parameters
        ----------
        attachments : mapping
            Files by name that go along for people, such as a report; they have no part in the name of the version.
        now : datetime
            The time in the name of the version, with its zone.

        Returns
        -------
        str
            The version, ``YYYYMMDDTHHMMSSZ-xxxx`` with the first four digits of the content's SHA-256.

        Raises
        ------
        StoreError
            When another process publishes, or the disk fails or is full; the served model is then untouched.
        BundleError
            When what was written cannot be opened; the served model is then untouched.
        """
        with self._one_line("publishing"), self._locked():
            self._remove_leftovers()
            staging = self.path / STAGING
            try:
                staging.mkdir()
                write_model(staging, model)
                for name, content in (attachments or {}).items():
                    write_bytes(staging / name, content)
                described = {**dict(header), "extras": sorted(part.name for part in model.extras.values())}
                manifest = self._manifest(described, list_files(staging), now, attachments or {})
                write_manifest(staging, manifest)
                sync(staging)
                load_bundle(staging, manifest.model_version)  # what cannot be opened must not become current
                os.rename(staging, self.path / manifest.model_version)
            except BaseException:
                shutil.rmtree(staging, ignore_errors=True)
                raise
            sync(self.path)
            switch_link(self.path / CURRENT, manifest.model_version)
            return manifest.model_version

    def rollback(self, version: str | None = None) -> str:
        """Make an older version the current one: `version`, or the one published before the current.

        Raises
        ------
        NotFoundError, NoModelError
            When there is no such version.
        BundleError
            When that version is damaged; the current one stays.
        """
        with self._one_line("rolling back"), self._locked():
            if version is None:
                older = [one for one in self.versions() if one < self.current()]
                if not older:
                    raise NotFoundError(f"store {self.path} has no version before {self.current()}")
                version = older[-1]
            self.verify(version)
            switch_link(self.path / CURRENT, version)
            return version

    def prune(self, keep: int) -> list[str]:
        """Remove all but the newest `keep` versions, never the current one; returns what was removed."""
        with self._one_line("pruning"), self._locked():
            self._remove_leftovers()
            versions = self.versions()
            old = [one for one in versions[: max(0, len(versions) - keep)] if one != self.current_or_none()]
            for version in old:
                os.rename(self.path / version, self.path / TRASH)
                shutil.rmtree(self.path / TRASH)
            sync(self.path)
            return old

    def _manifest(
        self, described: Mapping[str, Any], files: dict[str, FileInfo], now: datetime, attachments: Mapping[str, bytes]
    ) -> Manifest:
        named = [(name, files[name]) for name in sorted(files.keys() - attachments.keys())]
        content = "".join(f"{name} {info.sha256}\n" for name, info in named)
        digest = hashlib.sha256(content.encode()).hexdigest()
        moment = max(now.astimezone(UTC).replace(microsecond=0), self._next_moment())
        return Manifest(
            **described,
            schema_version=SCHEMA_VERSION,
            model_version=f"{_stamp(moment)}-{digest[:4]}",
            created_at=moment.isoformat().replace("+00:00", "Z"),
            files=files,
        )

    def _next_moment(self) -> datetime:
        """A second after the newest version: versions are ordered by name, also when the clock was set back."""
        newest = self.versions()[-1:]
        return max(
            (_moment(version) + timedelta(seconds=1) for version in newest), default=datetime.fromtimestamp(0, UTC)
        )

    def current_or_none(self) -> str | None:
        """The version that serves, None when there is none; raises StoreError when the link is not ours."""
        try:
            return self.current()
        except NoModelError:
            return None

    def _remove_leftovers(self) -> None:
        for name in (STAGING, TRASH):
            path = self.path / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if not self.path.is_dir():
            self.path.mkdir(parents=True, exist_ok=True)
            sync(self.path.parent)
        from filelock import FileLock, Timeout  # not loaded by what only reads

        lock = FileLock(self.path / LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise StoreError(f"store {self.path} is locked: another process publishes; try again later") from None
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _one_line(self, doing: str) -> Iterator[None]:
        before = self._link()
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            served = "the served model is untouched" if self._link() == before else f"{self._link()} serves already"
            raise StoreError(f"{doing} in store {self.path} failed: {reason}; {served}") from error

    def _link(self) -> str | None:
        with suppress(OSError):
            return os.readlink(self.path / CURRENT)
        return None


def _stamp(moment: datetime) -> str:
    return moment.strftime(STAMP)


def _moment(version: str) -> datetime:
    return datetime.strptime(version.partition("-")[0], STAMP).replace(tzinfo=UTC)


def verify_all(store: Store) -> Iterator[tuple[str, str]]:
    """Each version with what is wrong with it, an empty string when it is sound and opens."""
    for version in store.versions():
        try:
            store.load(version)
        except BundleError as error:
            yield version, str(error)
        else:
            yield version, ""
