"""The pace of batches where the processors are busy."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS = 0.2
CROWDED = 1.25
MANY, MOST = 3, 5


class Pace:
    """Lets batches begin SECONDS apart while other programs use the processors, so that they are larger and cost less.

    A batch was crowded when it took CROWDED times its processor time. A count goes up with each crowded batch and down with
    each other one; from MANY on there is a pause before a batch begins. `wall` returns monotonic seconds, `processor` those
    that the processor has spent on this thread.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.monotonic,
        processor: Callable[[], float] = time.thread_time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._wall, self._processor, self._sleep = wall, processor, sleep
        self._crowded = 0
        self._began = (-SECONDS, 0.0)

    def __enter__(self) -> None:
        if self._crowded >= MANY:
            self._sleep(max(0.0, self._began[0] + SECONDS - self._wall()))
        self._began = self._wall(), self._processor()

    def __exit__(self, *_: object) -> None:
        took, spent = self._wall() - self._began[0], self._processor() - self._began[1]
        self._crowded = min(MOST, self._crowded + 1) if took > CROWDED * spent else max(0, self._crowded - 1)
