"""Encodes the texts and pictures that are searched for, without keeping lists waiting.

A look-up of words is done at once. Everything else is done by the encoder process of the server, which the first worker that
needs it starts, and any worker starts again when it has ended; a worker that shares no folder with others has a thread for it.
What was encoded is kept, and no more than a few requests of a worker wait at the same time.
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
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from pathlib import Path

import numpy as np
from flask import Flask

from recsys.data.vectors import Vectors
from recsys.encoders.hub import EncoderRef
from recsys.encoders.opening import check_texts
from recsys.encoders.pictures import NOT_INSTALLED, PictureBytes, installed
from recsys.errors import EncoderBusyError, EncoderError
from serving.encoding.client import Process
from serving.encoding.process import Encoders, Wanted
from serving.errors import ConflictError
from serving.live.lru import LRUCache
from serving.live.serving_model import Serving, ServingModel
from serving.settings import Settings

LOG = logging.getLogger(__name__)
SECONDS = 1.0  # for which a request waits for a text
PICTURE_SECONDS = 5.0
WARM_UP_SECONDS = 120.0
FAILED_SECONDS = 30.0  # until what could not be opened is tried again
KEPT = 4096
READY = ("ready",)
WAITING_SHARE = 4  # of the requests that a worker works on at once, one in so many may wait for a text
BUSY = "the text or picture could not be encoded in time; try again, or search with mode=keyword"
FAILED = "texts and pictures cannot be encoded by this server, its log has the reason; search with mode=keyword"


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
        self._known = LRUCache[tuple[str, str | bytes], Vectors](KEPT)
        self._failed: tuple[str, float] = ("", 0.0)

    def encode(self, ref: EncoderRef, texts: Sequence[str]) -> list[Vectors]:
        """The unit vector of each text, zero for a blank one.

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
        found = {text: self._known.get((ref.fingerprint, text)) for text in texts}
        new = [text for text, vector in found.items() if vector is None]
        if new:
            for text, vector in zip(new, self._encoded(ref, new), strict=True):
                self._known.put((ref.fingerprint, text), vector)
                found[text] = vector
        known = ((text, vector) for text in texts if (vector := found[text]) is not None)
        return [vector if text.strip() else np.zeros_like(vector) for text, vector in known]

    def encode_picture(self, ref: EncoderRef, picture: PictureBytes) -> Vectors:
        """The unit vector of a picture; raises as :meth:`encode`, and PictureError when it cannot be read."""
        if not installed():
            raise ConflictError(f"pictures cannot be read by this server: {NOT_INSTALLED}")
        key = ref.fingerprint, hashlib.sha256(f"{picture.media} ".encode() + picture.content).digest()
        vector = self._known.get(key)
        if vector is None:
            vector = self._encoded(ref, picture)[0]
            self._known.put(key, vector)
        return vector

    def warm_up(self, serving: Serving) -> None:
        """Open the encoders of a model that serves from now on, each in a thread."""
        for ref in (serving.recommender.encoder, serving.recommender.picture_encoder):
            if ref.fingerprint:
                self._warm_up(ref)

    def _warm_up(self, ref: EncoderRef) -> None:
        threading.Thread(target=self._try, args=(ref,), name="recsys-warm-up", daemon=True).start()

    def close(self) -> None:
        """End what this worker has started."""
        self._heavy.close()

    def _encoded(self, ref: EncoderRef, wanted: Wanted) -> Vectors:
        if self._failed[0] == ref.fingerprint and self._clock() < self._failed[1]:
            raise ConflictError(FAILED)
        if not self._places.acquire(blocking=False):
            raise EncoderBusyError(BUSY)
        try:
            seconds = PICTURE_SECONDS if isinstance(wanted, PictureBytes) else self._seconds
            return self._by(ref).encode(ref, wanted, seconds)
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
            self._by(ref).encode(ref, READY, WARM_UP_SECONDS)

    def _by(self, ref: EncoderRef) -> Encoders | Thread | Process:
        return self._light if ref.light else self._heavy


class Thread:
    """Encodes in a thread of this process."""

    def __init__(self) -> None:
        self._encoders = Encoders()
        self._pool = ThreadPoolExecutor(1, "recsys-encoder")

    def encode(self, ref: EncoderRef, wanted: Wanted, seconds: float) -> Vectors:
        future = self._pool.submit(self._encoders.encode, ref, wanted, seconds)
        try:
            return future.result(seconds)
        except FutureTimeoutError as error:
            future.cancel()
            raise EncoderBusyError("the thread did not answer in time") from error

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def add_encoding(app: Flask, settings: Settings, model: ServingModel) -> Encoding:
    """The encoding of one worker, ready for each model that serves; ``app.extensions`` gets it as ``encoding``."""
    encoding = Encoding(settings.run, max(1, settings.serve.in_flight // WAITING_SHARE))
    model.on_swap(encoding.warm_up)
    app.extensions["encoding"] = encoding
    return encoding
