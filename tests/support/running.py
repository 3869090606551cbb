"""`recsys serve` as a process: started, asked and watched by tests."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

RECSYS = Path(sys.executable).with_name("recsys")
PATIENCE_SECONDS = 60.0
ESTABLISHED, LISTENING = "01", "0A"  # of /proc/net/tcp


@dataclass(frozen=True)
class Running:
    """A process that serves.

    Parameters
    ----------
    process : Popen
        The supervisor.
    port : int
        On 127.0.0.1.
    store : Path
        Folder of the model bundles.
    log : Path
        Where its standard error goes.
    """

    process: subprocess.Popen[bytes]
    port: int
    store: Path
    log: Path

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: object = None,
        timeout: float = PATIENCE_SECONDS,
        kind: str = "application/json",
    ) -> tuple[int, Any]:
        """The status and the JSON of an answer, None where it is not JSON; raises OSError where there is no answer."""
        connection = http.client.HTTPConnection(*self.address, timeout=timeout)
        try:
            sent = body if body is None or isinstance(body, bytes) else json.dumps(body)
            connection.request(method, path, sent, {"Content-Type": kind} if sent else {})
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, json.loads(content) if "json" in answer.headers.get("Content-Type", "") else None
        except http.client.HTTPException as error:
            raise ConnectionResetError(str(error)) from error
        finally:
            connection.close()

    def answers(self, path: str = "/readyz", status: int = 200) -> bool:
        """Whether the answer has that status now."""
        try:
            return self.ask(path)[0] == status
        except OSError:
            return False

    def workers(self) -> list[int]:
        """Processes of the server that listen."""
        return [pid for pid in children(self.process.pid) if self._sockets(pid, LISTENING)]

    def connections(self, pid: int) -> int:
        """Connections that a process of the server has with clients."""
        return self._sockets(pid, ESTABLISHED)

    def read_connections(self, pid: int) -> int:
        """Those of them of which the process has read all that came."""
        return self._sockets(pid, ESTABLISHED, queue="00000000")

    def _sockets(self, pid: int, state: str, queue: str = "") -> int:
        """Sockets of a process with the port of the server as their own end; none where the process has ended."""
        try:
            targets = {str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()}
        except OSError:
            return 0
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        own = f":{self.port:04X}"
        rows = [row for row in rows if row[1].endswith(own) and row[3] == state and row[4].endswith(queue)]
        return sum(f"socket:[{row[9]}]" in targets for row in rows)

    def kill(self, pid: int) -> None:
        """kill -9, and wait until the process has ended."""
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: pid not in children(self.process.pid), f"process {pid} ended")

    def wait_for_workers(self, count: int, without: Sequence[int] = ()) -> list[int]:
        """Wait for so many workers, none of them of those; returns them."""
        found: list[int] = []

        def are_there() -> bool:
            found[:] = self.workers()  # what is seen now may be missed the next time, while processes come and go
            return len(found) == count and not set(found) & set(without)

        wait_until(are_there, f"{count} workers other than {list(without)}")
        return found

    def end(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)


@contextmanager
def running(store: Path, *overrides: str, command: Sequence[str] = (), ready: bool = True) -> Iterator[Running]:
    """Serve a store.

    Parameters
    ----------
    store : Path
    overrides : str
        ``section.key=value``.
    command : sequence of str
        What serves instead of `recsys serve`; ``{port}`` stands for the port.
    ready : bool
        Wait until ``/readyz`` answers 200.
    """
    port = free_port()
    settings = ["store.events=", "serve.access_log=false", *overrides, f"store.path={store}"]
    words = [one.format(port=port) for one in command] or [
        str(RECSYS), "serve", "--port", str(port), *(word for one in settings for word in ("--set", one))
    ]  # fmt: skip
    log = store.parent / f"server-{port}.log"
    environment = {**os.environ, "RECSYS_STORE": str(store), "RECSYS_EVENTS": ""}
    with (
        log.open("wb") as errors,
        subprocess.Popen(words, cwd=store.parent, stdout=errors, stderr=errors, env=environment) as process,
    ):
        served = Running(process, port, store.resolve(), log)
        try:
            if ready:
                wait_until(lambda: served.answers() or process.poll() is not None, "the server is ready")
                assert process.poll() is None, log.read_text()
            yield served
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(PATIENCE_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children(pid: int) -> list[int]:
    """Processes that a process has started and that have not ended."""
    started: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread may have ended
            started += map(int, (task / "children").read_text().split())
    return [child for child in started if _state(child) not in ("", "Z")]


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Look again and again; fails the test when it takes too long."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"waited in vain: {what}")
        time.sleep(0.02)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
