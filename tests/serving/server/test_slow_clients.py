"""Connections whose request takes too long to arrive."""

from __future__ import annotations

import gc
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from serving.server.slow_clients import OPEN_FILES, SILENT_SECONDS, SlowClients, Traffic
from tests.support.running import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux counts what was sent")
LIMIT = 10.0


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Pair:
    """Both ends of a connection to a port that is watched."""

    client: socket.socket
    server: socket.socket

    def send(self, content: bytes) -> None:
        self.client.sendall(content)
        assert self.server.recv(100) == content

    def answer(self) -> None:
        """An answer, some milliseconds after the request, which is how finely the kernel counts."""
        time.sleep(0.02)
        self.server.sendall(b"answer")
        assert self.client.recv(100) == b"answer"
        time.sleep(0.02)

    def is_open(self) -> bool:
        self.client.setblocking(False)
        try:
            return self.client.recv(1) != b""
        except BlockingIOError:
            return True
        finally:
            self.client.setblocking(True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["127.0.0.1", "::1"])
def listener(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    try:
        made = socket.create_server((request.param, 0), family=family)
    except OSError as error:
        pytest.skip(f"no such address here: {error}")
    with made:
        yield made


@pytest.fixture
def watched(listener: socket.socket, clock: Clock) -> SlowClients:
    return SlowClients(listener.getsockname()[1], LIMIT, clock)


@pytest.fixture
def pair(listener: socket.socket) -> Iterator[Pair]:
    with socket.socket(listener.family) as client:
        client.connect(listener.getsockname())
        server, _ = listener.accept()
        with server:
            yield Pair(client, server)


def pass_seconds(watched: SlowClients, clock: Clock, seconds: int) -> int:
    """Look every second; returns how many connections were closed."""
    closed = 0
    for _ in range(seconds):
        clock.now += 1
        closed += watched.poll()
    return closed


def test_half_a_request_is_cut_off(watched: SlowClients, clock: Clock, pair: Pair) -> None:
    pair.send(b"POST /events")
    assert watched.poll() == 0
    assert pass_seconds(watched, clock, 9) == 0
    assert pair.is_open()
    assert pass_seconds(watched, clock, 1) == 1
    assert not pair.is_open()


def test_a_thread_that_waits_for_the_rest_goes_on(watched: SlowClients, clock: Clock, pair: Pair) -> None:
    pair.send(b"half")
    watched.poll()
    pair.server.settimeout(30)
    assert pass_seconds(watched, clock, 10) == 1
    assert pair.server.recv(100) == b""  # would wait for 30 s


def test_a_byte_now_and_then_changes_nothing(watched: SlowClients, clock: Clock, pair: Pair) -> None:
    closed = 0
    for _ in range(11):
        pair.send(b"x")
        closed += pass_seconds(watched, clock, 1)
    assert closed == 1


def test_one_who_asks_and_is_answered_stays(watched: SlowClients, clock: Clock, pair: Pair) -> None:
    for _ in range(30):
        pair.send(b"request")
        assert pass_seconds(watched, clock, 1) == 0
        pair.answer()
        assert pass_seconds(watched, clock, 1) == 0
    assert pair.is_open()


def test_one_who_is_idle_after_an_answer_stays(watched: SlowClients, clock: Clock, pair: Pair) -> None:
    pair.send(b"request")
    pair.answer()
    assert pass_seconds(watched, clock, 60) == 0
    assert pair.is_open()


def test_half_a_second_request_is_cut_off(watched: SlowClients, clock: Clock, pair: Pair) -> None:
    pair.send(b"request")
    pair.answer()
    pass_seconds(watched, clock, 5)
    pair.send(b"half of another")
    assert pass_seconds(watched, clock, 10) == 0
    assert pass_seconds(watched, clock, 1) == 1


def test_connections_to_other_ports_are_left_alone(clock: Clock, pair: Pair) -> None:
    other = SlowClients(pair.client.getsockname()[1] ^ 1, LIMIT, clock)
    pair.send(b"half")
    other.poll()
    assert pass_seconds(other, clock, 20) == 0


def test_nothing_was_sent_for_longer_than_the_server_keeps_idle_connections(
    watched: SlowClients, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert watched.poll() == 0
    monkeypatch.setattr(Traffic, "of", lambda _: Traffic(9, 9, SILENT_SECONDS, SILENT_SECONDS))
    assert watched.poll() == 1
    assert not pair.is_open()


def test_looking_leaves_no_file_open(watched: SlowClients, pair: Pair) -> None:
    pair.send(b"half")
    gc.collect()  # files of earlier tests are not counted
    before = len([*OPEN_FILES.iterdir()])
    for _ in range(20):
        watched.poll()
    assert len([*OPEN_FILES.iterdir()]) <= before


def test_it_looks_by_itself(listener: socket.socket, pair: Pair) -> None:
    SlowClients(listener.getsockname()[1], 0.1).watch()
    pair.send(b"half")
    wait_until(lambda: not pair.is_open(), "the connection is closed")
