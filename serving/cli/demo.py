"""`recsys demo`: a trained model, served, and the page in a browser."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path

import click

from recsys.bundle.store import Store
from recsys.cli.main import configured
from recsys.config import Config
from recsys.errors import ConfigError
from serving.settings import Settings
from serving.telemetry import logs

ITSELF = (sys.executable, "-P", "-c", "from recsys.cli.main import main; main()")
HOST = "127.0.0.1"
SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")  # without one of these a browser would take the terminal
PORTS = range(8000, 8100)
NO_DATA = (
    "there is no model in {store} and no data to train one: data.interactions is not set; "
    "`recsys init FILE...` writes a recsys.toml for your files, and the folder of the source code has one for the sample"
)
READY_SECONDS = 60.0
PAUSE_SECONDS = 0.1


@click.command("demo")
@configured
@click.option("--port", type=click.IntRange(1, 65535), help="default: the first free one from 8000 on")
@click.option("--no-browser", is_flag=True, help="print the address only")
@click.pass_context
def demo(context: click.Context, config: Config, port: int | None, no_browser: bool) -> None:
    """Train on the configured data if the store has no model, serve it here, and open the page."""
    if not config.serve.page:
        raise ConfigError("serve.page is false: there is no page to open; set it to true")
    if port is not None and not _is_free(port):
        raise ConfigError(f"port {port} is taken by another server; give another --port, or none for a free one")
    store = Store(Path(config.store.path))
    if store.current_or_none() is None:
        if not config.data.interactions:
            raise ConfigError(NO_DATA.format(store=store.path))
        click.echo(f"store {store.path} has no model yet; training on {config.data.interactions}", err=True)
        _train(context)
    if port is None and (port := _free_port()) != PORTS.start:
        click.echo(f"port {PORTS.start} is taken; this is port {port}", err=True)
    serve = config.serve.model_copy(update={"host": HOST, "port": port, "access_log": False})
    settings = Settings.from_config(config.model_copy(update={"serve": serve}))
    os.environ.setdefault(logs.LEVEL, "WARNING")
    address = f"http://{HOST}:{port}/"
    threading.Thread(target=_announce, args=(address, not no_browser), daemon=True).start()
    from serving.server import supervisor

    supervisor.serve(settings, HOST)


def _train(context: click.Context) -> None:
    """Train in a process of its own: the service must not hold the libraries of training."""
    params = context.params
    options = [("--config", params["config_file"]), *(("--set", override) for override in params["overrides"])]
    words = [word for option, value in options if value is not None for word in (option, str(value))]
    code = subprocess.run([*ITSELF, "train", *words], check=False).returncode  # noqa: S603
    if code:
        raise SystemExit(code)


def _free_port() -> int:
    for port in PORTS:
        if _is_free(port):
            return port
    raise ConfigError(f"ports {PORTS.start} to {PORTS.stop - 1} are all taken; give --port")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        if probe.connect_ex((HOST, port)) == 0:
            return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise ConfigError(f"cannot listen on port {port}: {error.strerror}; give another --port") from error
            return False
    return True


def _announce(address: str, browser: bool) -> None:
    """Print the address once lists are made, and open it."""
    until = time.monotonic() + READY_SECONDS
    while True:
        if time.monotonic() > until:
            click.echo(f"no list is made yet at {address}; the lines above say why", err=True)
            return
        try:
            with urllib.request.urlopen(f"{address}readyz", timeout=1):  # noqa: S310 - this machine
                break
        except (urllib.error.URLError, OSError):
            time.sleep(PAUSE_SECONDS)
    click.echo(f"the page: {address}  (Ctrl-C ends it)")
    if browser and any(os.environ.get(name) for name in SCREENS):
        webbrowser.open(address)
