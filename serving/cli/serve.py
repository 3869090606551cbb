"""`recsys serve`: the service over HTTP."""

from __future__ import annotations

import socket
from pathlib import Path

import click

from recsys.cli.main import configured
from recsys.config import Config, ServeConfig
from recsys.errors import ConfigError
from serving.access.addresses import is_public
from serving.access.key_file import read_for_server
from serving.settings import Settings


@click.command("serve")
@configured
@click.option("--host", help="address to listen on; default: serve.host")
@click.option("--port", type=click.IntRange(1, 65535), help="default: serve.port")
@click.option("--workers", type=click.IntRange(1), help="processes; default: serve.workers")
def serve(config: Config, **options: str | int | None) -> None:
    """Serve the current model over HTTP."""
    from serving.server import supervisor

    serve = config.serve.model_copy(update={name: value for name, value in options.items() if value is not None})
    settings = Settings.from_config(config.model_copy(update={"serve": serve}))
    _check_keys(settings.serve)
    supervisor.serve(settings, _free_address(serve.host, serve.port))


def _check_keys(serve: ServeConfig) -> None:
    if serve.keys:
        read_for_server(Path(serve.keys))
    elif not serve.public_without_keys and is_public(serve.host):
        raise ConfigError(
            f"others can reach serve.host = {serve.host!r}, and serve.keys names no file of keys: everybody could read and "
            "write; make keys with `recsys keys add`, or set serve.public_without_keys = true"
        )


def _free_address(host: str, port: int) -> str:
    """Return the numeric address of `host`, where `port` must be free: two servers on it would share the requests."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        message = f"cannot listen on {host} port {port}: {error.strerror}; give another --host or --port"
        raise ConfigError(message) from error
    return str(address[0])
