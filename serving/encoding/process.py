"""Encodes texts and pictures for all workers of a server, in a process of its own, so that no list waits for an encoder.

``python -m serving.encoding.process RUN PARENT`` serves on the Unix socket ``encoder.sock`` in the folder RUN, and ends
when the process PARENT does or the folder is gone. It holds a lock on ``encoder.lock``, so a second one ends at once.
It is nice: where the processors are busy, lists come first, and batches are larger (:mod:`serving.encoding.pace`).

A request is one line of JSON: the encoder, the texts or the length of a picture, whose bytes follow, and the seconds for which
somebody waits. The answer is one line of JSON, and behind it the vectors in float32. Pictures are decoded here and nowhere
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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
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
KEPT_TEXTS = 4096
BATCH_CHARACTERS = 400  # together as many as some short queries have
MOST_PIXELS = 16_777_216  # of a picture that somebody sends
KEPT = 4  # encoders, two of a model, so that old and new workers are served while one with others is swapped in
LOOK_SECONDS = 1.0
SILENT_SECONDS = 10.0  # a worker says what it wants at once

Wanted = Sequence[str] | PictureBytes


class Encoders:
    """Opened encoders. Texts that wait at the same time are encoded together, which costs less than one after another.

    Parameters
    ----------
    pace : Pace or None
        How fast batches follow each other; None: at once.
    """

    def __init__(self, pace: Pace | None = None) -> None:
        self._changed = threading.Condition()
        self._busy = False
        self._waiting: list[_Request] = []
        self._decoding = threading.Lock()
        self._pace = pace
        self._opened = LRUCache[tuple[bool, str], TextEncoder | PictureEncoder](KEPT)
        self._known = LRUCache[tuple[str, str], Vectors](KEPT_TEXTS)

    def encode(self, ref: EncoderRef, wanted: Wanted, seconds: float) -> Vectors:
        """Unit vectors of some texts, (len(texts), dim), or of a picture, (1, dim).

        A batch takes one text of each request in turn, so that many texts of one do not keep the single one of another waiting.

        Raises
        ------
        EncoderBusyError
            When it has not come to an end after `seconds`.
        UnansweredError, EncoderError
            When the model has no encoder, or it cannot be opened.
        PictureError
            When the picture cannot be read.
        """
        deadline = time.monotonic() + seconds
        if isinstance(wanted, PictureBytes):
            return self._picture(ref, wanted, deadline)
        request = _Request(ref, list(wanted))
        with self._changed:
            self._recall(request)
            self._waiting.append(request)
        try:
            while self._takes_part(request, deadline):
                self._encode_some(ref)
        finally:
            with self._changed:
                self._waiting.remove(request)
        if request.error is not None:
            raise request.error
        return np.stack([vector for vector in request.vectors if vector is not None])

    def _takes_part(self, request: _Request, deadline: float) -> bool:
        """Wait until it is done, False, or nobody encodes, and this request's thread is to; raises EncoderBusyError."""
        with self._changed:
            while not request.done:
                if time.monotonic() > deadline:
                    raise EncoderBusyError("others are being encoded")
                if not self._busy:
                    self._busy = True
                    return True
                self._changed.wait(max(0.0, deadline - time.monotonic()))
            return False

    def _encode_some(self, ref: EncoderRef) -> None:
        """One batch for all who wait for an encoder."""
        vectors: Vectors | None = None
        error: Exception | None = None
        with self._pace or nullcontext():
            with self._changed:
                batch = list(_batch([one for one in self._waiting if one.ref == ref and not one.done]))
            try:
                vectors = self._open(ref).encode([request.texts[place] for request, place in batch])
            except Exception as raised:  # it is raised in the threads of all who wait
                error = raised
        with self._changed:
            for row, (request, place) in enumerate(batch):
                if vectors is None:
                    request.error = error
                else:
                    request.vectors[place] = vectors[row]
                    self._known.put((ref.fingerprint, request.texts[place]), vectors[row])
            self._busy = False
            self._changed.notify_all()

    def _recall(self, request: _Request) -> None:
        for place, text in enumerate(request.texts):
            request.vectors[place] = self._known.get((request.ref.fingerprint, text))

    def _picture(self, ref: EncoderRef, picture: PictureBytes, deadline: float) -> Vectors:
        if not self._decoding.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise EncoderBusyError("others are being decoded")
        try:
            decoded = decode(picture, MOST_PIXELS)
        except ConfigError as error:  # there is no Pillow
            raise EncoderError(str(error)) from error
        finally:
            self._decoding.release()
        with self._turn(deadline):
            return cast(PictureEncoder, self._open(ref)).encode_pictures([decoded])

    @contextmanager
    def _turn(self, deadline: float) -> Iterator[None]:
        """Keep the encoders for this thread; raises EncoderBusyError when others have them until the deadline."""
        with self._changed:
            while self._busy or time.monotonic() > deadline:
                if time.monotonic() > deadline:
                    raise EncoderBusyError("others are being encoded")
                self._changed.wait(max(0.0, deadline - time.monotonic()))
            self._busy = True
        try:
            yield
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _open(self, ref: EncoderRef) -> TextEncoder | PictureEncoder:
        key = ref.pictures, ref.fingerprint
        encoder = self._opened.get(key)
        if encoder is None:
            encoder = open_query_encoder(ref)
            self._opened.put(key, encoder)
        return encoder


class _Request:
    """Texts that somebody waits for, and the vectors that are there."""

    def __init__(self, ref: EncoderRef, texts: list[str]) -> None:
        self.ref, self.texts = ref, texts
        self.vectors: list[Vectors | None] = [None] * len(texts)
        self.error: Exception | None = None

    @property
    def done(self) -> bool:
        return self.error is not None or all(vector is not None for vector in self.vectors)

    def missing(self) -> list[int]:
        return [place for place, vector in enumerate(self.vectors) if vector is None]


def _batch(requests: Sequence[_Request]) -> Iterator[tuple[_Request, int]]:
    """The texts of the next batch: one of each request, then the next ones; BATCH_CHARACTERS at most, or one longer text."""
    n = 0
    for row in zip_longest(*([(one, place) for place in one.missing()] for one in requests)):
        for request, place in filter(None, row):
            n += len(request.texts[place])
            if n > BATCH_CHARACTERS and n > len(request.texts[place]):
                return
            yield request, place


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
        asked = json.loads(self.rfile.readline(LONGEST_REQUEST))
        folder = None if asked["folder"] is None else Path(asked["folder"])
        ref = EncoderRef(asked["name"], asked["fingerprint"], folder, asked["pictures"])
        wanted: Wanted = asked.get("texts", ())
        if "picture" in asked:
            wanted = PictureBytes(self.rfile.read(asked["picture"]), asked["media"])
        try:
            found = self.server.encoders.encode(ref, wanted, asked["seconds"])
        except EncoderBusyError as error:
            self._answer({"busy": str(error)})
        except PictureError as error:
            self._answer({"picture": str(error)})
        except RecsysError as error:
            self._answer({"error": str(error)})
        else:
            self._answer({"shape": found.shape}, found.astype("<f4").tobytes())

    def _answer(self, head: dict[str, Any], numbers: bytes = b"") -> None:
        with suppress(OSError):  # whoever asked has waited long enough
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
