"""Results of the canary by version, shared by the workers of a server so that only one of them tries each version."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from recsys.bundle import canary
from recsys.errors import BundleError

LOCK = ".lock"
LAST = "last"


@dataclass(frozen=True)
class Verdict:
    """The fingerprint of the files that were tried, the state of the link then, and why they were refused, if they were."""

    files: str
    link: str
    refused: str


class Verdicts:
    """Tries each version once, by `attempt`, which raises BundleError for a bundle that does not answer.

    `folder` is shared by the workers; without one this process is alone and remembers by itself.
    """

    def __init__(self, folder: Path | None, attempt: Callable[[Path], None] = canary.run) -> None:
        self._folder, self._attempt = folder, attempt
        self._own: dict[str, Verdict] = {}

    def admit(self, bundle: Path, link: str) -> None:
        """Return when the bundle answers; wait for another worker that is trying it.

        A bundle that was changed is tried again, a refused one also when `link`, the state of the link to it, was switched.
        Raises BundleError when it does not answer, and CanaryError when it could not be tried.
        """
        with self._locked():
            files = _fingerprint(bundle)
            verdict = self._read(bundle.name)
            if verdict is None or verdict.files != files or (verdict.refused and verdict.link != link):
                verdict = Verdict(files, link, self._try(bundle))
                self._write(bundle.name, json.dumps(asdict(verdict)))
                self._own = {bundle.name: verdict}
        if verdict.refused:
            raise BundleError(verdict.refused)

    def remember(self, version: str) -> None:
        """Note which version serves, for workers that start while the current one is refused."""
        self._write(LAST, version)

    def last(self) -> str | None:
        """Return the version that served last on this server."""
        with suppress(OSError):
            return None if self._folder is None else (self._folder / LAST).read_text()
        return None

    def _try(self, bundle: Path) -> str:
        try:
            self._attempt(bundle)
        except BundleError as error:
            return str(error) or "refused"
        return ""

    def _read(self, version: str) -> Verdict | None:
        if self._folder is not None:
            with suppress(OSError, ValueError, TypeError):
                return Verdict(**json.loads((self._folder / version).read_bytes()))
        return self._own.get(version)

    def _write(self, name: str, content: str) -> None:
        if self._folder is not None:
            with suppress(OSError):  # a full disk costs one more try, not the model
                fresh = self._folder / f".{name}.{os.getpid()}"
                fresh.write_text(content)
                os.replace(fresh, self._folder / name)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock of the folder, or none where it cannot be made. A killed process frees it."""
        with ExitStack() as stack:
            if self._folder is not None:
                with suppress(OSError):
                    self._folder.mkdir(parents=True, exist_ok=True)
                    stack.enter_context(FileLock(self._folder / LOCK))
            yield


def _fingerprint(bundle: Path) -> str:
    """Return a hash of the names, sizes and times of change of all files."""
    digest = hashlib.sha256()
    for path in sorted(bundle.rglob("*")):
        with suppress(OSError):
            stat = path.lstat()
            line = f"{path.relative_to(bundle)}\0{stat.st_ino} {stat.st_size} {stat.st_ctime_ns}\n"
            digest.update(line.encode(errors="replace"))
    return digest.hexdigest()
