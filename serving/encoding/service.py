"""Encodes the texts and pictures that are searched for, without delaying lists.

A look-up of words is done at once. Everything else is done by the encoder process of the server, which the first worker that
needs it starts, and any worker starts again when it has ended; a worker that shares no folder with others has a thread for it.
Results are cached, and only a few requests of a worker wait at the same time.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np

from recsys.data.vectors import Vectors
from recsys.encoders.hub import EncoderRef
from recsys.encoders.opening import check_texts
from recsys.encoders.pictures import NOT_INSTALLED, PictureBytes, installed
from recsys.errors import EncoderBusyError, EncoderError
from serving.encoding.client import Process
from serving.encoding.process import Content, Encoders
from serving.errors import ConflictError
from serving.live.lru import LRUCache
from serving.live.serving_model import Serving

LOG = logging.getLogger(__name__)
SECONDS = 1.0  # for which a request waits for a text
PICTURE_SECONDS = 5.0
WARM_UP_SECONDS = 120.0
FAILED_SECONDS = 30.0  # until what could not be opened is tried again
CACHE_SIZE = 4096
WAITING_SHARE = 4  # of the requests that a worker works on at once, this part may wait for a text
BUSY = "the text or picture could not be encoded in time; try again, or search with mode=keyword"
FAILED = "texts and pictures cannot be encoded by this server, its log has the reason; search with mode=keyword"


class Encoding:
    """Encodes for one worker.

    The workers of a server share the folder `run`; None: this one is alone. `waiting` requests may wait at once; more are
    refused. `clock` returns monotonic seconds.
    """

    def __init__(self, run: Path | None, waiting: int = 8, clock: Callable[[], float] = time.monotonic) -> None:
        self._run, self._waiting, self._clock = run, waiting, clock
        self._begin()
        method = weakref.WeakMethod(self._begin)  # locks and threads are of one process
        os.register_at_fork(after_in_child=lambda: None if (begin := method()) is None else begin())

    def _begin(self) -> None:
        self._light = Encoders()
        self._heavy = Thread() if self._run is None else Process(self._run)
        self._places = threading.Semaphore(self._waiting)
        self._known = LRUCache[tuple[str, str | bytes], Vectors](CACHE_SIZE)
        self._failed: tuple[str, float] = ("", 0.0)

    def encode(self, ref: EncoderRef, texts: Sequence[str]) -> list[Vectors]:
        """Return the unit vector of each text, zero for a blank one.

        Raises
        ------
        UnansweredError
            When the model has no text vectors.
        EncoderBusyError
            When it takes too long.
        ConflictError
            When the encoder of the model is not on this machine, or is another one.
        """
        if not ref.pictures:
            check_texts(ref)
        vectors = {text: self._known.get((ref.fingerprint, text)) for text in texts}
        if new := [text for text, vector in vectors.items() if vector is None]:
            for text, vector in zip(new, self._encode(ref, new), strict=True):
                self._known.put((ref.fingerprint, text), vector)
                vectors[text] = vector
        pairs = ((text, vector) for text in texts if (vector := vectors[text]) is not None)
        return [vector if text.strip() else np.zeros_like(vector) for text, vector in pairs]

    def encode_items(self, ref: EncoderRef, texts: Sequence[str], seconds: float = SECONDS) -> Vectors:
        """Return unit vectors of the texts of items, (len(texts), dim), beside the requests that wait; raises EncoderError."""
        return self._encoders(ref).encode(ref, texts, seconds)

    def encode_picture(self, ref: EncoderRef, picture: PictureBytes) -> Vectors:
        """Return the unit vector of a picture; raises as :meth:`encode`, and PictureError when it cannot be read."""
        if not installed():
            raise ConflictError(f"pictures cannot be read by this server: {NOT_INSTALLED}")
        key = ref.fingerprint, hashlib.sha256(f"{picture.media} ".encode() + picture.content).digest()
        vector = self._known.get(key)
        if vector is None:
            vector = self._encode(ref, picture)[0]
            self._known.put(key, vector)
        return vector

    def warm_up(self, serving: Serving) -> None:
        """Open the encoders of a model that serves from now on, each in a thread."""
        for ref in (serving.recommender.encoder, serving.recommender.picture_encoder):
            if ref.fingerprint:
                threading.Thread(target=self._open, args=(ref,), name="recsys-warm-up", daemon=True).start()

    def close(self) -> None:
        """End what this worker has started."""
        self._heavy.close()

    def _open(self, ref: EncoderRef) -> None:
        with suppress(EncoderError):  # a search reports and logs it
            self._encoders(ref).encode(ref, ["ready"], WARM_UP_SECONDS)

    def _encode(self, ref: EncoderRef, content: Content) -> Vectors:
        if self._failed[0] == ref.fingerprint and self._clock() < self._failed[1]:
            raise ConflictError(FAILED)
        if not self._places.acquire(blocking=False):
            raise EncoderBusyError(BUSY)
        try:
            seconds = PICTURE_SECONDS if isinstance(content, PictureBytes) else SECONDS
            return self._encoders(ref).encode(ref, content, seconds)
        except EncoderBusyError as error:
            raise EncoderBusyError(BUSY) from error
        except EncoderError as error:
            self._failed = (ref.fingerprint, self._clock() + FAILED_SECONDS)
            LOG.error("%s", error)
            raise ConflictError(FAILED) from error
        finally:
            self._places.release()

    def _encoders(self, ref: EncoderRef) -> Encoders | Thread | Process:
        return self._light if ref.light else self._heavy


class Thread:
    """Encodes in a thread of this process."""

    def __init__(self) -> None:
        self._encoders = Encoders()
        self._pool = ThreadPoolExecutor(1, "recsys-encoder")

    def encode(self, ref: EncoderRef, content: Content, seconds: float) -> Vectors:
        future = self._pool.submit(self._encoders.encode, ref, content, seconds)
        try:
            return future.result(seconds)
        except TimeoutError as error:
            future.cancel()
            raise EncoderBusyError("the thread did not answer in time") from error

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
