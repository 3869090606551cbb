"""What the canary said of each version, shared by the workers of a server so that one of them asks it."""

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

Try = Callable[[Path], None]


@dataclass(frozen=True)
class Verdict:
    """What was tried and how it ended.

    Parameters
    ----------
    files : str
        Digest of names, sizes and times of change of the files, so that a bundle that was changed is tried again.
    link : str
        State of the link that named the version; a refused one is tried again when the link was switched since.
    refused : str
        Why; empty: it answers.
    """

    files: str
    link: str
    refused: str

    def holds(self, files: str, link: str) -> bool:
        return self.files == files and (not self.refused or self.link == link)


class Verdicts:
    """Tries each version once.

    Parameters
    ----------
    folder : Path or None
        Shared by the workers; None: this process is alone and remembers by itself.
    attempt : callable
        Raises BundleError for a bundle that does not answer.
    """

    def __init__(self, folder: Path | None, attempt: Try = canary.run) -> None:
        self._folder, self._attempt = folder, attempt
        self._own: dict[str, Verdict] = {}

    def admit(self, bundle: Path, link: str) -> None:
        """Return when the bundle answers; another worker that is trying it is waited for.

        Raises
        ------
        BundleError
            When it does not answer.
        CanaryError
            When it could not be tried.
        """
        with self._locked():
            files = fingerprint(bundle)
            verdict = self._read(bundle.name)
            if verdict is None or not verdict.holds(files, link):
                verdict = Verdict(files, link, self._tried(bundle))
                self._write(bundle.name, json.dumps(asdict(verdict)))
                self._own = {bundle.name: verdict}
        if verdict.refused:
            raise BundleError(verdict.refused)

    def remember(self, version: str) -> None:
        """Note which version serves, for workers that start while the current one is refused."""
        self._write(LAST, version)

    def last(self) -> str | None:
        """The version that served last on this server."""
        if self._folder is not None:
            with suppress(OSError):
                return (self._folder / LAST).read_text()
        return None

    def _tried(self, bundle: Path) -> str:
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


def fingerprint(bundle: Path) -> str:
    """A digest of what the file system says of each file, which changes with any of them."""
    found = hashlib.sha256()
    for path in sorted(bundle.rglob("*")):
        with suppress(OSError):
            stat = path.lstat()
            found.update(
                f"{path.relative_to(bundle)}\0{stat.st_ino} {stat.st_size} {stat.st_ctime_ns}\n".encode(
                    errors="replace"
                )
            )
    return found.hexdigest()
