"""Training again and again: `recsys train --every 6h`.

Each turn is a process of its own, so that its memory is given back, a new configuration counts from the next turn on, and
one that fails or is killed leaves the schedule, and the model that serves, as they are.
"""

from __future__ import annotations

import os
import re
import select
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
Tell = Callable[[str], None]


def parse(text: str) -> float:
    """Seconds of ``30m``, ``6h`` or ``1d``; raises ConfigError for anything else."""
    found = EVERY.fullmatch(text)
    seconds = int(found[1]) * SECONDS[found[2]] if found else 0
    if not 0 < seconds <= LONGEST_DAYS * SECONDS["d"]:
        raise ConfigError(
            f"--every {text!r}: expected a number and m, h or d, such as 30m, 6h or 1d, and at most {LONGEST_DAYS}d"
        )
    return float(seconds)


class Stop:
    """The wish that the schedule ends, which can be waited for beside other things."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()

    def close(self) -> None:
        os.close(self._reading)
        os.close(self._writing)

    def set(self) -> None:
        """Safe in a handler of signals, and more than once."""
        os.write(self._writing, b".")

    def wait(self, seconds: float | None = None, other: int | None = None) -> bool:
        """Wait for the wish, at most some seconds or until `other` is readable; whether it was uttered."""
        handles = [self._reading] if other is None else [self._reading, other]
        return self._reading in select.select(handles, [], [], seconds)[0]


@contextmanager
def signals() -> Iterator[Stop]:
    """SIGTERM, SIGINT and SIGHUP are wishes to end, meanwhile; a SIGHUP that nohup lets be ignored is ignored."""
    stop = Stop()
    wanted = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        wanted.append(signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in wanted}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()


def run(every: float, command: Sequence[str], store: Path, tell: Tell) -> None:
    """Train now and every so many seconds, from begin to begin, until a signal asks for the end.

    Parameters
    ----------
    every : float
        Seconds. A training that takes longer is followed by the next one at once.
    command : sequence of str
        What trains once; it takes the lock of the store itself.
    store : Path
    tell : callable
        Is given a line when a turn is left out or was killed, and one with the time of the next.
    """
    with signals() as stop:

        def turn() -> bool:
            return take_turn(lambda: lock.holder(store), lambda: run_once(command, stop), tell)

        repeat(every, turn, stop.wait, tell)


def repeat(
    every: float,
    turn: Callable[[], bool],
    wait: Callable[[float], bool],
    tell: Tell,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Take turns until one of them, or the wait for the next, says that it is the end."""
    while True:
        begun = clock()
        if not turn():
            return
        pause = max(0.0, begun + every - clock())
        tell(f"next training at {_in(pause)}")
        if wait(pause):
            return


def take_turn(holder: Callable[[], str], train: Callable[[], int | None], tell: Tell) -> bool:
    """Train unless somebody else does; False when the end was asked for meanwhile."""
    busy = holder()
    if busy:
        tell(f"this turn is left out: {busy} trains already")
        return True
    code = train()
    if code is not None and code < 0:  # else it has said itself what was wrong
        tell(f"error: the training was ended by {signal.Signals(-code).name}; the model that serves stays")
    return code is not None


def run_once(command: Sequence[str], stop: Stop) -> int | None:
    """Run a process to its end and return its code, or end it when that is asked for and return None.

    It has a process group of its own, which a Ctrl-C at the terminal does not reach and which is ended as a whole.
    """
    with subprocess.Popen(command, process_group=0) as process:  # noqa: S603 - our own command line
        handle = os.pidfd_open(process.pid)
        try:
            if not stop.wait(None, handle):
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


def _in(seconds: float) -> str:
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
