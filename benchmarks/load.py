"""Load generator for HTTP servers: keep-alive connections over plain sockets, in a closed loop or at a constant rate.

``python -m benchmarks.load http://127.0.0.1:8000/recommend/u1 --connections 16 --seconds 5 [--rate 500] [--processes 2]``

One thread drives all connections of a process, so it can also run in a thread of a test. In a closed loop a connection
sends its next request after an answer. At a constant rate requests are due at fixed times, independent of answers, and latency
counts from the due time, so a stalled server cannot hide delays (coordinated omission).
"""

from __future__ import annotations

import argparse
import multiprocessing
import selectors
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from benchmarks.clients import Address, get

Seen = Callable[[bytes, int, bytes], None]
REST_SECONDS = 0.02  # before a retry after a refused connection
LOOK_SECONDS = 0.05  # between checks for timeouts
PIECE = 65536


@dataclass(frozen=True)
class Load:
    """Description of a load.

    Parameters
    ----------
    address : (str, int)
        Host and port.
    requests : sequence of bytes
        Complete requests, sent cyclically.
    connections : int
        Number of concurrent connections.
    seconds : float
        Duration of sending; requests in flight are then awaited.
    rate : float
        Requests a second; 0: a closed loop.
    timeout : float
        Seconds after which a request has failed.
    """

    address: Address
    requests: Sequence[bytes]
    connections: int = 16
    seconds: float = 3.0
    rate: float = 0.0
    timeout: float = 10.0


@dataclass(frozen=True)
class Outcome:
    """Result of a load.

    Parameters
    ----------
    statuses : Counter of int
        Answers by status.
    failures : Counter of str
        Requests without a complete answer, by reason: ``refused``, ``reset``, ``closed``, ``timeout``.
    latencies : ndarray of float64, shape (answers,)
        Seconds, in the order of the answers.
    rate : float
        Answers a second.
    """

    statuses: Counter[int]
    failures: Counter[str]
    latencies: NDArray[np.float64]
    rate: float

    @property
    def failed(self) -> int:
        return self.failures.total()

    def ms(self, percent: float) -> float:
        """Return a percentile of the latencies in milliseconds; NaN without answers."""
        return 1000 * float(np.percentile(self.latencies, percent)) if len(self.latencies) else float("nan")

    def __add__(self, other: Outcome) -> Outcome:
        """Combine the outcomes of two concurrent loads."""
        return Outcome(
            self.statuses + other.statuses,
            self.failures + other.failures,
            np.concatenate([self.latencies, other.latencies]),
            self.rate + other.rate,
        )

    def __str__(self) -> str:
        times = ", ".join(f"p{percent:g} {self.ms(percent):.2f} ms" for percent in (50, 99, 99.9))
        return f"{self.rate:,.0f}/s, {times}, {dict(self.statuses)}, failures {dict(self.failures)}"


def run(load: Load, seen: Seen | None = None, stop: threading.Event | None = None) -> Outcome:
    """Send a load from this thread.

    Parameters
    ----------
    load : Load
    seen : callable or None
        Called with each request and the status and body of its answer.
    stop : Event or None
        Ends the load early.
    """
    return _Driver(load, seen, stop or threading.Event()).drive()


def spread(load: Load, processes: int) -> Outcome:
    """Send a load from several processes, each with its share of connections and rate."""
    shares = [
        replace(
            load,
            requests=load.requests[number::processes] or load.requests,
            connections=max(1, load.connections // processes),
            rate=load.rate / processes,
        )
        for number in range(processes)
    ]
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(time.sleep, [0.2] * processes))  # all processes start before the first sends
        first, *others = pool.map(run, shares)
    return sum(others, first)


@dataclass(eq=False)
class _Connection:
    socket: socket.socket | None = None
    answer: bytearray = field(default_factory=bytearray)
    request: bytes = b""
    unsent: memoryview = field(default_factory=lambda: memoryview(b""))
    due: float = 0.0
    busy: bool = False


class _Driver:
    def __init__(self, load: Load, seen: Seen | None, stop: threading.Event) -> None:
        self.load, self.seen, self.stop = load, seen, stop
        # select() waits for microseconds, epoll for whole milliseconds, which a constant rate would show
        self.selector = selectors.SelectSelector() if load.rate else selectors.DefaultSelector()
        self.connections = [_Connection() for _ in range(load.connections)]
        self.idle = deque(self.connections)
        self.resting: deque[tuple[float, _Connection]] = deque()
        self.sent = 0
        self.statuses: Counter[int] = Counter()
        self.failures: Counter[str] = Counter()
        self.latencies: list[float] = []

    def drive(self) -> Outcome:
        started = time.perf_counter()
        end, look = started + self.load.seconds, started
        while (now := time.perf_counter()) < end and not self.stop.is_set():
            wait = self._start_what_is_due(started, now)
            look = self._step(wait, look)
        while any(connection.busy for connection in self.connections):
            look = self._step(LOOK_SECONDS, look)
        seconds = time.perf_counter() - started
        for connection in self.connections:
            self._disconnect(connection)
        self.selector.close()
        return Outcome(self.statuses, self.failures, np.array(self.latencies), len(self.latencies) / seconds)

    def _start_what_is_due(self, started: float, now: float) -> float:
        """Send due requests over idle connections; return the seconds to wait for an event."""
        while self.resting and self.resting[0][0] <= now:
            self.idle.append(self.resting.popleft()[1])
        while self.idle:
            due = started + self.sent / self.load.rate if self.load.rate else now
            if due > now:
                return min(due - now, LOOK_SECONDS)
            self._send(self.idle.popleft(), due)
        return REST_SECONDS if self.resting else LOOK_SECONDS

    def _step(self, wait: float, look: float) -> float:
        for key, events in self.selector.select(wait) if self.selector.get_map() else ():
            if events & selectors.EVENT_READ:
                self._read(key.data)
            else:
                self._write(key.data)
        if not self.selector.get_map():
            time.sleep(min(wait, REST_SECONDS))
        now = time.perf_counter()
        if now - look < LOOK_SECONDS:
            return look
        for connection in self.connections:
            if connection.busy and now - connection.due > self.load.timeout:
                self._fail(connection, "timeout")
        return now

    def _send(self, connection: _Connection, due: float) -> None:
        connection.request = self.load.requests[self.sent % len(self.load.requests)]
        self.sent += 1
        connection.due, connection.busy = due, True
        connection.unsent = memoryview(connection.request)
        if connection.socket is None:
            connection.socket = socket.socket(socket.AF_INET6 if ":" in self.load.address[0] else socket.AF_INET)
            connection.socket.setblocking(False)
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.socket.connect_ex(self.load.address)
            self.selector.register(connection.socket, selectors.EVENT_WRITE, connection)
        else:
            self._write(connection, waits=False)

    def _write(self, connection: _Connection, waits: bool = True) -> None:
        assert connection.socket is not None
        try:
            connection.unsent = connection.unsent[connection.socket.send(connection.unsent) :]
        except BlockingIOError:
            pass
        except OSError as error:
            self._fail(connection, "refused" if isinstance(error, ConnectionRefusedError) else "reset")
            return
        if bool(connection.unsent) != waits:
            # an answer such as 413 may arrive before the request is sent
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.unsent else 0)
            self.selector.modify(connection.socket, events, connection)

    def _read(self, connection: _Connection) -> None:
        assert connection.socket is not None
        try:
            piece = connection.socket.recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece, reason = b"", "reset"
        else:
            reason = "closed"
        if not piece:
            if connection.busy:
                self._fail(connection, reason)
            else:
                self._disconnect(connection)
            return
        connection.answer += piece
        self._take_answer(connection)

    def _take_answer(self, connection: _Connection) -> None:
        head, end, body = bytes(connection.answer).partition(b"\r\n\r\n")
        if not end or not _is_whole(head := head.lower(), body):
            return
        self.latencies.append(time.perf_counter() - connection.due)
        status = int(head[9:12])
        self.statuses[status] += 1
        if self.seen is not None:
            self.seen(connection.request, status, body)
        connection.answer.clear()
        connection.busy = False
        if b"\r\nconnection: close" in head or connection.unsent:
            self._disconnect(connection)
        self.idle.append(connection)

    def _fail(self, connection: _Connection, reason: str) -> None:
        self.failures[reason] += 1
        self._disconnect(connection)
        connection.busy = False
        self.resting.append((time.perf_counter() + REST_SECONDS, connection))

    def _disconnect(self, connection: _Connection) -> None:
        if connection.socket is not None:
            self.selector.unregister(connection.socket)
            connection.socket.close()
        connection.socket = None
        connection.answer.clear()


def _is_whole(head: bytes, body: bytes) -> bool:
    if b"\r\ntransfer-encoding: chunked" in head:
        return body.endswith(b"0\r\n\r\n")
    _, found, rest = head.partition(b"\r\ncontent-length:")
    return not found or len(body) >= int(rest.split(b"\r\n", 1)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rate", type=float, default=0.0, help="requests a second; 0: a closed loop")
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    url = urlsplit(given.url)
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    address = (url.hostname or "127.0.0.1", url.port or 80)
    print(spread(Load(address, [get(path)], given.connections, given.seconds, given.rate), given.processes))


if __name__ == "__main__":
    main()
