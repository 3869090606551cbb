"""A worker's side of the encoder process: starts it where there is none, and asks it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recsys.data.vectors import Vectors
from recsys.encoders.hub import EncoderRef
from recsys.encoders.pictures import PictureBytes
from recsys.errors import EncoderBusyError, EncoderError, PictureError
from serving.encoding.process import SOCKET, Wanted

START_SECONDS = 1.0  # between two starts of the process, by one worker
TRY_SECONDS = 0.01  # between two tries to reach a process that starts
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Command = Callable[[Path], Sequence[str]]


class Process:
    """Asks the encoder process that the workers of a server share.

    Parameters
    ----------
    run : Path
        Their folder.
    command : callable or None
        What starts the process for it; None: our own.
    """

    def __init__(self, run: Path, command: Command | None = None) -> None:
        self._run, self._command = run, command or _own
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._next_start = 0.0

    def encode(self, ref: EncoderRef, wanted: Wanted, seconds: float) -> Vectors:
        deadline = time.monotonic() + seconds
        try:
            try:
                return self._asked(ref, wanted, deadline)
            except (ConnectionResetError, BrokenPipeError):  # it was just ending; there is another one now
                return self._asked(ref, wanted, deadline)
        except OSError as error:
            raise EncoderBusyError(f"the encoder process: {error.strerror or 'no answer in time'}") from error

    def _asked(self, ref: EncoderRef, wanted: Wanted, deadline: float) -> Vectors:
        with self._connected(deadline) as connection:
            connection.settimeout(_left(deadline))
            connection.sendall(_question(ref, wanted, _left(deadline)))
            return _answer(connection, deadline)

    def close(self) -> None:
        """End the process, if it was this worker that started it."""
        with self._lock:
            if self._child is not None:
                self._child.terminate()
                self._child.wait()
                self._child = None

    def _connected(self, deadline: float) -> socket.socket:
        """A connection, after starting the process where there is none."""
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.settimeout(_left(deadline))
                connection.connect(str(self._run / SOCKET))
                return connection
            except (FileNotFoundError, ConnectionRefusedError):
                connection.close()
                self._start()
                time.sleep(min(TRY_SECONDS, _left(deadline)))
            except BaseException:
                connection.close()
                raise

    def _start(self) -> None:
        with self._lock:
            starting = self._child is not None and self._child.poll() is None
            if starting or time.monotonic() < self._next_start:
                return
            self._next_start = time.monotonic() + START_SECONDS
            root = str(Path(__file__).parents[2])
            paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
            self._child = subprocess.Popen(  # noqa: S603 - our own module, no shell
                self._command(self._run),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**dict.fromkeys(ONE_THREAD, "1"), **os.environ, "PYTHONPATH": paths},
                process_group=0,  # Ctrl-C is for the supervisor; no session of its own, to whose others it would not be nice
            )


def _own(run: Path) -> Sequence[str]:
    return (sys.executable, "-P", "-m", "serving.encoding.process", str(run), str(os.getppid()))


def _question(ref: EncoderRef, wanted: Wanted, seconds: float) -> bytes:
    asked: dict[str, Any] = {
        "name": ref.name,
        "fingerprint": ref.fingerprint,
        "folder": None if ref.folder is None else str(ref.folder),
        "pictures": ref.pictures,
        "seconds": seconds,
    }
    content = b""
    if isinstance(wanted, PictureBytes):
        asked |= {"picture": len(wanted.content), "media": wanted.media}
        content = wanted.content
    else:
        asked["texts"] = wanted
    return json.dumps(asked).encode() + b"\n" + content


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _answer(connection: socket.socket, deadline: float) -> Vectors:
    """Read an answer; raises EncoderBusyError, EncoderError, PictureError, OSError."""
    received = b""
    while piece := connection.recv(65_536):
        received += piece
        connection.settimeout(_left(deadline))
    head, end, numbers = received.partition(b"\n")
    if not end:
        raise EncoderBusyError("the encoder process ended before it answered")
    told = json.loads(head)
    if "busy" in told:
        raise EncoderBusyError(told["busy"])
    if "picture" in told:
        raise PictureError(told["picture"])
    if "error" in told:
        raise EncoderError(told["error"])
    n, dim = told["shape"]
    if len(numbers) != 4 * n * dim:
        raise EncoderBusyError("the encoder process ended while it answered")
    return np.frombuffer(numbers, dtype="<f4").reshape(n, dim).astype(np.float32)
