"""Repeated training: `recsys train --every 6h`.

Each turn is a process of its own: its memory is released, a new configuration applies from the next turn on, and a turn that
fails or is killed changes neither the schedule nor the model that serves.
"""

from __future__ import annotations

import math
import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recsys.errors import ConfigError
from training.cli import lock

SECONDS = {"m": 60, "h": 3600, "d": 86400}
LONGEST_DAYS = 366
EVERY = re.compile(r"([1-9][0-9]{0,5})([mhd])", re.ASCII)
GRACE_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 86400.0  # of one system call, which takes no more than 24 days
OnProgress = Callable[[str], None]


def parse(text: str) -> float:
    """Return the seconds of ``30m``, ``6h`` or ``1d``; raise ConfigError for anything else."""
    match = EVERY.fullmatch(text)
    seconds = int(match[1]) * SECONDS[match[2]] if match else 0
    if not 0 < seconds <= LONGEST_DAYS * SECONDS["d"]:
        raise ConfigError(
            f"--every {text!r}: expected a number and m, h or d, such as 30m, 6h or 1d, and at most {LONGEST_DAYS}d"
        )
    return float(seconds)


class Stop:
    """A request to end the schedule, which signal handlers set; a thread can wait for it and a process together."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()

    def close(self) -> None:
        os.close(self._reading)
        os.close(self._writing)

    def set(self) -> None:
        """Request the end. Safe in a signal handler, and more than once."""
        os.write(self._writing, b".")

    def wait(self, seconds: float = math.inf, other: int | None = None) -> bool:
        """Wait for the request, at most some seconds or until `other` is readable; return whether it was made."""
        end = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            for handle in (self._reading, other):
                if handle is not None:
                    selector.register(handle, selectors.EVENT_READ)
            while True:
                left = max(0.0, end - time.monotonic())
                ready = [key.fd for key, _ in selector.select(min(left, LONGEST_WAIT_SECONDS))]
                if ready or not left:
                    return self._reading in ready


@contextmanager
def signals() -> Iterator[Stop]:
    """Take SIGTERM, SIGINT and SIGHUP as requests to end; a SIGHUP that is ignored, as by nohup, stays ignored."""
    stop = Stop()
    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()


def run(every: float, command: Sequence[str], store: Path, on_progress: OnProgress) -> None:
    """Train now and every `every` seconds, from begin to begin, until a signal requests the end.

    A training that takes longer is followed by the next one at once. `command` is the training, which takes the lock of the
    store itself. `on_progress` takes a line when a turn is skipped or was killed, and a line with the time of the next.
    """
    with signals() as stop:

        def turn() -> bool:
            return take_turn(lambda: lock.holder(store), lambda: run_once(command, stop), on_progress)

        repeat(every, turn, stop.wait, on_progress)


def repeat(
    every: float,
    turn: Callable[[], bool],
    wait: Callable[[float], bool],
    on_progress: OnProgress,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Take turns until a turn, or the wait for the next, returns that the end was requested."""
    while True:
        started = clock()
        if not turn():
            return
        pause = max(0.0, started + every - clock())
        on_progress(f"next training at {datetime.now(UTC) + timedelta(seconds=pause):%Y-%m-%dT%H:%M:%SZ}")
        if wait(pause):
            return


def take_turn(holder: Callable[[], str], train: Callable[[], int | None], on_progress: OnProgress) -> bool:
    """Train unless another process does; return False when the end was requested meanwhile."""
    if busy := holder():
        on_progress(f"this turn is left out: {busy} trains already")
        return True
    code = train()
    if code is not None and code < 0:  # a training that fails explains itself
        on_progress(f"error: the training was ended by {signal.Signals(-code).name}; the model that serves stays")
    return code is not None


def run_once(command: Sequence[str], stop: Stop) -> int | None:
    """Run a process to its end and return its code, or end it on request and return None.

    The process has a group of its own, which Ctrl-C at the terminal does not reach and which is ended as a whole.
    """
    with subprocess.Popen(command, process_group=0) as process:  # noqa: S603 - our own command line
        handle = os.pidfd_open(process.pid)
        try:
            if not stop.wait(other=handle):
                return process.wait()
            _end(process)
            return None
        finally:
            os.close(handle)


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
            return
