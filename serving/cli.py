"""Commands of the online side."""

from __future__ import annotations

import os
from pathlib import Path

import click

from recsys.cli import configured
from recsys.config import Config
from serving.settings import STORE

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@click.command("serve")
@configured
@click.option("--host", default="127.0.0.1", show_default=True, help="address to listen on")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1), help="processes")
@click.option("--threads", default=4, show_default=True, type=click.IntRange(1), help="threads of each process")
def serve(config: Config, host: str, port: int, workers: int, threads: int) -> None:
    """Serve the current model over HTTP."""
    from granian import Granian
    from granian.constants import Interfaces

    for variable in ONE_THREAD:  # the workers are the parallelism
        os.environ[variable] = "1"
    os.environ[STORE] = str(Path(config.store.path).resolve())
    Granian(
        "serving.wsgi:create",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        factory=True,
        respawn_failed_workers=True,
        websockets=False,
    ).serve()
