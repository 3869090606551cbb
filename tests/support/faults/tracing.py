"""Publishes under strace: what a publish asks of the kernel, and what happens when one of these calls fails."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import factories

PATIENCE = 60.0
LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += (.*)$")


class CannotTraceError(Exception):
    """strace is not there, or may not attach to a process."""


@dataclass(frozen=True)
class Call:
    """A system call of a publish: the `nth` (from 1) of its name."""

    name: str
    nth: int
    arguments: str
    result: str

    @property
    def kind(self) -> str:
        """The name without what differs between machines: ``mkdir`` for ``mkdirat``, ``rename`` for ``renameat2``."""
        return re.sub(r"^(open|mkdir|chmod|symlink|readlink|unlink|rename)at2?$", r"\1", self.name)

    def __str__(self) -> str:
        return f"{self.name} #{self.nth} ({self.arguments[:90]})"


@dataclass(frozen=True)
class Ending:
    """How a publish ended: its exit code (negative for a signal), standard error and system calls."""

    code: int
    errors: str
    calls: list[Call]

    @property
    def one_line(self) -> bool:
        """Whether it failed as a command should: exit 1 and one line that says why, after what annoy may say itself."""
        own = [line for line in self.errors.splitlines() if not line.startswith("Unable to ")]
        return self.code == 1 and len(own) == 1 and re.fullmatch("error: .{10,}", own[0]) is not None


@dataclass
class Publisher:
    """A warm process of :mod:`tests.support.faults.publish_child`."""

    process: subprocess.Popen[bytes]
    folder: Path
    runs: Iterator[int] = field(default_factory=lambda: iter(range(10**9)))

    def run(self, store: Path, *options: str) -> Ending:
        """Publish to `store` under strace with some options; raises CannotTraceError."""
        run = next(self.runs)
        errors, log = self.folder / f"{run}.errors", self.folder / f"{run}.log"
        self._say(f"{store}\t{errors}\n")
        command = ["strace", "-f", "-y", "-s", "8", "-o", str(log), *options, "-p", self._hear()]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as strace:
            started = _line(strace.stderr.fileno())
            if "attached" not in started:
                raise CannotTraceError(started)
            self._say(".")
            code = int(self._hear())
        ending = Ending(code, errors.read_text(), list(_calls(log.read_text())))
        errors.unlink()
        log.unlink()
        return ending

    def _say(self, text: str) -> None:
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def _hear(self) -> str:
        return _line(self.process.stdout.fileno())


@contextmanager
def publisher(kind: str, folder: Path) -> Iterator[Publisher]:
    """A publisher of a kind of :mod:`tests.support.faults.publish_child`, with a folder for its logs."""
    if shutil.which("strace") is None:
        raise CannotTraceError("strace is not installed")
    folder.mkdir()
    command = [sys.executable, "-m", "tests.support.faults.publish_child", kind]
    settings = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=factories.ROOT, env=settings, bufsize=0
    )
    with process:
        yield Publisher(process, folder)
        process.stdin.close()


def _line(handle: int) -> str:
    """The next line of a pipe, read byte by byte so that nothing after it is taken."""
    line = b""
    there = select.poll()
    there.register(handle, select.POLLIN)
    while not line.endswith(b"\n"):
        if not there.poll(1000 * PATIENCE):
            raise TimeoutError(f"nothing came after {line!r}")
        piece = os.read(handle, 1)
        if not piece:
            break
        line += piece
    return line.decode().rstrip("\n")


def _calls(log: str) -> Iterator[Call]:
    seen: Counter[str] = Counter()
    for line in log.splitlines():
        if found := LINE.match(line):
            name, arguments, result = found.groups()
            seen[name] += 1
            yield Call(name, seen[name], arguments, result)
