"""The start of a worker process."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path

from flask import Flask

from recsys.errors import RecsysError
from serving.server.slow_clients import SlowClients
from serving.settings import Settings
from serving.telemetry import logs

LOG = logging.getLogger(__name__)
STARTED = "started"
FAILED = "failed"
CONNECTIONS = 4096
OTHER_FILES = 256
LAST_SECONDS = 15.0


def load() -> Flask:
    """Return the application of this worker; end the process where it cannot be made."""
    logs.configure()
    os.setpgrp()  # Ctrl-C in a terminal is for the supervisor, which lets requests end
    threading.Thread(target=_end_with_parent, name="recsys-parent", daemon=True).start()
    settings = Settings.from_environment()
    _allow_connections()
    app = _create(settings)
    SlowClients(settings.serve.port).watch()
    if settings.run is not None:
        (settings.run / STARTED).touch()
    return app


def reason(run: Path) -> str:
    """Return why no worker could start; empty when at least one did."""
    if (run / STARTED).exists():
        return ""
    try:
        return (run / FAILED).read_text(encoding="utf-8")
    except OSError:
        return "the workers cannot start; the log has the reason"


def _create(settings: Settings) -> Flask:
    gc.disable()  # while modules come in it runs for a fifth of the time, and finds nothing
    from serving.app import create_app  # what it loads would be of no use to the supervisor

    gc.freeze()  # modules stay, so no later collection looks at them, which would take tens of milliseconds
    gc.enable()
    try:
        return create_app(settings)
    except RecsysError as error:
        if settings.run is None:
            raise
        fresh = settings.run / f".{FAILED}.{os.getpid()}"
        fresh.write_text(str(error), encoding="utf-8")
        os.replace(fresh, settings.run / FAILED)
        sys.exit(error.exit_code)
    except Exception:
        LOG.exception("a worker cannot start")
        sys.exit(1)


def _end_with_parent() -> None:
    """End with the supervisor: without it a worker would hold the port for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(LAST_SECONDS)
        os._exit(1)


def _allow_connections() -> None:
    """Raise the limit of open files, which is often 1,024, to what the connections need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = CONNECTIONS + OTHER_FILES if hard == resource.RLIM_INFINITY else min(CONNECTIONS + OTHER_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
