"""200 clients that do not finish their requests do not keep others from theirs.

The others are health checks of a load balancer and a client. A client alone can meet a limit of granian's pool of threads,
which grows when a request arrives and another waits (docs/reliability.md, "Known limits").
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.clients import half_open
from serving.server.slow_clients import POLL_SECONDS, REQUEST_SECONDS
from tests.support import factories
from tests.support.running import Running, running

CLIENTS = 200
NORMAL = 20
GUNICORN = Path(sys.executable).with_name("gunicorn")
POST = b"POST /recommend HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
BEGINNINGS = {
    "nothing": b"",
    "half a head": b"GET /recommend/u1 HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    "half a body": POST + b"Content-Length: 40\r\n\r\n{",
    "half a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
}
REQUESTS = [("GET", "/recommend/u1", None), ("POST", "/recommend", {"user_id": "u2", "k": 2}), ("GET", "/livez", None)]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return factories.publish(tmp_path / "store")[0].path


@contextmanager
def health_checks(served: Running) -> Iterator[None]:
    """Ask /livez five times a second."""
    ended = threading.Event()

    def check() -> None:
        while not ended.wait(0.2):
            served.answers("/livez")

    thread = threading.Thread(target=check)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def refused(served: Running, timeout: float) -> list[str]:
    """What of some normal requests got no 200."""
    with health_checks(served):
        return _refused(served, timeout)


def _refused(served: Running, timeout: float) -> list[str]:
    found = []
    for number in range(NORMAL):
        method, path, body = REQUESTS[number % len(REQUESTS)]
        try:
            status, _ = served.ask(path, method, body, timeout)
        except OSError as error:
            found.append(f"{method} {path}: {error}")
            if len(found) == len(REQUESTS):  # it will not become better
                break
        else:
            if status != 200:
                found.append(f"{method} {path}: {status}")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.soak), 2])
def test_half_open_clients_stop_nobody(store: Path, workers: int) -> None:
    with running(store, f"serve.workers={workers}") as served:
        for beginning in BEGINNINGS.values():
            with half_open(served.address, CLIENTS, beginning):
                assert refused(served, timeout=30) == []


@pytest.mark.slow
def test_half_a_request_is_cut_off_after_a_while(store: Path) -> None:
    beginning = BEGINNINGS["half a body"]
    options = "serve.workers=1", f"serve.in_flight={CLIENTS}"  # fewer places would refuse some that come at once
    with running(store, *options) as served, half_open(served.address, CLIENTS, beginning) as clients:
        (worker,) = served.workers()
        started = time.monotonic()
        for client in clients:
            client.settimeout(3 * REQUEST_SECONDS)
            assert client.recv(100) == b""
        assert time.monotonic() - started > REQUEST_SECONDS - POLL_SECONDS - 1  # it was not cut off for another reason
        assert served.connections(worker) == 0
        assert refused(served, timeout=30) == []


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["half a head", "half a body"])
def test_control_gunicorn_answers_nobody(store: Path, kind: str) -> None:
    command = [
        *(str(GUNICORN), "--worker-class", "gthread", "--workers", "2", "--threads", "32", "--no-control-socket"),
        *("--chdir", str(factories.ROOT), "--bind", "127.0.0.1:{port}", "serving.server.wsgi:create()"),
    ]
    with running(store, command=command) as served:
        assert refused(served, timeout=30) == []
        with half_open(served.address, CLIENTS, BEGINNINGS[kind]):
            assert len(refused(served, timeout=2)) == len(REQUESTS)
        served.process.kill()
