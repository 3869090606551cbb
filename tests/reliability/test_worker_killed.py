"""kill -9 of a worker costs its requests in flight and nothing else."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import factories
from tests.support.faults.traffic import after, traffic
from tests.support.running import LISTENING, Running, children, running, wait_until

CONNECTIONS = 8
GRANIAN = Path(sys.executable).with_name("granian")


@dataclass(frozen=True)
class Losses:
    """Of some kills under load: requests that failed, those that may have been in flight, and those that were answered."""

    failed: int
    in_flight: int
    answered: int
    statuses: frozenset[int]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return factories.publish(tmp_path / "store")[0].path


def kill_under_load(served: Running, kills: int) -> Losses:
    """Kill one worker after the other, each time when requests are answered again by all of them."""
    in_flight = 0
    with traffic(served, CONNECTIONS) as going:
        for number in range(kills):
            workers = served.workers()
            wait_until(after(going, 50), "requests are answered")
            victim = workers[number % len(workers)]
            in_flight += served.connections(victim)
            served.kill(victim)
            served.wait_for_workers(len(workers), without=[victim])
    assert going.outcome is not None
    statuses = frozenset(going.outcome.statuses)
    return Losses(going.outcome.failed, in_flight, going.answered, statuses)


def check(losses: Losses) -> None:
    assert losses.failed <= losses.in_flight
    assert losses.statuses == {200}


@pytest.mark.slow
def test_a_killed_worker_costs_only_its_requests_in_flight(store: Path) -> None:
    with running(store, "serve.workers=2") as served:
        served.wait_for_workers(2)
        check(kill_under_load(served, kills=2))


@pytest.mark.soak
def test_two_hundred_killed_workers_cost_only_their_requests_in_flight(store: Path) -> None:
    with running(store, "serve.workers=2") as served:
        served.wait_for_workers(2)
        check(kill_under_load(served, kills=200))


@pytest.mark.soak
def test_control_without_another_worker_more_is_lost(store: Path) -> None:
    with running(store, "serve.workers=1") as served:
        served.wait_for_workers(1)
        losses = kill_under_load(served, kills=2)
    assert losses.failed > losses.in_flight


def kill_with_successor(served: Running) -> None:
    """Kill a worker, and the one that takes its place as soon as there is one; returns when there are two, or the end."""
    victim = served.wait_for_workers(2)[0]
    before = set(children(served.process.pid))
    served.kill(victim)
    wait_until(lambda: bool(set(children(served.process.pid)) - before), "another one")
    for successor in set(children(served.process.pid)) - before:
        served.kill(successor)
    wait_until(lambda: served.process.poll() is not None or len(served.workers()) == 2, "another one, or the end")


@pytest.mark.soak
def test_a_worker_that_is_killed_again_and_again_is_replaced(store: Path) -> None:
    with running(store, "serve.workers=2") as served:
        for _ in range(2):
            kill_with_successor(served)
        assert served.process.poll() is None
        assert served.ask("/recommend/u1")[0] == 200


@pytest.mark.slow
def test_all_workers_may_be_killed_at_once(store: Path) -> None:
    with running(store, "serve.workers=3") as served:
        workers = served.wait_for_workers(3)
        for pid in workers:
            served.kill(pid)
        served.wait_for_workers(3, without=workers)
        assert served.ask("/recommend/u1")[0] == 200


@pytest.mark.soak
def test_control_the_supervisor_of_granian_gives_up(store: Path) -> None:
    command = [
        *(
            str(GRANIAN),
            "--interface",
            "wsgi",
            "--workers",
            "2",
            "--respawn-failed-workers",
            "--respawn-interval",
            "0.01",
        ),
        *("--factory", "--working-dir", str(factories.ROOT), "--port", "{port}", "serving.server.wsgi:create"),
    ]
    with running(store, command=command) as served:
        kill_with_successor(served)
        assert served.process.poll() == 1
    assert "crash loop" in served.log.read_text()


@pytest.mark.slow
def test_a_supervisor_that_is_killed_leaves_no_worker_that_holds_the_port(store: Path) -> None:
    with running(store, "serve.workers=2") as served:
        served.wait_for_workers(2)
        served.process.kill()
        served.process.wait()
        wait_until(lambda: not _listening(served.port), "nobody listens")


def _listening(port: int) -> bool:
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1].endswith(f":{port:04X}") and row[3] == LISTENING for row in rows)
