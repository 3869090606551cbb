"""A private Redis server for tests: a Unix socket in a temporary folder, no port and no file of data."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 20
PASSWORD = "s3cret-of-redis"


class NotInstalledError(Exception):
    """There is no Redis server here."""


@dataclass
class RedisServer:
    """A server that can be stopped and started.

    Parameters
    ----------
    folder : Path
    process : subprocess.Popen or None
    """

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://:{PASSWORD}@{self.folder / 'socket'}"

    def start(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise NotInstalledError("redis-server is not installed")
        where = ["--port", "0", "--unixsocket", str(self.folder / "socket"), "--dir", str(self.folder)]
        self.process = subprocess.Popen(
            [program, *where, "--save", "", "--requirepass", PASSWORD], stdout=subprocess.DEVNULL
        )
        end = time.monotonic() + PATIENCE_SECONDS
        while not self._listens():
            assert time.monotonic() < end, "redis-server does not listen"
            assert self.process.poll() is None, "redis-server has ended"
            time.sleep(0.01)

    def _listens(self) -> bool:
        """Whether a connection is taken: the file of the socket is there a moment before the server listens."""
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self.folder / "socket")) == 0

    def freeze(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE_SECONDS)
            (self.folder / "socket").unlink(missing_ok=True)


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A server for the time of the block; raises NotInstalledError."""
    folder = Path(tempfile.mkdtemp(prefix="redis"))  # short: the name of a socket has at most 107 bytes
    server = RedisServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
