"""Store: a folder of immutable bundles and a link to the one that serves.

::

    store/20261123T101500Z-3f2a/     a bundle, never changed after its publish
    store/current -> 20261123T101500Z-3f2a
    store/.lock                      held during a publish, a rollback and a prune

A publish writes into a staging folder, syncs every file and folder, renames the folder to its version and then switches the
link, so that a crash at any system call leaves a store that serves the old model or the new one.

Tools that follow links make `current` a folder, a copy of its version. It names that version until the next publish or
rollback, which exchanges it for a link.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from recsys.bundle.bundle import (
    MANIFEST,
    ModelBundle,
    check_files,
    list_files,
    load_bundle,
    write_manifest,
    write_model,
)
from recsys.bundle.files import exchange, sync, write_bytes
from recsys.bundle.manifest import SCHEMA_VERSION, VERSION_PATTERN, FileInfo, Header, Manifest
from recsys.errors import BundleError, NoModelError, NotFoundError, StoreError
from recsys.model.model import Model
from recsys.model.new_items import NewItemRules
from recsys.recommend.recommender import Recommender

CURRENT = "current"
LOCK = ".lock"
STAGING = ".staging"
TRASH = ".trash"
STAMP = "%Y%m%dT%H%M%SZ"
NAMED = 5  # versions in an error


@dataclass(frozen=True)
class Store:
    """Folder of bundles, created by the first publish."""

    path: Path

    def versions(self) -> list[str]:
        """Return all published versions, oldest first."""
        if not self.path.is_dir():
            return []
        return sorted(entry.name for entry in self.path.iterdir() if re.fullmatch(VERSION_PATTERN, entry.name))

    def current(self) -> str:
        """Return the version that serves: the target of the link, or the version of which `current` is a copy.

        Raises NoModelError without one, StoreError when `current` is something else.
        """
        try:
            target = os.readlink(self.path / CURRENT)
        except FileNotFoundError as error:
            raise NoModelError(f"store {self.path} {self._without_current()}") from error
        except OSError:
            return self._copied()
        if not re.fullmatch(VERSION_PATTERN, target):
            raise StoreError(f"{self.path / CURRENT} points to {target!r}, which is not a version")
        return target

    def folder(self, version: str) -> Path:
        """Return the folder of a version; raises NotFoundError for an unknown one."""
        if version not in self.versions():
            raise NotFoundError(f"store {self.path} has no version {version!r}; `recsys models list` shows them")
        return self.path / version

    def load(self, version: str | None = None, *, read: bool = True) -> ModelBundle:
        """Check and open a version, by default the current one; `read` as in :func:`load_bundle`.

        The link is resolved once. Raises NoModelError, NotFoundError, BundleError or StoreError.
        """
        if version is not None:
            return load_bundle(self.folder(version), read=read)
        current = self.current()
        if not (self.path / current).is_dir():
            raise StoreError(f"{self.path / CURRENT} points to {current}, which is not there; roll back or train again")
        return load_bundle(self.path / current, read=read)

    def recommender(self, version: str | None = None, *, read: bool = True) -> Recommender:
        """Open a recommender on a model, by default the current one; raises as :meth:`load`."""
        bundle = self.load(version, read=read)
        manifest = bundle.manifest
        return Recommender(
            bundle.model,
            bundle.version,
            manifest.events,
            bundle.encoder,
            bundle.picture_encoder,
            new_item_rules=NewItemRules.from_parameters(manifest.parameters),
        )

    def verify(self, version: str) -> Manifest:
        """Check every byte of a version; raises BundleError or NotFoundError."""
        return check_files(self.folder(version))

    def publish(
        self, model: Model, header: Header, now: datetime, attachments: Mapping[str, bytes] | None = None
    ) -> str:
        """Write `model` as a new version and make it the current one.

        Return the version, ``YYYYMMDDTHHMMSSZ-xxxx``: the time `now`, which has a zone, and the first four digits of the
        content's SHA-256. `attachments` are further files by name, such as a report, without an effect on the version.

        Raises
        ------
        StoreError
            When another process publishes, or the disk fails or is full; the served model is then untouched.
        BundleError
            When the written bundle cannot be opened; the served model is then untouched.
        """
        with self._one_line("publishing"), self._locked():
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
                load_bundle(staging, manifest.model_version)  # an unsound bundle must not become current
                os.rename(staging, self.path / manifest.model_version)
            except BaseException:
                shutil.rmtree(staging, ignore_errors=True)
                raise
            sync(self.path)
            self._switch(manifest.model_version)
            return manifest.model_version

    def rollback(self, version: str | None = None) -> str:
        """Make `version`, by default the one before the current version, the current one, and return it.

        Raises NotFoundError or NoModelError without such a version, BundleError when it is damaged; the current one stays.
        """
        with self._one_line("rolling back"), self._locked():
            if version is None:
                older = [name for name in self.versions() if name < self.current()]
                if not older:
                    raise NotFoundError(f"store {self.path} has no version before {self.current()}")
                version = older[-1]
            self.verify(version)
            self._switch(version)
            return version

    def prune(self, keep: int) -> list[str]:
        """Remove all but the newest `keep` versions, never the current one; return the removed ones."""
        with self._one_line("pruning"), self._locked():
            versions = self.versions()
            old = [name for name in versions[: max(0, len(versions) - keep)] if name != self.current_or_none()]
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
        moment = now.astimezone(UTC).replace(microsecond=0)
        for version in self.versions()[-1:]:  # versions are ordered by name, also when the clock was set back
            newest = datetime.strptime(version.partition("-")[0], STAMP).replace(tzinfo=UTC)
            moment = max(moment, newest + timedelta(seconds=1))
        return Manifest(
            **described,
            schema_version=SCHEMA_VERSION,
            model_version=f"{moment.strftime(STAMP)}-{digest[:4]}",
            created_at=moment.isoformat().replace("+00:00", "Z"),
            files=files,
        )

    def current_or_none(self) -> str | None:
        """Return the version that serves, or None; raises StoreError when the link is not ours."""
        try:
            return self.current()
        except NoModelError:
            return None

    def _copied(self) -> str:
        """Return the version of which the folder `current` is a copy; only the manifest is read, the rest is the version's."""
        copy = self.path / CURRENT
        content = _manifest_bytes(copy)
        version = _version_in(content)
        if not version:
            problem = f"{copy} is neither a link to a version nor a copy of one"
            raise StoreError(f"{problem}; remove it, then {self._choose()}")
        choose = f"`recsys models rollback {version}`"
        if version not in self.versions():
            move = shlex.join(("mv", str(copy), str(self.path / version)))
            raise StoreError(f"{copy} is a copy of {version}, which is not in the store; `{move}`, then {choose}")
        if _manifest_bytes(self.path / version) != content:
            remove = shlex.join(("rm", "-r", str(copy)))
            raise StoreError(f"{copy} is a copy of another {version} than the store has; `{remove}`, then {choose}")
        return version

    def _without_current(self) -> str:
        versions = self.versions()
        if not versions:
            return "holds no model; run `recsys train` first"
        some = "…, " * (len(versions) > NAMED) + ", ".join(versions[-NAMED:])
        return f"holds {some} and no link `current`, which a copy may leave out; {self._choose()} chooses the newest"

    def _choose(self) -> str:
        versions = self.versions()
        return f"`recsys models rollback {versions[-1]}`" if versions else "`recsys train`"

    def _has_copy(self) -> bool:
        """Return whether `current` is a folder in place of a link."""
        current = self.path / CURRENT
        return current.is_dir() and not current.is_symlink()

    def _switch(self, version: str) -> None:
        """Let `current` be a link to `version`; a reader sees what it was or the link, never none."""
        current, trash = self.path / CURRENT, self.path / TRASH
        if not self._has_copy():
            switch_link(current, version)
            return
        trash.symlink_to(version)
        try:
            exchange(trash, current)
        except OSError as error:
            trash.unlink()
            todo = f"`{shlex.join(('rm', '-r', str(current)))}`, then `recsys models rollback {version}`"
            problem = f"{current} is a folder, which cannot be exchanged for a link here ({error.strerror})"
            raise StoreError(f"{problem}; {todo}") from error
        sync(self.path)
        shutil.rmtree(trash, ignore_errors=True)  # or at the next publish

    def _remove_leftovers(self) -> None:
        for name in (STAGING, TRASH, f".{CURRENT}"):
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
        from filelock import FileLock, Timeout  # readers of the store do not need it

        try:
            lock = FileLock(self.path / LOCK, timeout=0).acquire()
        except Timeout:
            raise StoreError(f"store {self.path} is locked: another process publishes; try again later") from None
        with lock:
            self._remove_leftovers()
            if self._has_copy():
                self.current()  # raises StoreError for a folder that is no copy: it is not ours to remove
            yield

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


def verify_all(store: Store) -> Iterator[tuple[str, str]]:
    """Yield each version with its problem, an empty string when it is sound and opens."""
    for version in store.versions():
        try:
            store.load(version)
            yield version, ""
        except BundleError as error:
            yield version, str(error)


def _manifest_bytes(folder: Path) -> bytes:
    with suppress(OSError):
        return (folder / MANIFEST).read_bytes()
    return b""


def _version_in(manifest: bytes) -> str:
    """Return the version in a manifest of any release, which is an error of loading alone; empty where there is none."""
    with suppress(ValueError, LookupError, TypeError, RecursionError):
        version = str(json.loads(manifest)["model_version"])
        if re.fullmatch(VERSION_PATTERN, version):
            return version
    return ""


def switch_link(link: Path, target: str) -> None:
    """Let `link` point to `target`; a reader sees the old target or the new one, never none."""
    fresh = link.with_name(f".{link.name}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    os.replace(fresh, link)
    sync(link.parent)
