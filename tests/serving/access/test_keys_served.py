"""Keys and rate limits on the server as a process, over its workers."""

from __future__ import annotations

import http.client
import os
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support import factories
from tests.support.redis_server import PASSWORD, RedisServer
from tests.support.running import PATIENCE_SECONDS, RECSYS, Running, running, wait_until

BURST = 200
TOLD = "the last sound keys hold"


def recsys_keys(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [RECSYS, "keys", *words, "--set", "serve.keys=keys.json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def status(server: Running, key: str | None, path: str = "/recommend/u1?k=1", method: str = "GET") -> int:
    connection = http.client.HTTPConnection(*server.address, timeout=PATIENCE_SECONDS)
    try:
        connection.request(method, path, headers={} if key is None else {"X-API-Key": key})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def both(server: Running, key: str, expected: int) -> bool:
    """Whether both workers answer so: of forty connections each gets some."""
    return {status(server, key) for _ in range(40)} == {expected}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    factories.publish(tmp_path / "store")
    return tmp_path


@pytest.mark.slow
def test_keys_come_and_go_while_the_server_runs_and_its_log_knows_none(folder: Path) -> None:
    steady = recsys_keys(folder, "add", "steady", "--scope", "read")
    with running(folder / "store", "serve.keys=keys.json", "serve.access_log=true") as server:
        assert status(server, None) == status(server, "nonsense") == 401
        assert status(server, steady) == 200
        assert status(server, steady, "/items/i1/hidden", "PUT") == 403
        assert status(server, None, "/livez") == 200
        later = recsys_keys(folder, "add", "later", "--scope", "read")
        wait_until(lambda: both(server, later, 200), "both workers know the new key")
        recsys_keys(folder, "remove", "steady")
        wait_until(lambda: both(server, steady, 401), "both workers have forgotten the old key")
        (folder / "keys.json").write_text("{")
        wait_until(lambda: both(server, later, 200) and TOLD in server.log.read_text(), "the damage is told")
        before = server.wait_for_workers(2)
        server.kill(before[0])
        server.wait_for_workers(2, without=before[:1])
        assert both(server, later, 200)
        assert both(server, steady, 401)
        assert server.end() == 0
        told = server.log.read_text()
    assert '"key":"later"' in told
    for key in (steady, later):
        assert key not in told
        assert key[3:30] not in told


@pytest.mark.slow
@pytest.mark.parametrize("keys", [True, pytest.param(False, marks=pytest.mark.soak)])
def test_the_shares_of_the_workers_are_the_rate_limit(keys: bool, folder: Path) -> None:
    found = admitted(folder, keys, 4 * BURST)
    assert found == {200: BURST, 429: 3 * BURST}  # of 800 connections each worker gets more than its 100 tokens


@pytest.mark.slow
def test_in_redis_a_rate_limit_is_exact_over_the_workers(folder: Path, redis: RedisServer) -> None:
    found = admitted(folder, True, 2 * BURST, f"serve.rate_limit_storage={redis.url}")
    assert found == {200: BURST, 429: BURST}


def admitted(folder: Path, keys: bool, n: int, *chosen: str) -> Counter[int]:
    """How often a server with two workers gave each status to a caller whose bucket gets no token meanwhile."""
    key = recsys_keys(folder, "add", "shop", "--scope", "read") if keys else None
    limits = ("serve.rate_limit=0.0001", f"serve.rate_burst={BURST}", *["serve.keys=keys.json"] * keys, *chosen)
    with running(folder / "store", *limits) as server:
        server.wait_for_workers(2)
        with ThreadPoolExecutor(8) as pool:
            found = Counter(pool.map(lambda _: status(server, key), range(n)))
        assert status(server, None, "/readyz") == 200
        assert PASSWORD not in server.log.read_text()
    return found


@pytest.mark.soak
def test_a_variable_of_the_environment_is_no_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server shows its environment to every request as if it were sent with it."""
    key = recsys_keys(folder, "add", "shop", "--scope", "admin")
    monkeypatch.setenv("HTTP_X_API_KEY", key)
    monkeypatch.setenv("HTTP_AUTHORIZATION", f"Bearer {key}")
    with running(folder / "store", "serve.keys=keys.json") as server:
        assert status(server, None) == 401
        assert status(server, key) == 200


@pytest.mark.parametrize("content", [b"", b"{", b'{"keys": []}', None])
def test_a_server_does_not_start_without_sound_keys(folder: Path, content: bytes | None) -> None:
    if content is not None:
        (folder / "keys.json").write_bytes(content)
    command = [RECSYS, "serve", "--set", "serve.keys=keys.json", "--set", "store.path=store"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS, env={**os.environ}
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: key file {folder}/keys.json ")
