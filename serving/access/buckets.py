"""Token buckets in a table that the workers of one server share.

A bucket holds at most `burst` tokens and gets one more every `interval`; a request takes one. The table keeps one number
for each caller, the moment at which its bucket is full again: a token that is taken puts it off by one interval, and a
request passes when that leaves it no more than ``burst * interval`` away (the "virtual scheduling" form of ITU-T I.371).
One number is written in one step, so a process that dies in the midst of it leaves the old one or the new one.

The table has a fixed size. A caller has eight places, by its hash; when all are taken it gets that of the bucket that
is the fullest, and one that was full has lost nothing.
"""

from __future__ import annotations

import fcntl
import logging
import math
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from recsys.errors import ConfigError

LOG = logging.getLogger(__name__)
CALLER_BYTES = 16
SETS = 4096
WAYS = 8
WORDS = 3  # of 8 bytes: two of the caller's hash, and the moment at which its bucket is full
SET_WORDS = WAYS * WORDS
SIZE = SETS * SET_WORDS * 8
SECOND = 10**9
CLOCK_SLACK = SECOND
LONGEST_NS = 2**61
LOCK_PAUSES = (*(0.0,) * 5, *(0.00005,) * 200, *(0.002,) * 500)  # it is held for microseconds; a second in all
WITHOUT_LOCK_SECONDS = 10.0
HASH = struct.Struct("=qq")


@dataclass(frozen=True)
class Rate:
    """How many tokens a bucket holds, and after how many nanoseconds it gets another one."""

    burst: int
    interval: int

    def __post_init__(self) -> None:
        if self.burst < 1 or self.interval < 1:
            raise ValueError(f"{self} must be positive")

    @classmethod
    def per_second(cls, rate: float, burst: int) -> Rate:
        """Raises ConfigError when an empty bucket would take longer than 70 years to fill."""
        if rate * LONGEST_NS < burst * SECOND:
            raise ConfigError(
                f"serve.rate_limit = {rate:g} with serve.rate_burst = {burst}: a bucket would not fill in 70 years; "
                "raise the limit or lower the burst"
            )
        return cls(burst, max(1, round(SECOND / rate)))

    @property
    def whole(self) -> int:
        """Nanoseconds in which an empty bucket fills."""
        return self.burst * self.interval


class Taken(NamedTuple):
    """Whether there was a token, how many are left, and the nanoseconds until there is one and until all are there."""

    admitted: bool
    left: int
    wait: int
    full: int

    @property
    def retry_after(self) -> int:
        """Whole seconds until a token, at least one."""
        return max(1, math.ceil(self.wait / SECOND))


class Buckets:
    """The table.

    Parameters
    ----------
    rate : Rate
    path : Path or None
        File of the table, made by the first worker; None: the table is in this process alone.
    clock : callable
        Nanoseconds that only rise, the same in every process.

    Raises
    ------
    ConfigError
        When the file cannot be made.
    """

    def __init__(self, rate: Rate, path: Path | None = None, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._rate, self._clock = rate, clock
        self._mutex = threading.Lock()
        self._no_lock_until = 0.0
        self._file = -1
        if path is None:
            self._words = memoryview(bytearray(SIZE)).cast("q")
            return
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            os.posix_fallocate(self._file, 0, SIZE)  # a full disk is told now and does not kill a worker later
            self._words = memoryview(mmap.mmap(self._file, SIZE)).cast("q")
        except OSError as error:
            raise ConfigError(f"the table of rate limits {path} cannot be made: {error.strerror}") from error

    def take(self, caller: bytes) -> Taken:
        """Take a token of a caller, who is named by 16 bytes of a hash."""
        high, low = HASH.unpack(caller)
        first = (low & (SETS - 1)) * SET_WORDS
        with self._mutex:
            locked = self._lock()
            try:
                now = self._clock()  # not before: a process that was quicker to the lock may have written a later time
                return self._decide(self._place(first, high, low, now), now)
            finally:
                if locked:
                    fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _decide(self, place: int, now: int) -> Taken:
        interval, whole = self._rate.interval, self._rate.whole
        full_at = self._words[place]
        if not now < full_at <= now + whole + CLOCK_SLACK:  # full, or not a moment that any request can have written
            full_at = now
        wait = full_at + interval - now - whole
        if wait > 0:
            return Taken(False, 0, wait, full_at - now)
        full_at += interval
        self._words[place] = full_at
        return Taken(True, (whole - full_at + now) // interval, 0, full_at - now)

    def _place(self, first: int, high: int, low: int, now: int) -> int:
        """Where the moment of a caller lies."""
        words = self._words
        for at in range(first, first + SET_WORDS, WORDS):
            if words[at] == high and words[at + 1] == low:
                return at + 2
        latest = now + self._rate.whole + CLOCK_SLACK
        moments = [moment if moment <= latest else 0 for moment in words[first + 2 : first + SET_WORDS : WORDS]]
        place = first + moments.index(min(moments)) * WORDS
        words[place + 2] = 0  # first of all, so that a half-written place is that of a full bucket
        words[place] = high
        words[place + 1] = low
        return place + 2

    def _lock(self) -> bool:
        """Lock the table against other processes, and say whether that was done.

        The kernel unlocks what a process held that dies. One that is stopped while it holds the lock must not stop the
        service: after a second the table is used without.
        """
        if self._file < 0 or (self._no_lock_until and time.monotonic() < self._no_lock_until):
            return False
        for pause in LOCK_PAUSES:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                time.sleep(pause)
            else:
                return True
        self._no_lock_until = time.monotonic() + WITHOUT_LOCK_SECONDS
        LOG.warning("the table of rate limits stays locked: for %g s it is used without", WITHOUT_LOCK_SECONDS)
        return False
