"""Encodes texts and pictures for all workers of a server, in a process of its own, so that no list waits for an encoder.

``python -m serving.encoding.process RUN PARENT`` serves on the Unix socket ``encoder.sock`` in the folder RUN, and ends
when the process PARENT does or the folder is gone. It holds a lock on ``encoder.lock``, so a second one ends at once.
It is nice: where the processors are busy, lists come first, and batches are larger (:mod:`serving.encoding.pace`).

A request is one line of JSON: the encoder, the texts or the length of a picture, whose bytes follow, and the seconds for which
the worker waits. The answer is one line of JSON, followed by the vectors in float32. Pictures are decoded here and nowhere
else in a server: one that needs much memory, or that a decoder fails at, ends no worker.
"""

from __future__ import annotations

import json
import logging
import os
import select
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, cast

import numpy as np
from filelock import FileLock, Timeout

from recsys.data.vectors import Vectors
from recsys.encoders.hub import EncoderRef, TextEncoder
from recsys.encoders.opening import open_query_encoder
from recsys.encoders.picture_encoders import PictureEncoder
from recsys.encoders.pictures import PictureBytes, decode
from recsys.errors import ConfigError, EncoderBusyError, EncoderError, PictureError, RecsysError
from serving.encoding.pace import Pace
from serving.live.lru import LRUCache
from serving.telemetry import logs

LOG = logging.getLogger(__name__)
SOCKET, LOCK = "encoder.sock", "encoder.lock"
NICENESS = 10
LONGEST_REQUEST = 1_000_000
CACHED_TEXTS = 4096
BATCH_CHARACTERS = 400  # together as many as some short queries have
MOST_PIXELS = 16_777_216  # of a picture of a request
OPEN_ENCODERS = 4  # two of a model, so that old and new workers are served while one with others is swapped in
POLL_SECONDS = 1.0
SILENT_SECONDS = 10.0  # a worker sends its request at once
ERRORS = {"busy": EncoderBusyError, "picture": PictureError, "error": EncoderError}  # as they are sent to a worker

Content = Sequence[str] | PictureBytes


class Encoders:
    """Opened encoders. Texts that wait at the same time are encoded together, which costs less than one after another.

    `pace` delays batches; None: they begin at once.
    """

    def __init__(self, pace: Pace | None = None) -> None:
        self._changed = threading.Condition()
        self._busy = False
        self._waiting: list[_Request] = []
        self._decoding = threading.Lock()
        self._pace = pace
        self._opened = LRUCache[tuple[bool, str], TextEncoder | PictureEncoder](OPEN_ENCODERS)
        self._known = LRUCache[tuple[str, str], Vectors](CACHED_TEXTS)

    def encode(self, ref: EncoderRef, content: Content, seconds: float) -> Vectors:
        """Return unit vectors of some texts, (len(texts), dim), or of a picture, (1, dim).

        A batch takes one text of each request in turn, so that a request of many texts does not delay one of a single text.

        Raises
        ------
        EncoderBusyError
            When it has not ended after `seconds`.
        UnansweredError, EncoderError
            When the model has no encoder, or it cannot be opened.
        PictureError
            When the picture cannot be read.
        """
        deadline = time.monotonic() + seconds
        if isinstance(content, PictureBytes):
            return self._encode_picture(ref, content, deadline)
        request = _Request(ref, content, [self._known.get((ref.fingerprint, text)) for text in content])
        with self._changed:
            self._waiting.append(request)
        try:
            while self._takes_turn(deadline, request.is_done):
                self._encode_batch(ref)
        finally:
            with self._changed:
                self._waiting.remove(request)
        if request.error is not None:
            raise request.error
        return np.stack([vector for vector in request.vectors if vector is not None])

    def _takes_turn(self, deadline: float, is_done: Callable[[], bool] = lambda: False) -> bool:
        """Wait until `is_done`. Returns True if this thread must use the encoders before; raises EncoderBusyError."""
        with self._changed:
            self._changed.wait_for(lambda: is_done() or not self._busy, max(0.0, deadline - time.monotonic()))
            if is_done():
                return False
            if self._busy or time.monotonic() > deadline:
                raise EncoderBusyError("others are being encoded")
            self._busy = True
            return True

    def _end_turn(self) -> None:
        with self._changed:
            self._busy = False
            self._changed.notify_all()

    def _encode_batch(self, ref: EncoderRef) -> None:
        """Encode one batch for all requests to an encoder, and end the turn of this thread."""
        with self._pace or nullcontext():
            with self._changed:
                batch = list(
                    _batch([request for request in self._waiting if request.ref == ref and not request.is_done()])
                )
            try:
                vectors = self._open(ref).encode([request.texts[num] for request, num in batch])
                for (request, num), vector in zip(batch, vectors, strict=True):
                    request.vectors[num] = vector
                    self._known.put((ref.fingerprint, request.texts[num]), vector)
            except Exception as error:  # it is raised in the threads of all requests
                for request, _ in batch:
                    request.error = error
        self._end_turn()

    def _encode_picture(self, ref: EncoderRef, picture: PictureBytes, deadline: float) -> Vectors:
        if not self._decoding.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise EncoderBusyError("others are being decoded")
        try:
            decoded = decode(picture, MOST_PIXELS)
        except ConfigError as error:  # there is no Pillow
            raise EncoderError(str(error)) from error
        finally:
            self._decoding.release()
        self._takes_turn(deadline)
        try:
            return cast(PictureEncoder, self._open(ref)).encode_pictures([decoded])
        finally:
            self._end_turn()

    def _open(self, ref: EncoderRef) -> TextEncoder | PictureEncoder:
        key = ref.pictures, ref.fingerprint
        encoder = self._opened.get(key)
        if encoder is None:
            encoder = open_query_encoder(ref)
            self._opened.put(key, encoder)
        return encoder


@dataclass(eq=False)
class _Request:
    """Texts that a thread waits for, and their vectors as far as there are."""

    ref: EncoderRef
    texts: Sequence[str]
    vectors: list[Vectors | None]
    error: Exception | None = None

    def is_done(self) -> bool:
        return self.error is not None or not self.missing()

    def missing(self) -> list[int]:
        return [num for num, vector in enumerate(self.vectors) if vector is None]


def _batch(requests: Sequence[_Request]) -> Iterator[tuple[_Request, int]]:
    """Return the next texts: one of each request, then the next ones; BATCH_CHARACTERS at most, or one longer text."""
    n = 0
    for row in zip_longest(*([(request, num) for num in request.missing()] for request in requests)):
        for request, num in filter(None, row):
            n += len(request.texts[num])
            if n > BATCH_CHARACTERS and n > len(request.texts[num]):
                return
            yield request, num


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers on a socket, each connection in a thread."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: Path) -> None:
        self.encoders = Encoders(Pace())
        super().__init__(str(path), Handler)

    def handle_error(self, *_: object) -> None:
        LOG.error("a text was not encoded", exc_info=sys.exc_info()[1])


class Handler(socketserver.StreamRequestHandler):
    """One request."""

    timeout = SILENT_SECONDS
    server: Server

    def handle(self) -> None:
        head = json.loads(self.rfile.readline(LONGEST_REQUEST))
        folder = head["ref"]["folder"]
        ref = EncoderRef(**{**head["ref"], "folder": None if folder is None else Path(folder)})
        content: Content = head.get("texts", ())
        if "picture" in head:
            content = PictureBytes(self.rfile.read(head["picture"]), head["media"])
        try:
            vectors = self.server.encoders.encode(ref, content, head["seconds"])
        except RecsysError as error:
            kind = next((kind for kind, one in ERRORS.items() if isinstance(error, one)), "error")
            self._answer({kind: str(error)})
        else:
            self._answer({"shape": vectors.shape}, vectors.astype("<f4").tobytes())

    def _answer(self, head: dict[str, Any], numbers: bytes = b"") -> None:
        with suppress(OSError):  # the worker has waited long enough
            self.wfile.write(json.dumps(head).encode() + b"\n" + numbers)


def serve(run: Path, parent: int) -> None:
    """Serve until `parent` ends or `run` is removed; return at once where another process does already."""
    with suppress(Timeout), FileLock(run / LOCK, timeout=0):
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
    while run.is_dir() and not ended.poll(1000 * POLL_SECONDS):
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
