"""Commands of the online side."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import click

from recsys.cli import configured
from recsys.config import Config
from recsys.errors import ConfigError
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

    address = _free_address(host, port)
    for variable in ONE_THREAD:  # the workers are the parallelism
        os.environ[variable] = "1"
    os.environ[STORE] = str(Path(config.store.path).resolve())
    Granian(
        "serving.wsgi:create",
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        factory=True,
        respawn_failed_workers=True,
        websockets=False,
    ).serve()


def _free_address(host: str, port: int) -> str:
    """The numeric address of `host`, where `port` must be free: two servers on it would share the requests."""
    try:
        family, kind, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host} port {port}: {error.strerror}; give another --host or --port"
        ) from error
    return str(where[0])
