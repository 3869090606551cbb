"""`recsys serve` as a process: start, workers, processor time and memory."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clients import Address
from recsys.config import ServeConfig

RECSYS = Path(sys.executable).with_name("recsys")
READY_SECONDS = 120
STOP_SECONDS = 60
LOOK_SECONDS = 0.02
IN_A_ROW = 20  # the kernel spreads connections over workers, so all are ready
ENCODER = "serving.encoding.process"
TICKS = os.sysconf("SC_CLK_TCK")
PRIVATE = re.compile(r"^Private_(?:Clean|Dirty): +(\d+) kB$", re.MULTILINE)
MAPPING = re.compile(r"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(?P<path>.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Served:
    """Running server.

    Parameters
    ----------
    address : (str, int)
        Host and port.
    pid : int
        Process number of the supervisor.
    store : Path
        Store of the served model.
    start_seconds : float
        From the start of the process until ``/readyz`` of all workers answers 200.
    """

    address: Address
    pid: int
    store: Path
    start_seconds: float

    def workers(self) -> list[int]:
        """Return the processes that have mapped a file of the store."""
        return _workers(self.pid, self.store)

    def cpu_seconds(self) -> float:
        """Return the processor time of the server and its workers so far."""
        return sum(_ticks(pid) for pid in (self.pid, *_descendants(self.pid))) / TICKS

    def encoder_seconds(self) -> float:
        """Return the processor time of the encoder process; 0 without such a process."""
        pids = [pid for pid in _descendants(self.pid) if ENCODER in _read(pid, "cmdline")]
        return sum(_ticks(pid) for pid in pids) / TICKS

    def private_bytes(self) -> list[int]:
        """Return the private memory of each worker, without mapped files of the store."""
        return [_private(_read(pid, "smaps"), str(self.store)) for pid in self.workers()]


@contextmanager
def served(store: Path, events: Path | None = None, workers: int = ServeConfig().workers) -> Iterator[Served]:
    """Serve the current model of `store` with the defaults; the log is discarded.

    Raises
    ------
    SystemExit
        When the server is not ready in time.
    """
    port = _free_port()
    store = store.resolve()
    keys = {"store.path": str(store), "store.events": str(events or ""), "serve.workers": str(workers)}
    command = [str(RECSYS), "serve", "--port", str(port)]
    command += [word for key, value in keys.items() for word in ("--set", f"{key}={value}")]
    started = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 our own words
        command, cwd=store.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            while not (len(_workers(process.pid, store)) == workers and all(_is_ready(port) for _ in range(IN_A_ROW))):
                if process.poll() is not None or time.perf_counter() - started > READY_SECONDS:
                    raise SystemExit(f"the server is not ready; see for yourself: {' '.join(command)}")
                time.sleep(LOOK_SECONDS)
            yield Served(("127.0.0.1", port), process.pid, store, time.perf_counter() - started)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _workers(pid: int, store: Path) -> list[int]:
    return [child for child in _descendants(pid) if str(store) in _read(child, "maps")]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _descendants(pid: int) -> list[int]:
    children = [int(one) for task in _tasks(pid) for one in _text(task / "children").split()]
    return [found for child in children for found in (child, *_descendants(child))]


def _tasks(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []


def _read(pid: int, name: str) -> str:
    return _text(Path(f"/proc/{pid}", name))


def _text(path: Path) -> str:
    """Return a file of /proc; empty if the process has ended."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _ticks(pid: int) -> int:
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12]) if fields else 0


def _private(smaps: str, store: str) -> int:
    starts = [*MAPPING.finditer(smaps)]
    ends = [*(match.start() for match in starts[1:]), len(smaps)]
    return 1024 * sum(
        int(kilobytes)
        for match, end in zip(starts, ends, strict=True)
        if not match["path"].startswith(store)
        for kilobytes in PRIVATE.findall(smaps, match.end(), end)
    )
