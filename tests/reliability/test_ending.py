"""SIGTERM: not ready first, then nothing fails that a load balancer still sends, then the end."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import factories
from tests.support.faults.traffic import after, traffic
from tests.support.running import PATIENCE_SECONDS, Running, running, wait_until

LOOK_SECONDS = 0.05
BODY = json.dumps({"history": [{"item_id": "i1"}], "k": 3}).encode()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return factories.publish(tmp_path / "store")[0].path


@dataclass(frozen=True)
class Ended:
    """How a server ended: what failed, what was answered, its exit code, and whether it said that it was not ready."""

    failed: int
    statuses: frozenset[int]
    code: int
    not_ready: bool


def end_behind_a_load_balancer(served: Running) -> Ended:
    """SIGTERM under load; the load ends when `/readyz`, which is looked at every now and then, says no."""
    noticed = threading.Event()
    with traffic(served) as going:
        wait_until(after(going, 100), "requests are answered")
        served.process.send_signal(signal.SIGTERM)
        while not noticed.is_set() and served.process.poll() is None:
            time.sleep(LOOK_SECONDS)
            if served.answers("/readyz", 503):
                noticed.set()
            elif not served.answers("/livez"):
                break
    code = served.process.wait(PATIENCE_SECONDS)
    assert going.outcome is not None
    return Ended(going.outcome.failed, frozenset(going.outcome.statuses), code, noticed.is_set())


@pytest.mark.slow
def test_nothing_fails_at_the_end(store: Path) -> None:
    with running(store, "serve.workers=2", "serve.drain_seconds=2") as served:
        ended = end_behind_a_load_balancer(served)
    assert ended == Ended(failed=0, statuses=frozenset({200}), code=0, not_ready=True)


@pytest.mark.soak
def test_control_without_the_time_to_notice_requests_fail(store: Path) -> None:
    with running(store, "serve.workers=2", "serve.drain_seconds=0") as served:
        ended = end_behind_a_load_balancer(served)
    assert ended.failed > 0
    assert not ended.not_ready


@pytest.mark.soak
def test_nothing_fails_at_fifty_ends(store: Path) -> None:
    for _ in range(50):
        with running(store, "serve.workers=2", "serve.drain_seconds=1") as served:
            ended = end_behind_a_load_balancer(served)
        assert ended == Ended(failed=0, statuses=frozenset({200}), code=0, not_ready=True)


def begin(served: Running) -> socket.socket:
    """A client that has sent its request but for the last byte."""
    client = socket.create_connection(served.address, timeout=PATIENCE_SECONDS)
    head = (
        f"POST /recommend HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    )
    client.sendall(head.encode() + BODY[:-1])
    return client


@pytest.mark.slow
def test_a_request_in_flight_is_answered_after_listening_has_ended(store: Path) -> None:
    with running(store, "serve.workers=2", "serve.drain_seconds=0") as served, begin(served) as client:
        wait_until(lambda: any(served.read_connections(pid) for pid in served.workers()), "the head was read")
        served.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not served.workers(), "listening has ended")
        assert served.process.poll() is None
        client.sendall(BODY[-1:])
        assert client.recv(100).startswith(b"HTTP/1.1 200 ")
        assert served.process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.slow
@pytest.mark.parametrize("drain_seconds", [0, pytest.param(1000, marks=pytest.mark.soak)])
def test_a_second_signal_is_the_end(store: Path, drain_seconds: int) -> None:
    with running(store, "serve.workers=2", f"serve.drain_seconds={drain_seconds}") as served, begin(served) as client:
        workers = served.wait_for_workers(2)
        served.process.send_signal(signal.SIGINT)
        wait_until(lambda: "ending: not ready from now on" in served.log.read_text(), "the end has begun")
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(PATIENCE_SECONDS) == 1
        assert not any(Path(f"/proc/{pid}/maps").exists() for pid in workers)
        assert client.recv(100) == b""
