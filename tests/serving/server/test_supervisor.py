"""The production server as a process: `recsys serve`."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from tests.support import factories
from tests.support.running import RECSYS, Running, children, free_port, running, wait_until


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    store, _ = factories.publish(tmp_path_factory.mktemp("served") / "store")
    with running(store.path, "serve.workers=2") as server:
        yield server


def serve(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What `recsys serve` says when it does not serve."""
    return subprocess.run(
        [RECSYS, "serve", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.slow
def test_concurrent_answers_are_those_of_the_recommender(served: Running) -> None:
    truth = Recommender(factories.model(), "")
    users = [f"u{number}" for number in range(30)] * 10
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda user: served.ask(f"/recommend/{user}?k=5"), users))
    for user, (status, body) in zip(users, answers, strict=True):
        assert status == 200
        assert [item["item_id"] for item in body["items"]] == [
            item.item_id for item in truth.recommend(user, ListRequest(5)).items
        ]


@pytest.mark.slow
def test_each_worker_maps_the_model(served: Running) -> None:
    for pid in served.wait_for_workers(2):
        assert str(served.store) in Path(f"/proc/{pid}/maps").read_text()


@pytest.mark.slow
def test_a_worker_that_is_killed_or_asked_to_end_is_replaced(served: Running) -> None:
    before = served.wait_for_workers(2)
    served.kill(before[0])
    after = served.wait_for_workers(2, without=before[:1])
    os.kill(after[0], signal.SIGTERM)
    served.wait_for_workers(2, without=[before[0], after[0]])
    assert served.ask("/recommend/u1")[0] == 200


@pytest.mark.slow
def test_workers_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    store, _ = factories.publish(tmp_path / "store")
    with running(store.path, "serve.workers=2") as server:
        workers = server.wait_for_workers(2)
        assert set(workers) <= set(children(server.process.pid))
        server.process.kill()
        server.process.wait()
        wait_until(lambda: not any(Path(f"/proc/{pid}/maps").exists() for pid in workers), "the workers end")


@pytest.mark.slow
def test_the_folder_of_a_server_is_there_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = factories.publish(tmp_path / "store")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with running(store.path, "serve.workers=1", "serve.drain_seconds=0") as server:
        (run,) = tmp_path.glob("recsys-serve-*")
        assert run.stat().st_mode & 0o777 == 0o700
        assert (run / "metrics").is_dir()
        assert server.end() == 0
    assert not run.exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_a_public_address_needs_keys(tmp_path: Path, host: str) -> None:
    done = serve(tmp_path, "--host", host, "--port", "1")
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"error: others can reach serve.host = {host!r}, and serve.keys names no file of keys"
    )
    assert len(done.stderr.splitlines()) == 1


def test_a_public_address_may_be_opened_without_keys(tmp_path: Path) -> None:
    done = serve(tmp_path, "--host", "192.0.2.1", "--set", "serve.public_without_keys=true")
    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot listen on 192.0.2.1 port 8000: ")  # an address of documents, not ours


@pytest.mark.slow
def test_a_port_that_is_taken_is_one_clear_line(served: Running, tmp_path: Path) -> None:
    done = serve(tmp_path, "--port", str(served.port))
    assert done.returncode == 2
    assert done.stderr == (
        f"error: cannot listen on 127.0.0.1 port {served.port}: Address already in use; give another --host or --port\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("option", [["--set", "serve.keys=nowhere.json"], ["--set", "serve.keys=."]])
def test_a_server_whose_workers_cannot_start_says_why(tmp_path: Path, option: list[str]) -> None:
    done = serve(tmp_path, "--port", str(free_port()), *option)
    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(said) == 1
    assert "key" in said[0]


def test_a_server_without_workers_is_refused(tmp_path: Path) -> None:
    done = serve(tmp_path, "--workers", "0")
    assert done.returncode == 2
    assert "0 is not in the range" in done.stderr
