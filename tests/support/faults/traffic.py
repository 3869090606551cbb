"""Load on a server while something happens to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.clients import get
from benchmarks.load import Load, Outcome, run
from tests.support.running import Running

USERS = tuple(get(f"/recommend/u{number}?k=5") for number in range(30))
FOREVER = 3600.0


@dataclass
class Traffic:
    """Requests that are being sent; `outcome` is there when they have ended."""

    stop: threading.Event = field(default_factory=threading.Event)
    answered: int = 0
    outcome: Outcome | None = None


@contextmanager
def traffic(
    served: Running, connections: int = 8, requests: tuple[bytes, ...] = USERS, rate: float = 0.0
) -> Iterator[Traffic]:
    """Send requests until the end of the block, over keep-alive connections."""
    going = Traffic()

    def seen(*_: object) -> None:
        going.answered += 1

    def send() -> None:
        load = Load(served.address, requests, connections, FOREVER, rate, timeout=30.0)
        going.outcome = run(load, seen, going.stop)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield going
    finally:
        going.stop.set()
        thread.join()


def after(going: Traffic, answers: int) -> Callable[[], bool]:
    """Whether so many more requests were answered than now."""
    enough = going.answered + answers
    return lambda: going.answered >= enough
