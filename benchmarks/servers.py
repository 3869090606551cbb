"""Comparison of WSGI servers: ``python -m benchmarks.servers`` prints the table of docs/decisions/0009.

Every server runs the real application over a small model, alternating in rounds; figures are medians. The load comes from
processes of this program on the same machine, so compare figures within a table; processor time is more reliable than
throughput.
"""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.clients import Address, get, half_open
from benchmarks.load import Load, Outcome, run, spread
from recsys.config import ServeConfig
from serving.settings import Settings
from tests.support import factories
from tests.support.running import children, free_port

ROUNDS = 3
SECONDS = 3.0
CONNECTIONS = 16
CLIENTS = 200
PROBES = 20
PATIENCE_SECONDS = 90.0
THREADS = 32
SCRIPTS = Path(sys.executable).parent
LISTS = tuple(get(f"/recommend/u{(number * 7919) % 2000}?k=10") for number in range(2000))
LIVEZ = (get("/livez"),)
CLOSE = "Connection: close"
PRIVATE = re.compile(r"^Private_(?:Clean|Dirty): +(\d+) kB$", re.MULTILINE)
HALF_HEAD = b"GET /recommend/u1 HTTP/1.1\r\nHost: x\r\nX-Slow: "
HALF_BODY = b"POST /recommend HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{"
WAITRESS = """
import sys, waitress
from serving.server.wsgi import create
waitress.serve(create(), host="127.0.0.1", port=int(sys.argv[1]), threads=int(sys.argv[2]), connection_limit=2000)
"""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Server:
    """Server with its options.

    Parameters
    ----------
    name : str
    command : callable
        Maps a port and a number of workers to a command line.
    several : bool
        Whether it supports several processes.
    """

    name: str
    command: Callable[[int, int], list[str]]
    several: bool = True


def _gunicorn(port: int, workers: int) -> list[str]:
    options = ["--worker-class", "gthread", "--threads", str(THREADS), "--keep-alive", "60", "--no-control-socket"]
    return [
        str(SCRIPTS / "gunicorn"),
        *options,
        "-w",
        str(workers),
        "-b",
        f"127.0.0.1:{port}",
        "serving.server.wsgi:create()",
    ]


def _granian(port: int, workers: int) -> list[str]:
    options = ["--interface", "wsgi", "--http", "1", "--no-ws", "--blocking-threads", str(THREADS), "--factory"]
    respawn = ["--respawn-failed-workers", "--respawn-interval", "0.01"]
    return [
        *(str(SCRIPTS / "granian"), *options, *respawn),
        *("--workers", str(workers), "--port", str(port), "serving.server.wsgi:create"),
    ]


def _waitress(port: int, _: int) -> list[str]:
    return [sys.executable, "-c", WAITRESS, str(port), str(THREADS)]


def _recsys(port: int, workers: int) -> list[str]:
    keys = {"store.path": os.environ["RECSYS_STORE"], "store.events": "", "serve.access_log": "false"}
    sets = [word for key, value in keys.items() for word in ("--set", f"{key}={value}")]
    return [str(SCRIPTS / "recsys"), "serve", "--port", str(port), "--workers", str(workers), *sets]


SERVERS = (
    Server("gunicorn gthread", _gunicorn),
    Server("waitress", _waitress, several=False),
    Server("granian", _granian),
    Server("`recsys serve`", _recsys),
)


@dataclass
class Row:
    """Measurements of a server by column, one figure a round."""

    server: Server
    figures: dict[str, list[float]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def note(self, **figures: float) -> None:
        for name, figure in figures.items():
            self.figures.setdefault(name, []).append(figure)

    def median(self, name: str) -> float:
        return statistics.median(self.figures.get(name, [float("nan")]))


@dataclass(frozen=True)
class Running:
    """Running server: its address and first process."""

    address: Address
    pid: int

    def processes(self) -> list[int]:
        return [self.pid, *children(self.pid)]

    def workers(self) -> list[int]:
        """Return the processes that have mapped the model."""
        return [pid for pid in self.processes() if os.environ["RECSYS_STORE"] in _read(pid, "maps")]

    def is_ready(self) -> bool:
        return run(Load(self.address, (get("/readyz", CLOSE),), 1, 0.001, timeout=2.0)).statuses[200] > 0

    def cpu_seconds(self) -> float:
        """Return processor time by the scheduler; ticks are too coarse for threads that run for microseconds."""
        threads = [task for pid in self.processes() for task in Path(f"/proc/{pid}/task").iterdir()]
        return sum(int((task / "schedstat").read_text().split()[0]) for task in threads) / 1e9

    def private_megabytes(self) -> float:
        """Return the mean private memory of a worker."""
        kilobytes = [sum(map(int, PRIVATE.findall(_read(pid, "smaps_rollup")))) for pid in self.workers()]
        return statistics.fmean(kilobytes) / 1000


@contextmanager
def started(server: Server, workers: int) -> Iterator[Running]:
    """Start a server and wait until it is ready."""
    port = free_port()
    with subprocess.Popen(  # noqa: S603 our own words
        server.command(port, workers), cwd=factories.ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        found = Running(("127.0.0.1", port), process.pid)
        try:
            if _wait(lambda: len(found.workers()) == workers and found.is_ready()) == float("inf"):
                raise SystemExit(f"{server.name} does not start")
            time.sleep(1)  # the second worker may start later
            yield found
        finally:
            with suppress(OSError):
                for pid in found.processes():  # their shutdown is not measured
                    os.kill(pid, signal.SIGKILL)


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}", name).read_text(errors="replace")
    except OSError:
        return ""


def _wait(condition: Callable[[], bool]) -> float:
    """Return the seconds until a condition holds; infinity if it does not."""
    begin = time.perf_counter()
    while not condition():
        if time.perf_counter() - begin > PATIENCE_SECONDS:
            return float("inf")
        time.sleep(0.01)
    return time.perf_counter() - begin


def throughput(row: Row, workers: int) -> None:
    """Measure requests a second of `/livez` and `/recommend`, and the processor time of a request."""
    with started(row.server, workers) as found:
        for name, requests in (("livez", LIVEZ), ("recommend", LISTS)):
            load = Load(found.address, requests, CONNECTIONS, SECONDS)
            run(replace(load, seconds=0.5))
            before = found.cpu_seconds()
            outcome = spread(load, 1)
            used = 1e6 * (found.cpu_seconds() - before) / max(1, len(outcome.latencies))
            row.note(**{f"{name} {workers}": outcome.rate, f"{name} µs {workers}": used})
        if workers == 2:
            row.note(memory=found.private_megabytes())


def slow_clients(row: Row) -> None:
    """Count normal requests answered within two seconds, with 200 clients that send incomplete requests."""
    for name, beginning in (("slow heads", HALF_HEAD), ("slow bodies", HALF_BODY)):
        with started(row.server, 2 if row.server.several else 1) as found:
            with half_open(found.address, CLIENTS, beginning):
                answered = sum(_is_answered(found) for _ in range(PROBES))
            row.faults[name] = f"{answered} of {PROBES}"


def _is_answered(found: Running) -> bool:
    return run(Load(found.address, (get("/recommend/u1", CLOSE),), 1, 0.001, timeout=2.0)).statuses[200] > 0


def killed(row: Row) -> None:
    """Kill one of two workers under load: lost requests, seconds until there are two again; then kill its successor."""
    if not row.server.several:
        row.faults.update({"lost by kill -9": "all, no other worker", "s to two workers": "never", "killed twice": "-"})
        return
    with started(row.server, 2) as found:
        with _loaded(found) as outcomes:
            victim, *_ = found.workers()
            os.kill(victim, signal.SIGKILL)
            seconds = _wait(lambda: len({*found.workers()} - {victim}) == 2)
        row.faults["lost by kill -9"] = str(outcomes[0].failed)
        row.faults["s to two workers"] = f"{seconds:.1f}"
        row.faults["killed twice"] = "lives" if _lives_on(found) else "server ends"


def _lives_on(found: Running) -> bool:
    """Return whether the server answers after a worker and then its successor were killed."""
    before = {*children(found.pid)}
    os.kill(found.workers()[0], signal.SIGKILL)
    _wait(lambda: bool({*children(found.pid)} - before))
    for successor in {*children(found.pid)} - before:
        os.kill(successor, signal.SIGKILL)
    time.sleep(10)
    return found.is_ready()


def reloaded(row: Row) -> None:
    """Count requests lost when SIGHUP replaces all workers under load."""
    if not row.server.several:
        row.faults["lost by SIGHUP"] = "has none"
        return
    with started(row.server, 2) as found:
        before = {*found.workers()}
        with _loaded(found) as outcomes:
            os.kill(found.pid, signal.SIGHUP)
            _wait(lambda: len(found.workers()) == 2 and not {*found.workers()} & before)
        row.faults["lost by SIGHUP"] = str(outcomes[0].failed)


@contextmanager
def _loaded(found: Running) -> Iterator[list[Outcome]]:
    """Run a load during the block; the outcome is in the list after the block."""
    stop = threading.Event()
    outcomes: list[Outcome] = []
    load = Load(found.address, LISTS, CONNECTIONS, 3600.0)
    thread = threading.Thread(target=lambda: outcomes.append(run(load, None, stop)))
    thread.start()
    time.sleep(1)
    try:
        yield outcomes
        time.sleep(1)
    finally:
        stop.set()
        thread.join()


FIGURES: Mapping[str, str] = {
    "livez 1": "`/livez` /s",
    "livez µs 1": "CPU µs",
    "recommend 1": "`/recommend` /s",
    "recommend µs 1": "CPU µs",
    "recommend 2": "with 2 workers /s",
    "memory": "private MB a worker",
}
FAULTS = ("slow heads", "slow bodies", "lost by kill -9", "s to two workers", "killed twice", "lost by SIGHUP")


def main() -> None:
    rows = [Row(server) for server in SERVERS]
    with tempfile.TemporaryDirectory() as folder:
        store, _ = factories.publish(Path(folder) / "store", factories.model(2000, 2000, factors=64, text_dim=8))
        settings = Settings(store.path.resolve(), serve=ServeConfig(access_log=False))
        os.environ.update({**settings.environment(), **ONE_THREAD, "PYTHONPATH": str(factories.ROOT)})
        for _ in range(ROUNDS):
            for row in rows:
                throughput(row, 1)
                if row.server.several:
                    throughput(row, 2)
        for row in rows:
            slow_clients(row)
            killed(row)
            reloaded(row)
    print("| server |", " | ".join([*FIGURES.values(), *FAULTS]), "|")
    print("|---" * (1 + len(FIGURES) + len(FAULTS)) + "|")
    for row in rows:
        cells = [f"{row.median(name):,.0f}" for name in FIGURES] + [row.faults[name] for name in FAULTS]
        print(f"| {row.server.name} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
