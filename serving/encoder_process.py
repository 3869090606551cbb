"""Encodes texts for all workers of a server, in a process of its own, so that no list waits for a text encoder.

``python -m serving.encoder_process RUN PARENT`` serves on the Unix socket ``encoder.sock`` in the folder RUN, and ends when the
process PARENT does or the folder is gone. It holds a lock on ``encoder.lock``, so a second one ends at once. It is nice: where
the processors are busy, lists come first.

A request is one line of JSON: the encoder, the texts, and the seconds for which somebody waits. The answer is one line of JSON,
and behind it the vectors in float32.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import select
import socketserver
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from recsys.embeddings import Vectors
from recsys.encoders import EncoderRef, TextEncoder
from recsys.errors import EncoderBusyError, RecsysError
from recsys.query_encoders import open_query_encoder
from serving import logs

LOG = logging.getLogger(__name__)
SOCKET, LOCK = "encoder.sock", "encoder.lock"
NICENESS = 10
LONGEST_REQUEST = 1_000_000
KEPT = 2  # encoders, so that old and new workers are served while a model with another one is swapped in
LOOK_SECONDS = 1.0
SILENT_SECONDS = 10.0  # a worker says what it wants at once


class Encoders:
    """Opened encoders, which encode one text at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: OrderedDict[str, TextEncoder] = OrderedDict()

    def encode(self, ref: EncoderRef, texts: Sequence[str], seconds: float) -> Vectors:
        """Unit vectors of some texts, (len(texts), dim).

        Each text waits for its turn by itself, so that many of them do not keep a single one waiting.

        Raises
        ------
        EncoderBusyError
            When the turn of one has not come after `seconds`.
        UnansweredError, EncoderError
            When the model has no encoder, or it cannot be opened.
        """
        deadline = time.monotonic() + seconds
        return np.concatenate([self._one(ref, text, deadline) for text in texts])

    def _one(self, ref: EncoderRef, text: str, deadline: float) -> Vectors:
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise EncoderBusyError("others are being encoded")
        try:
            if time.monotonic() > deadline:
                raise EncoderBusyError("others were being encoded")
            return self._open(ref).encode([text])
        finally:
            self._lock.release()

    def _open(self, ref: EncoderRef) -> TextEncoder:
        encoder = self._opened.get(ref.fingerprint)
        if encoder is None:
            encoder = self._opened[ref.fingerprint] = open_query_encoder(ref)
            while len(self._opened) > KEPT:
                self._opened.popitem(last=False)
        self._opened.move_to_end(ref.fingerprint)
        return encoder


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers on a socket, each connection in a thread."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: Path) -> None:
        self.encoders = Encoders()
        super().__init__(str(path), Handler)

    def handle_error(self, *_: object) -> None:
        LOG.error("a text was not encoded", exc_info=sys.exc_info()[1])


class Handler(socketserver.StreamRequestHandler):
    """One request."""

    timeout = SILENT_SECONDS
    server: Server

    def handle(self) -> None:
        asked = json.loads(self.rfile.readline(LONGEST_REQUEST))
        try:
            found = self.server.encoders.encode(
                EncoderRef(asked["name"], asked["fingerprint"]), asked["texts"], asked["seconds"]
            )
        except EncoderBusyError as error:
            self._answer({"busy": str(error)})
        except RecsysError as error:
            self._answer({"error": str(error)})
        else:
            self._answer({"shape": found.shape}, found.astype("<f4").tobytes())

    def _answer(self, head: dict[str, Any], numbers: bytes = b"") -> None:
        with suppress(OSError):  # whoever asked has waited long enough
            self.wfile.write(json.dumps(head).encode() + b"\n" + numbers)


def serve(run: Path, parent: int) -> None:
    """Serve until `parent` ends or `run` is removed; return at once where another process does already."""
    with (run / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        path, fresh = run / SOCKET, run / f".{SOCKET}.{os.getpid()}"
        with Server(fresh) as server:
            os.replace(fresh, path)  # it is there when it listens
            threading.Thread(target=server.serve_forever, name="recsys-encoder", daemon=True).start()
            _wait(run, parent)
            server.shutdown()


def _wait(run: Path, parent: int) -> None:
    try:
        handle = os.pidfd_open(parent)
    except OSError:  # it has gone already
        return
    ended = select.poll()
    ended.register(handle, select.POLLIN)
    while run.is_dir() and not ended.poll(1000 * LOOK_SECONDS):
        pass


def main() -> None:
    logs.configure()
    os.nice(NICENESS)
    try:
        serve(Path(sys.argv[1]), int(sys.argv[2]))
    except OSError as error:
        LOG.error("texts cannot be encoded: %s", error.strerror)


if __name__ == "__main__":
    main()
