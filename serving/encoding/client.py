"""A worker's side of the encoder process: starts it where there is none, and sends it requests."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np

from recsys.data.vectors import Vectors
from recsys.encoders.hub import EncoderRef
from recsys.encoders.pictures import PictureBytes
from recsys.errors import EncoderBusyError
from serving.encoding.process import ERRORS, SOCKET, Content
from serving.settings import ONE_THREAD

START_SECONDS = 1.0  # between two starts of the process, by one worker
TRY_SECONDS = 0.01  # between two tries to reach a process that starts


def _own_command(run: Path) -> Sequence[str]:
    return (sys.executable, "-P", "-m", "serving.encoding.process", str(run), str(os.getppid()))


class Process:
    """The encoder process that the workers of a server share by their folder `run`; `command` starts it."""

    def __init__(self, run: Path, command: Callable[[Path], Sequence[str]] = _own_command) -> None:
        self._run, self._command = run, command
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._next_start = 0.0

    def encode(self, ref: EncoderRef, content: Content, seconds: float) -> Vectors:
        deadline = time.monotonic() + seconds
        try:
            with suppress(ConnectionResetError, BrokenPipeError):  # it was just ending; there is another one now
                return self._send(ref, content, deadline)
            return self._send(ref, content, deadline)
        except OSError as error:
            raise EncoderBusyError(f"the encoder process: {error.strerror or 'no answer in time'}") from error

    def close(self) -> None:
        """End the process, if it was this worker that started it."""
        with self._lock:
            if self._child is not None:
                self._child.terminate()
                self._child.wait()
                self._child = None

    def _send(self, ref: EncoderRef, content: Content, deadline: float) -> Vectors:
        with self._connect(deadline) as connection:
            connection.settimeout(_left(deadline))
            connection.sendall(_request(ref, content, _left(deadline)))
            return _answer(connection, deadline)

    def _connect(self, deadline: float) -> socket.socket:
        """Return a connection, after starting the process where there is none."""
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.settimeout(_left(deadline))
                connection.connect(str(self._run / SOCKET))
                return connection
            except OSError as error:
                connection.close()
                if not isinstance(error, FileNotFoundError | ConnectionRefusedError):
                    raise
            self._start()
            time.sleep(min(TRY_SECONDS, _left(deadline)))

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
                env={**ONE_THREAD, **os.environ, "PYTHONPATH": paths},
                process_group=0,  # Ctrl-C is for the supervisor; no session of its own, to whose others it would not be nice
            )


def _request(ref: EncoderRef, content: Content, seconds: float) -> bytes:
    picture = content if isinstance(content, PictureBytes) else None
    head = {"ref": asdict(ref), "seconds": seconds}
    if picture is None:
        head["texts"] = content
    else:
        head |= {"picture": len(picture.content), "media": picture.media}
    return json.dumps(head, default=str).encode() + b"\n" + (picture.content if picture else b"")


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _answer(connection: socket.socket, deadline: float) -> Vectors:
    """Read an answer; raises one of ERRORS, or OSError."""
    received = b""
    while piece := connection.recv(65_536):
        received += piece
        connection.settimeout(_left(deadline))
    line, end, numbers = received.partition(b"\n")
    if not end:
        raise EncoderBusyError("the encoder process ended before it answered")
    head = json.loads(line)
    for kind, error in ERRORS.items():
        if kind in head:
            raise error(head[kind])
    n, dim = head["shape"]
    if len(numbers) != 4 * n * dim:
        raise EncoderBusyError("the encoder process ended while it answered")
    return np.frombuffer(numbers, dtype="<f4").reshape(n, dim).astype(np.float32)
