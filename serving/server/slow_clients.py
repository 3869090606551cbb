"""Closes connections whose request takes too long to arrive.

The server reads the body of a request in a thread, and waits for it as long as the client likes (granian bounds the time
for the head alone). Here a thread of the worker polls its connections. If something came in after the last thing that went
out, a request is arriving; when that has lasted too long, the connection is shut down, which ends the read. It makes no
difference whether the client is silent or sends a byte now and then. The times are those of the kernel (``TCP_INFO``, Linux);
elsewhere nothing is closed, and the places for bodies bound what is lost.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

OPEN_FILES = Path("/proc/self/fd")
# of struct tcp_info in linux/tcp.h: ms since data was last sent and received, bytes that the peer has acknowledged and sent
TCP_INFO = struct.Struct("=44xI4xI64xQQ")
REQUEST_SECONDS = 20.0
KEEP_ALIVE_SECONDS = 65.0  # longer than load balancers keep an idle connection, so that they are the ones to close it
SILENT_SECONDS = KEEP_ALIVE_SECONDS + 10.0
POLL_SECONDS = 2.0


@dataclass(frozen=True)
class Traffic:
    """The bytes that a connection has sent and received, and the seconds since.

    Seconds count from the begin of the connection where nothing was sent or received, in steps of some milliseconds.
    """

    sent: int
    received: int
    sent_age: float
    received_age: float

    @classmethod
    def of(cls, connection: socket.socket) -> Traffic:
        """Raise OSError when the connection has ended, or the kernel does not know."""
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO.size)
        if len(info) < TCP_INFO.size:
            raise OSError("the kernel does not count what was sent")
        sent_age, received_age, sent, received = TCP_INFO.unpack(info)
        return cls(sent, received, sent_age / 1000, received_age / 1000)

    @property
    def in_request(self) -> bool:
        return self.received_age < self.sent_age if self.sent else self.received > 0


class SlowClients:
    """Watches the connections of this process to `port`, whose requests may take `seconds` until an answer begins.

    `clock` returns monotonic seconds.
    """

    def __init__(
        self, port: int, seconds: float = REQUEST_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._port, self._seconds, self._clock = port, seconds, clock
        self._since: dict[tuple[object, int], float] = {}

    def watch(self) -> None:
        """Poll again and again, in a thread that ends with the process; without Linux not at all."""
        if sys.platform == "linux":
            threading.Thread(target=self._run, name="recsys-slow-clients", daemon=True).start()

    def poll(self) -> int:
        """Close the connections that have taken too long; return their number."""
        now, closed = self._clock(), 0
        since: dict[tuple[object, int], float] = {}
        for connection in _sockets():
            with connection, suppress(OSError):  # it has ended meanwhile
                if not _is_tcp(connection) or connection.getsockname()[1] != self._port:
                    continue
                traffic, peer = Traffic.of(connection), connection.getpeername()
                if traffic.in_request:
                    since[peer, traffic.sent] = self._since.get((peer, traffic.sent), now)
                too_long = now - since.get((peer, traffic.sent), now) >= self._seconds
                # the server closes idle connections earlier, so one that is silent for longer only looks idle
                if too_long or traffic.sent_age >= SILENT_SECONDS:
                    connection.shutdown(socket.SHUT_RDWR)
                    closed += 1
        self._since = since
        return closed

    def _run(self) -> None:
        while True:
            time.sleep(min(POLL_SECONDS, self._seconds / 4))
            self.poll()


def _is_tcp(connection: socket.socket) -> bool:
    return connection.family in (socket.AF_INET, socket.AF_INET6) and connection.type == socket.SOCK_STREAM


def _sockets() -> Iterator[socket.socket]:
    """Yield duplicates of all sockets of this process; the caller closes them."""
    for entry in OPEN_FILES.iterdir():
        try:
            if not str(entry.readlink()).startswith("socket:"):
                continue
            handle = os.dup(int(entry.name))
        except OSError:
            continue
        try:
            duplicate = socket.socket(fileno=handle)
        except OSError:  # the number now stands for another file
            os.close(handle)
        else:
            yield duplicate
