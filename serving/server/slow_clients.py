"""Connections whose request takes too long to arrive are closed.

The server reads the body of a request in a thread, and waits for it as long as the client likes (granian bounds the time
for the head alone). Here a thread of the worker looks at its connections every now and then. One on which something came
in after the last thing that went out is in the midst of a request; when that has lasted too long it is shut down, which
ends the read. It makes no difference whether the client is silent or sends a byte now and then. The kernel says when
something came and went (``TCP_INFO``, Linux); elsewhere nothing is closed, and the places for bodies bound what is lost.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

OPEN_FILES = Path("/proc/self/fd")
SENT_AGE, RECEIVED_AGE = 44, 52  # where struct tcp_info of linux/tcp.h has the ms since data was last sent and received
SENT, RECEIVED = 120, 128  # and the bytes that the peer has acknowledged and sent
INFO_BYTES = 136
REQUEST_SECONDS = 20.0
KEEP_ALIVE_SECONDS = 65.0  # longer than load balancers keep an idle connection, so that they are the ones to close it
SILENT_SECONDS = KEEP_ALIVE_SECONDS + 10.0
LOOK_SECONDS = 2.0

Peer = tuple[object, ...]


@dataclass(frozen=True)
class Traffic:
    """Of a connection: the bytes that have gone out and come in, and the seconds since.

    Seconds count from the begin of the connection where nothing did, in steps of some milliseconds.
    """

    sent: int
    received: int
    sent_age: float
    received_age: float

    @classmethod
    def of(cls, connection: socket.socket) -> Traffic:
        """Raises OSError when the connection has ended, or the kernel does not know."""
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, INFO_BYTES)
        if len(info) < INFO_BYTES:
            raise OSError("the kernel does not count what was sent")
        sent, received = (struct.unpack_from("=Q", info, at)[0] for at in (SENT, RECEIVED))
        sent_age, received_age = (struct.unpack_from("=I", info, at)[0] / 1000 for at in (SENT_AGE, RECEIVED_AGE))
        return cls(sent, received, sent_age, received_age)

    @property
    def in_request(self) -> bool:
        if not self.sent:
            return self.received > 0
        return self.received_age < self.sent_age


class SlowClients:
    """Watches the connections of this process to one port.

    Parameters
    ----------
    port : int
    seconds : float
        How long a request may take until something of its answer is sent.
    clock : callable
        Seconds that only rise.
    """

    def __init__(
        self, port: int, seconds: float = REQUEST_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._port, self._seconds, self._clock = port, seconds, clock
        self._since: dict[tuple[Peer, int], float] = {}

    def watch(self) -> None:
        """Look again and again, in a thread that ends with the process; without Linux not at all."""
        if sys.platform == "linux":
            threading.Thread(target=self._run, name="recsys-slow-clients", daemon=True).start()

    def look(self) -> int:
        """Close what has taken too long; returns how many connections that were."""
        now, closed = self._clock(), 0
        since: dict[tuple[Peer, int], float] = {}
        for connection in _connections(self._port):
            with connection:
                try:
                    traffic, peer = Traffic.of(connection), connection.getpeername()
                    if traffic.in_request:
                        request = (peer, traffic.sent)
                        since[request] = self._since.get(request, now)
                    too_long = traffic.in_request and now - since[request] >= self._seconds
                    # the server closes idle connections earlier: this one is not, it only looks so
                    if too_long or traffic.sent_age >= SILENT_SECONDS:
                        connection.shutdown(socket.SHUT_RDWR)
                        closed += 1
                except OSError:  # it has ended meanwhile
                    continue
        self._since = since
        return closed

    def _run(self) -> None:
        while True:
            time.sleep(min(LOOK_SECONDS, self._seconds / 4))
            self.look()


def _connections(port: int) -> Iterator[socket.socket]:
    """Duplicates of the handles of all TCP connections whose own end is `port`; the caller closes them."""
    for entry in OPEN_FILES.iterdir():
        try:
            if not str(entry.readlink()).startswith("socket:"):
                continue
            handle = os.dup(int(entry.name))
        except OSError:
            continue
        try:
            found = socket.socket(fileno=handle)
        except OSError:  # the number stands for another file by now
            os.close(handle)
            continue
        if _is_ours(found, port):
            yield found
        else:
            found.close()


def _is_ours(found: socket.socket, port: int) -> bool:
    try:
        tcp = found.family in (socket.AF_INET, socket.AF_INET6) and found.type == socket.SOCK_STREAM
        return tcp and found.getsockname()[1] == port
    except OSError:
        return False
