"""More requests than a worker takes on are told to come back, and when they are gone all is well at once."""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import factories
from tests.support.faults.traffic import after, traffic
from tests.support.running import Running, running, wait_until

CLIENTS = 60
RECOVERY_SECONDS = 5.0
PROBES = 20


@dataclass(frozen=True)
class Load:
    """What a server answered to too many clients, to the probe of its life meanwhile, and how soon to one afterwards."""

    statuses: frozenset[int]
    failed: int
    alive: list[bool]
    recovered_seconds: float


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return factories.publish(tmp_path / "store")[0].path


def overload(served: Running, answers: int) -> Load:
    with traffic(served, CLIENTS) as going:
        wait_until(after(going, answers // 2), "requests are answered")
        alive = [served.answers("/livez") for _ in range(PROBES)]
        wait_until(after(going, answers // 2), "requests are answered")
    ended = time.monotonic()
    wait_until(lambda: served.answers("/recommend/u1"), "a normal request is answered")
    assert going.outcome is not None
    return Load(frozenset(going.outcome.statuses), going.outcome.failed, alive, time.monotonic() - ended)


@pytest.mark.slow
def test_overload_is_refused_and_passes(store: Path) -> None:
    with running(store, "serve.workers=1", "serve.in_flight=1") as served:
        load = overload(served, answers=3000)
        assert load.statuses == {200, 503}
        assert load.failed == 0
        assert all(load.alive)
        assert load.recovered_seconds < RECOVERY_SECONDS
        assert [served.ask(f"/recommend/u{number}")[0] for number in range(30)] == [200] * 30


@pytest.mark.slow
def test_a_refusal_says_when_to_come_back(store: Path) -> None:
    refusals = []
    with running(store, "serve.workers=1", "serve.in_flight=1") as served, traffic(served, CLIENTS):
        connection = http.client.HTTPConnection(*served.address, timeout=60)

        def is_refused() -> bool:
            connection.request("GET", "/recommend/u1")
            answer = connection.getresponse()
            answer.read()
            if answer.status == 503:
                refusals.append((answer.headers["Retry-After"], answer.headers["Content-Type"]))
            return bool(refusals)

        wait_until(is_refused, "a request is refused")
        connection.close()
    assert refusals == [("5", "application/problem+json")]


@pytest.mark.soak
def test_control_without_a_limit_nothing_is_refused(store: Path) -> None:
    with running(store, "serve.workers=1", "serve.in_flight=100000") as served:
        assert overload(served, answers=1000).statuses == {200}


@pytest.mark.soak
def test_a_hundred_overloads_pass(store: Path) -> None:
    with running(store, "serve.workers=2", "serve.in_flight=1") as served:
        for _ in range(100):
            load = overload(served, answers=2000)
            assert load.failed == 0
            assert all(load.alive)
            assert load.recovered_seconds < RECOVERY_SECONDS
