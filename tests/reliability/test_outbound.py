"""The server opens no connection to anybody, but to the endpoint that phrases answers where one is configured.

Every connect() of all its processes is looked at, from their start on.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import factories
from tests.support.fake_llm import speaking
from tests.support.running import RECSYS, Running, children, running

CONNECT = re.compile(r"connect\(\d+, \{sa_family=AF_INET6?, .*")
INTRUDER = """
import socket, sys
if "spawn_main" in " ".join(sys.orig_argv):  # in the workers alone
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("192.0.2.1", 9))
"""
ASKED = [
    ("GET", "/livez", None, 200),
    ("GET", "/readyz", None, 200),
    ("GET", "/metrics", None, 200),
    ("GET", "/openapi.json", None, 200),
    ("GET", "/docs", None, 200),
    ("GET", "/recommend/u1?explain=true", None, 200),
    ("POST", "/recommend", {"history": [{"item_id": "i1"}]}, 200),
    ("GET", "/similar/i1", None, 200),
    ("GET", "/popular", None, 200),
    ("POST", "/rank", {"user_id": "u1", "item_ids": ["i1", "i2"]}, 200),
    ("POST", "/chat", {"messages": [{"role": "user", "content": "I loved Title 3"}]}, 200),
    ("GET", "/items/i1", None, 200),
    ("POST", "/events", {"event_id": "e1", "user_id": "u1", "item_id": "i9"}, 202),
    ("GET", "/users/u1", None, 200),
    ("PUT", "/items/i2/hidden", None, 204),
    ("DELETE", "/items/i2/hidden", None, 204),
    ("DELETE", "/users/u1", None, 204),
]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    return factories.publish(tmp_path / "store")[0].path


def connects(store: Path, asked: list[tuple[str, str, object, int]], *more: str) -> list[str]:
    """The connections that a server opened while it was asked all of that, and reloaded its model."""
    log = store.parent / "connect.log"
    keys = [f"store.path={store}", f"store.events={store.parent / 'events.sqlite'}", "serve.reload_seconds=0.1", *more]
    command = [
        *("strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect", "-o", str(log)),
        *(str(RECSYS), "serve", "--port", "{port}", "--workers", "2"),
        *(word for key in keys for word in ("--set", key)),
    ]
    with running(store, command=command) as served:
        for method, path, body, status in asked:
            assert (path, served.ask(path, method, body)[0]) == (path, status)
        end(served)
    return CONNECT.findall(log.read_text())


def end(served: Running) -> None:
    """strace passes no signal on: the server is asked itself."""
    (server,) = children(served.process.pid)
    subprocess.run(["kill", "-TERM", str(server)], check=True)
    assert served.process.wait(60) == 0


@pytest.mark.slow
def test_no_worker_connects_to_anybody(store: Path) -> None:
    assert connects(store, ASKED) == []


@pytest.mark.slow
def test_only_the_configured_endpoint_is_connected_to(store: Path) -> None:
    with speaking() as speaker:
        seen = connects(store, ASKED, f"chat.phrase_url={speaker.url}")
    port = speaker.url.split(":")[2].split("/")[0]
    assert len(seen) == len(speaker.asked) == 1
    assert f"htons({port})" in seen[0]
    assert '"127.0.0.1"' in seen[0]


@pytest.mark.soak
def test_control_a_worker_that_connects_is_seen(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (store.parent / "sitecustomize.py").write_text(INTRUDER)
    monkeypatch.setenv("PYTHONPATH", str(store.parent))
    seen = connects(store, ASKED[:1])
    assert len(seen) >= 2
    assert all("192.0.2.1" in line for line in seen)
