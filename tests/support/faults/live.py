"""`recsys serve` as a process of a test: its workers, its answers, its metrics and its log."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys.bundle.store import Store
from tests.support.running import children

RECSYS = Path(sys.executable).with_name("recsys")
PATIENCE = 60.0
SAMPLE = re.compile(r"^(?P<name>\w+)(?:\{(?P<labels>[^}]*)\})? (?P<value>\S+)$")
LABEL = re.compile(r'(\w+)="([^"]*)"')

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Live:
    """A server that runs."""

    port: int
    process: subprocess.Popen[bytes]
    store: Store
    log: Path

    def ask(
        self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Reply:
        """Over a connection of its own, so that the workers take turns."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Reply(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def ready(self) -> bool:
        try:
            return self.ask("/readyz").status == 200
        except OSError:
            return False

    def workers(self) -> list[int]:
        """The processes that have a file of the store mapped into memory."""
        return [pid for pid in children(self.process.pid) if str(self.store.path) in read(f"/proc/{pid}/maps")]

    def samples(self) -> Samples:
        """What /metrics says, by name and labels."""
        return parse(self.ask("/metrics").body.decode())

    def total(self, name: str, **labels: str) -> float:
        """The sum of all samples of a name that have some labels."""
        return total(self.samples(), name, **labels)

    def serves(self, version: str, workers: int = 2) -> bool:
        """Whether so many workers serve a version and none another."""
        found = {labels: value for (name, labels), value in self.samples().items() if name == "recsys_model_info"}
        return found == {frozenset({("model_version", version)}): workers}

    def lines(self) -> list[dict[str, Any]]:
        """The log, a JSON object a line; raises when a line is none."""
        found = [json.loads(line) for line in self.log.read_bytes().splitlines()]
        assert all(isinstance(line, dict) for line in found)
        return found


def parse(text: str) -> Samples:
    found = (SAMPLE.match(line) for line in text.splitlines() if not line.startswith("#"))
    return {(one["name"], frozenset(LABEL.findall(one["labels"] or ""))): float(one["value"]) for one in found if one}


def total(samples: Samples, name: str, **labels: str) -> float:
    return sum(value for (one, has), value in samples.items() if one == name and labels.items() <= has)


def read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until something holds; raises AssertionError when it does not."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE:g} s: {what}"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def live(store: Store, folder: Path, *settings: str, workers: int = 2, ready: bool = True) -> Iterator[Live]:
    """Serve the current model of `store`; `settings` are ``section.key=value``, the log lies in `folder`."""
    port, log = free_port(), folder / "log"
    given = (
        "serve.reload_seconds=0.05",
        f"store.path={store.path}",
        "store.events=",
        "serve.drain_seconds=0",
        *settings,
    )
    command = [str(RECSYS), "serve", "--port", str(port), "--workers", str(workers)]
    command += [word for one in given for word in ("--set", one)]
    with log.open("wb") as stream, subprocess.Popen(command, cwd=folder, stdout=stream, stderr=stream) as process:
        server = Live(port, process, store, log)
        try:
            if ready:
                until(lambda: len(server.workers()) == workers and server.ready(), f"ready: {log.read_text()[-2000:]}")
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
