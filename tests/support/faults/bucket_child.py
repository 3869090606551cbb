"""A process that takes tokens of one caller, right or wrong, and can be killed meanwhile.

``python -m tests.support.faults.bucket_child KIND TABLE BURST TRIES`` prints ``ready``, waits for a byte on standard input,
takes as often as it may, and prints how often it got a token. The clock stands still, so that nothing is filled up.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from serving.access.buckets import Buckets, Rate

CALLER = b"0123456789abcdef"
NOW = 10**12
FOREVER = 10**9


class Slow:
    """Words of a table that take a while to come, so that two processes meet if they can."""

    def __init__(self, words: memoryview) -> None:
        self._words = words

    def __getitem__(self, at: int | slice) -> object:
        found = self._words[at]
        time.sleep(0.00005)
        return found

    def __setitem__(self, at: int, word: int) -> None:
        self._words[at] = word


def table(path: Path, burst: int) -> Buckets:
    return Buckets(Rate(burst, FOREVER), path, clock=lambda: NOW)


def soundly(path: Path, burst: int) -> Buckets:
    made = table(path, burst)
    made._words = Slow(made._words)  # type: ignore[assignment]
    return made


def unlocked(path: Path, burst: int) -> Buckets:
    """Wrong: no lock is taken."""
    fcntl.lockf = lambda *_: None
    return soundly(path, burst)


def alone(_: Path, burst: int) -> Buckets:
    """Wrong: each process has a table of its own."""
    return Buckets(Rate(burst, FOREVER), None, clock=lambda: NOW)


KINDS: dict[str, Callable[[Path, int], Buckets]] = {"soundly": soundly, "unlocked": unlocked, "alone": alone}


def hold(path: Path) -> None:
    """Take the lock and keep it."""
    made = table(path, 1)
    made._lock()
    tell("holding")
    os.read(0, 1)


def report(path: Path, burst: int) -> None:
    """Take tokens for ever, and write a byte for each."""
    made = table(path, burst)
    tell("ready")
    while True:
        if made.take(CALLER).admitted:
            os.write(1, b".")


def forked(path: Path, burst: int, tries: int) -> None:
    """Two processes that inherit one table from a third."""
    made = soundly(path, burst)
    tell("ready")
    os.read(0, 1)
    pipes = []
    for _ in range(2):
        reading, writing = os.pipe()
        if os.fork() == 0:
            os.write(writing, str(taken(made, tries)).encode())
            os._exit(0)
        os.close(writing)
        pipes.append(reading)
    tell(str(sum(int(os.read(one, 20)) for one in pipes)))


def taken(made: Buckets, tries: int) -> int:
    admitted = 0
    for _ in range(tries):
        admitted += made.take(CALLER).admitted
        time.sleep(0.0002)  # a request takes longer than its token
    return admitted


def tell(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def main(kind: str, path: str, burst: int, tries: int) -> None:
    if kind == "hold":
        hold(Path(path))
    elif kind == "report":
        report(Path(path), burst)
    elif kind == "forked":
        forked(Path(path), burst, tries)
    else:
        made = KINDS[kind](Path(path), burst)
        tell("ready")
        os.read(0, 1)
        tell(str(taken(made, tries)))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
