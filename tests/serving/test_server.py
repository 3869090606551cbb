"""The production server as a process: `recsys serve`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recsys.recommender import Recommender
from tests import factories

RECSYS = Path(sys.executable).with_name("recsys")
PATIENCE_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def wait_for(url: str, status: int) -> None:
    last = "no answer"
    for _ in range(PATIENCE_SECONDS * 10):
        try:
            code, body = get(url)
            if code == status:
                return
            last = f"{code} {body}"
        except OSError as error:
            last = str(error)
        time.sleep(0.1)
    pytest.fail(f"{url} did not answer {status}: {last}")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen[bytes], Path]]:
    store, _ = factories.publish(tmp_path_factory.mktemp("served") / "store")
    port = free_port()
    command = [RECSYS, "serve", "--port", str(port), "--workers", "2", "--set", f"store.path={store.path}"]
    with subprocess.Popen(command, cwd=store.path.parent, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/readyz", 200)
            yield f"http://127.0.0.1:{port}", process, store.path
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE_SECONDS)


def workers_of(server: subprocess.Popen[bytes], store: Path) -> list[int]:
    """Child processes that have a file of the store mapped into memory."""
    tasks = Path(f"/proc/{server.pid}/task").iterdir()
    pids = [int(pid) for task in tasks for pid in (task / "children").read_text().split()]
    return [pid for pid in pids if str(store) in Path(f"/proc/{pid}/maps").read_text()]


@pytest.mark.slow
def test_concurrent_answers_are_those_of_the_recommender(served: tuple[str, subprocess.Popen[bytes], Path]) -> None:
    url, _, _ = served
    truth = Recommender(factories.model(), "")
    users = [f"u{number}" for number in range(30)] * 10
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda user: get(f"{url}/recommend/{user}?k=5"), users))
    for user, (status, body) in zip(users, answers, strict=True):
        assert status == 200
        assert [item["item_id"] for item in body["items"]] == [item.item_id for item in truth.recommend(user, 5).items]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_each_worker_maps_the_model(served: tuple[str, subprocess.Popen[bytes], Path]) -> None:
    _, process, store = served
    assert len(workers_of(process, store)) == 2


@pytest.mark.slow
def test_a_killed_worker_is_replaced(served: tuple[str, subprocess.Popen[bytes], Path]) -> None:
    url, process, store = served
    workers = workers_of(process, store)
    os.kill(workers[0], signal.SIGKILL)
    wait_for(f"{url}/recommend/u1", 200)
    for _ in range(PATIENCE_SECONDS * 10):
        alive = workers_of(process, store)
        if len(alive) == 2 and workers[0] not in alive:
            break
        time.sleep(0.1)
    assert len(alive) == 2
    assert get(f"{url}/recommend/u1")[0] == 200
