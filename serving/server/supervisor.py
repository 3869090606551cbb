"""The server: worker processes of granian, and a supervisor that replaces those that were killed and drains before it ends.

Nothing else names granian. Its own supervisor ends the whole server when a worker dies twice within seconds, and ends
without draining.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from recsys.errors import RecsysError
from serving.http import admission
from serving.server import worker
from serving.server.slow_clients import KEEP_ALIVE_SECONDS
from serving.settings import DRAINING, ONE_THREAD, Settings
from serving.telemetry import logs

LOG = logging.getLogger(__name__)
FEW_ARENAS = {"MALLOC_ARENA_MAX": "2"}  # of glibc; each keeps tens of MB of what requests of its threads gave back
METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
BACKLOG = 2048
LONGEST_HEAD = 65_536
LAST_SECONDS = 15  # for requests in flight when listening has ended
PAUSE_SECONDS = 1.0  # between the start of a worker that died at once and that of the next


class WorkersError(RecsysError):
    """No worker can start."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def serve(settings: Settings, address: str) -> None:
    """Serve at a numeric address until SIGTERM or SIGINT comes; a second one ends it at once.

    The folder `run` of the workers is made here and removed at the end. Raises WorkersError when no worker can start.
    """
    with tempfile.TemporaryDirectory(prefix="recsys-serve-", ignore_cleanup_errors=True) as folder:
        run = Path(folder)
        metrics = run / "metrics"
        metrics.mkdir()
        for name in [name for name in os.environ if name.startswith("HTTP_")]:
            del os.environ[name]  # granian shows the environment to every request, where these would be its headers
        workers = replace(settings, run=run).environment()
        os.environ.update({**workers, **ONE_THREAD, **FEW_ARENAS, METRICS_VARIABLE: str(metrics)})
        logs.configure()
        multiprocessing.set_start_method("spawn", force=True)  # a fork copies the locks of libraries in whatever state
        Supervisor(settings, address, run).serve(target_loader=worker.load, wrap_loader=False)


class Supervisor(MPServer):
    """Starts the workers, replaces them and ends them."""

    def __init__(self, settings: Settings, address: str, run: Path) -> None:
        serve = settings.serve
        head = HTTP1Settings(header_read_timeout=int(1000 * KEEP_ALIVE_SECONDS), max_buffer_size=LONGEST_HEAD)
        super().__init__(
            "recsys",
            address=address,
            port=serve.port,
            interface=Interfaces.WSGI,
            workers=serve.workers,
            blocking_threads=admission.threads(serve.in_flight),
            http=HTTPModes.http1,
            websockets=False,
            backlog=BACKLOG,
            backpressure=worker.CONNECTIONS,
            http1_settings=head,
            log_level=LogLevels.error,
            log_dictconfig=logs.config(),
            workers_kill_timeout=LAST_SECONDS,
        )
        self._run, self._drain_seconds = run, serve.drain_seconds
        self._failed = 0

    def signal_handler_interrupt(self, *_: object) -> None:
        """Drain at the first signal, end at the second."""
        if self.interrupt_signal:
            for process in self.wrks:
                process.inner.kill()
            raise SystemExit(1)
        self.interrupt_signal = True
        self.main_loop_interrupt.set()

    def _serve_loop(self, spawn_target: Callable[..., None], target_loader: Callable[..., Any]) -> None:
        LOG.info("serving at http://%s with %d workers", self._bind_addr_fmt, self.workers)
        while not (self.interrupt_signal or self._failed):
            self.main_loop_interrupt.wait()
            self.main_loop_interrupt.clear()
            while self.interrupt_children and not (self.interrupt_signal or self._failed):
                self._replace(self.interrupt_children.pop(0), spawn_target, target_loader)
            if self.reload_signal and not self.interrupt_signal:
                self._reload(spawn_target, target_loader)  # type: ignore[no-untyped-call]
        if self.interrupt_signal:
            self._drain()
        self.interrupt_children.clear()

    def _replace(self, number: int, spawn_target: Callable[..., None], target_loader: Callable[..., Any]) -> None:
        """Start another worker for one that has ended."""
        ended = self.wrks[number]
        code = ended.inner.exitcode or 0
        if code > 0 and worker.reason(self._run):
            self._failed = code
            return
        LOG.error("worker %d ended (%s); another one starts", ended.inner.pid, f"signal {-code}" if code < 0 else code)
        time.sleep(max(0.0, PAUSE_SECONDS - (time.monotonic() - ended.birth)))
        self._respawn_workers([number], spawn_target, target_loader)

    def _drain(self) -> None:
        (self._run / DRAINING).touch()
        LOG.info("ending: not ready from now on, and serving for another %g s", self._drain_seconds)
        time.sleep(self._drain_seconds)

    def shutdown(self, exit_code: int = 0) -> None:
        """Stop listening, let requests in flight end, and say why where no worker could start."""
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]
        if self._failed:
            raise WorkersError(worker.reason(self._run), self._failed)
