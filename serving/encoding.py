"""Encodes what is searched for, without keeping lists waiting.

A look-up of words is done at once. Everything else is done by the encoder process of the server, which the first worker that
needs it starts, and any worker starts again when it has ended; a worker that shares no folder with others has a thread for it.
What was encoded is kept, and no more than a few requests of a worker wait at the same time.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from pathlib import Path

import numpy as np
from flask import Flask

from recsys.embeddings import Vectors
from recsys.encoders import EncoderRef
from recsys.errors import EncoderBusyError, EncoderError
from serving.encoder_process import SOCKET, Encoders
from serving.problems import ConflictError
from serving.serving_model import Serving, ServingModel
from serving.settings import Settings

LOG = logging.getLogger(__name__)
SECONDS = 1.0  # for which a request waits
WARM_UP_SECONDS = 120.0
START_SECONDS = 1.0  # between two starts of the process, by one worker
TRY_SECONDS = 0.01  # between two tries to reach a process that starts
FAILED_SECONDS = 30.0  # until what could not be opened is tried again
KEPT = 4096
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
WAITING_SHARE = 4  # of the requests that a worker works on at once, one in so many may wait for a text
BUSY = "the text could not be encoded in time; try again, or search with mode=keyword"
FAILED = "texts cannot be encoded by this server, its log has the reason; search with mode=keyword"

Command = Callable[[Path], Sequence[str]]


class Encoding:
    """One of each worker.

    Parameters
    ----------
    run : Path or None
        Folder that the workers of the server share; None: this one is alone.
    waiting : int
        How many requests may wait at once; more are refused at once.
    seconds : float
        For which each of them waits.
    clock : callable
        Seconds that only rise.
    """

    def __init__(
        self,
        run: Path | None,
        waiting: int = 8,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run, self._waiting, self._seconds, self._clock = run, waiting, seconds, clock
        self._begin()
        again = weakref.WeakMethod(self._begin)  # locks and threads are of one process
        os.register_at_fork(after_in_child=lambda: None if (begin := again()) is None else begin())

    def _begin(self) -> None:
        self._light = Encoders()
        self._heavy = Thread() if self._run is None else Process(self._run)
        self._places = threading.Semaphore(self._waiting)
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str], Vectors] = OrderedDict()
        self._failed: tuple[str, float] = ("", 0.0)

    def encode(self, ref: EncoderRef, texts: Sequence[str]) -> list[Vectors]:
        """The unit vector of each text.

        Raises
        ------
        UnansweredError
            When the model has no text vectors.
        EncoderBusyError
            When it takes too long.
        ConflictError
            When the encoder of the model is not on this machine, or is another one.
        """
        found = {text: self._kept(ref, text) for text in texts}
        new = [text for text, vector in found.items() if vector is None]
        if new:
            for text, vector in zip(new, self._encoded(ref, new), strict=True):
                self._keep(ref, text, vector)
                found[text] = vector
        return [vector for text in texts if (vector := found[text]) is not None]

    def warm_up(self, serving: Serving) -> None:
        """Open the encoder of a model that serves from now on, in a thread."""
        ref = serving.recommender.encoder
        if ref.fingerprint:
            threading.Thread(target=self._try, args=(ref,), name="recsys-warm-up", daemon=True).start()

    def close(self) -> None:
        """End what this worker has started."""
        self._heavy.close()

    def _encoded(self, ref: EncoderRef, texts: Sequence[str]) -> Vectors:
        if self._failed[0] == ref.fingerprint and self._clock() < self._failed[1]:
            raise ConflictError(FAILED)
        if not self._places.acquire(blocking=False):
            raise EncoderBusyError(BUSY)
        try:
            return self._by(ref).encode(ref, texts, self._seconds)
        except EncoderBusyError as error:
            raise EncoderBusyError(BUSY) from error
        except EncoderError as error:
            self._failed = (ref.fingerprint, self._clock() + FAILED_SECONDS)
            LOG.error("%s", error)
            raise ConflictError(FAILED) from error
        finally:
            self._places.release()

    def _try(self, ref: EncoderRef) -> None:
        with suppress(EncoderError):  # who searches is told, and the log
            self._by(ref).encode(ref, ["ready"], WARM_UP_SECONDS)

    def _by(self, ref: EncoderRef) -> Encoders | Thread | Process:
        return self._light if ref.light else self._heavy

    def _kept(self, ref: EncoderRef, text: str) -> Vectors | None:
        key = (ref.fingerprint, text)
        with self._lock:
            vector = self._known.get(key)
            if vector is not None:
                self._known.move_to_end(key)
            return vector

    def _keep(self, ref: EncoderRef, text: str, vector: Vectors) -> None:
        with self._lock:
            self._known[ref.fingerprint, text] = vector
            while len(self._known) > KEPT:
                self._known.popitem(last=False)


class Thread:
    """Encodes in a thread of this process."""

    def __init__(self) -> None:
        self._encoders = Encoders()
        self._pool = ThreadPoolExecutor(1, "recsys-encoder")

    def encode(self, ref: EncoderRef, texts: Sequence[str], seconds: float) -> Vectors:
        future = self._pool.submit(self._encoders.encode, ref, texts, seconds)
        try:
            return future.result(seconds)
        except FutureTimeoutError as error:
            future.cancel()
            raise EncoderBusyError("the thread did not answer in time") from error

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


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

    def encode(self, ref: EncoderRef, texts: Sequence[str], seconds: float) -> Vectors:
        deadline = time.monotonic() + seconds
        try:
            try:
                return self._asked(ref, texts, deadline)
            except (ConnectionResetError, BrokenPipeError):  # it was just ending; there is another one now
                return self._asked(ref, texts, deadline)
        except OSError as error:
            raise EncoderBusyError(f"the encoder process: {error.strerror or 'no answer in time'}") from error

    def _asked(self, ref: EncoderRef, texts: Sequence[str], deadline: float) -> Vectors:
        with self._connected(deadline) as connection:
            connection.settimeout(_left(deadline))
            asked = {"name": ref.name, "fingerprint": ref.fingerprint, "texts": texts, "seconds": _left(deadline)}
            connection.sendall(json.dumps(asked).encode() + b"\n")
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
            root = str(Path(__file__).parent.parent)
            paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
            self._child = subprocess.Popen(  # noqa: S603 - our own module, no shell
                self._command(self._run),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**dict.fromkeys(ONE_THREAD, "1"), **os.environ, "PYTHONPATH": paths},
                start_new_session=True,  # Ctrl-C in a terminal is for the supervisor
            )


def register(app: Flask, settings: Settings, model: ServingModel) -> Encoding:
    """The encoding of one worker, ready for each model that serves; ``app.extensions`` gets it as ``encoding``."""
    encoding = Encoding(settings.run, max(1, settings.serve.in_flight // WAITING_SHARE))
    model.on_swap(encoding.warm_up)
    app.extensions["encoding"] = encoding
    return encoding


def _own(run: Path) -> Sequence[str]:
    return (sys.executable, "-P", "-m", "serving.encoder_process", str(run), str(os.getppid()))


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _answer(connection: socket.socket, deadline: float) -> Vectors:
    """Read an answer; raises EncoderBusyError, EncoderError, OSError."""
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
    if "error" in told:
        raise EncoderError(told["error"])
    n, dim = told["shape"]
    if len(numbers) != 4 * n * dim:
        raise EncoderBusyError("the encoder process ended while it answered")
    return np.frombuffer(numbers, dtype="<f4").reshape(n, dim).astype(np.float32)
