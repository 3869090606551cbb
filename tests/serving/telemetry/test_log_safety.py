"""Promise 28, on the server: after mixed and hostile traffic every line of the log is whole and tells of nobody."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from recsys.bundle.store import Store
from serving.access import key_file
from tests.support.faults import bundles
from tests.support.faults.live import Live, live, until

FORGED = '{"level":"info","message":"f0rged"}'
ENDS = [
    "\n",
    "\r\n",
    "\r",
    "\u2028",
    "\u2029",
    "\x85",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x1b[2J",
    "\x9b1m",
    "\x00",
    "\x7f",
    "\t",
]
HOSTILE = [f"secret-4711{end}{FORGED}" for end in ENDS]
PLAIN = ["secret-4711", "au1", "secret-4711@example.org"]
TELLING = ("secret-4711", "au1", "ai1", "f0rged", "example.org")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

pytestmark = pytest.mark.slow


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, str]:
    """A key of each kind, by name."""
    found = {}
    with key_file.changing(tmp_path / "keys.json") as known:
        for scope in ("read", "write", "admin"):
            found[scope], record = key_file.generate(scope, (scope,), datetime.now(UTC))
            known.append(record)
    return found


@pytest.fixture
def server(store: Store, tmp_path: Path, keys: dict[str, str]) -> Iterator[Live]:
    bundles.publish(store, bundles.tiny("a"))
    settings = (f"store.events={tmp_path / 'events.sqlite'}", f"serve.keys={tmp_path / 'keys.json'}")
    with live(store, tmp_path, *settings) as running:
        yield running


def traffic(server: Live, keys: dict[str, str]) -> int:
    """Every kind of request with ids that must not be told; returns how many were answered."""
    answered = 0
    for key in (*keys.values(), "rk_secret-4711", ""):
        headers = {
            "X-API-Key": key,
            "X-Request-ID": "secret 4711",
            "User-Agent": "secret-4711",
            "Referer": "/secret-4711",
        }
        for one in (*PLAIN, *HOSTILE):
            path = quote(one, safe="")
            event = json.dumps({"user_id": one, "item_id": "ai1", "event": "secret-4711"}).encode()
            history = json.dumps({"history": [{"item_id": one}], "exclude": [one]}).encode()
            for method, target, body in (
                ("GET", f"/recommend/{path}", None),
                ("GET", f"/recommend/{path}?k={path}", None),
                ("GET", f"/recommend/au1?exclude={path}&{path}=1", None),
                ("GET", f"/similar/{path}", None),
                ("GET", f"/users/{path}", None),
                ("DELETE", f"/users/{path}", None),
                ("PUT", f"/items/{path}/hidden", None),
                ("DELETE", f"/items/{path}/hidden", None),
                ("GET", f"/{path}", None),
                ("POST", "/events", event),
                ("POST", "/events", event.replace(b"}", b"")),
                ("POST", "/recommend", history),
            ):
                server.ask(target, method, headers | {"Content-Type": "application/json"}, body)
                answered += 1
    return answered


def raw(server: Live, request: bytes) -> None:
    """Send what no library would send."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


def hostile_heads(server: Live) -> None:
    for end in ENDS:
        text = f"secret-4711{end}{FORGED}".encode("utf-8", "surrogatepass")
        for head in (
            b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-ID: " + text,
            b"GET /" + text + b" HTTP/1.1\r\nHost: x",
            text + b" /livez HTTP/1.1\r\nHost: x",
            b"GET /livez HTTP/1.1\r\nHost: " + text,
            b"GET /recommend/u?k=" + text + b" HTTP/1.1\r\nHost: x",
            b"GET /livez HTTP/1.1\r\nHost: x\r\n" + text + b": 1",
        ):
            raw(server, head + b"\r\nConnection: close\r\n\r\n")


def whole(log: bytes) -> list[dict[str, object]]:
    """The lines of a log, after checking that each is one object in printable ASCII."""
    lines = log.split(b"\n")
    assert lines.pop() == b""
    assert all(32 <= byte < 127 for line in lines for byte in line)
    found = [json.loads(line) for line in lines]
    assert all(isinstance(line, dict) and {"time", "level", "message"} <= line.keys() for line in found)
    return found


def test_the_log_cannot_be_forged_and_tells_of_nobody(server: Live, keys: dict[str, str]) -> None:
    sent = traffic(server, keys)
    hostile_heads(server)
    (server.store.path / bundles.publish(server.store, bundles.tiny("b", 1)) / "model.safetensors").write_bytes(b"")
    until(lambda: "model refused" in server.log.read_text(), "the refusal of a bad model")
    log = server.log.read_bytes()
    lines = whole(log)
    requests = [line for line in lines if line["message"] == "request"]
    assert len(requests) >= sent
    assert {line["message"] for line in lines if "f0rged" in str(line["message"])} == set()
    assert all(REQUEST_ID.fullmatch(str(line["request_id"])) for line in requests)
    assert {status for line in requests if isinstance(status := line["status"], int) and status >= 500} == set()
    for secret in (*TELLING, *keys.values(), *(key_file.digest(key) for key in keys.values())):
        assert secret.encode() not in log, [line for line in lines if secret in json.dumps(line)][:3]


def test_a_failing_event_store_tells_of_nobody(server: Live, keys: dict[str, str], tmp_path: Path) -> None:
    admin = {"X-API-Key": keys["admin"], "Content-Type": "application/json"}
    body = json.dumps({"user_id": "secret-4711", "item_id": "ai1"}).encode()
    assert server.ask("/events", "POST", admin, body).status == 202
    for path in tmp_path.glob("events.sqlite*"):
        path.write_bytes(b"no database" * 1000)
    statuses = {
        server.ask(path, method, admin, content).status
        for _ in range(10)
        for method, path, content in (
            ("POST", "/events", body),
            ("GET", "/recommend/secret-4711", None),
            ("GET", "/users/secret-4711", None),
            ("DELETE", "/users/secret-4711", None),
        )
    }
    assert 503 in statuses
    log = server.log.read_bytes()
    assert "error" in {line["level"] for line in whole(log)}
    assert b"secret-4711" not in log


@pytest.mark.soak
def test_control_a_log_of_paths_tells_everything(server: Live, keys: dict[str, str]) -> None:
    """What granian's own access log would say."""
    sent = "/recommend/secret-4711?k=5"
    server.ask(sent, headers={"X-API-Key": keys["read"]})
    line = f'[2026-11-25 00:00:00 +0000] 127.0.0.1 - "GET {sent} HTTP/1.1" 200 1.0\n'
    assert any(secret in line for secret in TELLING)
    with pytest.raises(json.JSONDecodeError, match="Expecting"):
        whole(line.encode())
