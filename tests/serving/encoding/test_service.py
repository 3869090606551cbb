"""What a worker does with a text that is to be encoded; the process that does it is a fake here."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from recsys.data.vectors import Vectors
from recsys.encoders.hub import NO_ENCODER, EncoderRef
from recsys.errors import EncoderBusyError, EncoderError, UnansweredError
from serving.encoding import service
from serving.encoding.service import CACHE_SIZE, Encoding
from serving.errors import ConflictError
from tests.recsys.encoders.test_hub import TEXTS, written
from training.content import lsa

NAMED = EncoderRef("some", "f")


class Fake:
    """Encodes a text as its length; fails or waits as it is told."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.error: Exception | None = None
        self.wait: Callable[[], object] = lambda: None

    def encode(self, ref: EncoderRef, texts: Sequence[str], seconds: float) -> Vectors:
        self.asked.append(list(texts))
        self.wait()
        if self.error is not None:
            raise self.error
        return np.array([[len(text), len(ref.fingerprint)] for text in texts], dtype=np.float32)

    def close(self) -> None: ...


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    made = Fake()
    monkeypatch.setattr(service, "Thread", lambda: made)
    return made


def test_what_was_encoded_is_not_encoded_again(fake: Fake) -> None:
    one = Encoding(None)
    assert [vector.tolist() for vector in one.encode(NAMED, ["a", "bcd"])] == [[1, 1], [3, 1]]
    assert [vector.tolist() for vector in one.encode(NAMED, ["bcd", "xy", "bcd"])] == [[3, 1], [2, 1], [3, 1]]
    assert fake.asked == [["a", "bcd"], ["xy"]]


def test_vectors_of_another_encoder_are_others(fake: Fake) -> None:
    one = Encoding(None)
    one.encode(NAMED, ["a"])
    assert one.encode(EncoderRef("some", "other"), ["a"])[0].tolist() == [1, 5]


def test_no_more_is_kept_than_stated_and_what_is_asked_for_stays(fake: Fake) -> None:
    one = Encoding(None)
    one.encode(NAMED, ["first", "second"])
    one.encode(NAMED, [f"{num}" for num in range(CACHE_SIZE - 2)])
    one.encode(NAMED, ["first"])
    one.encode(NAMED, ["one more"])
    before = len(fake.asked)
    one.encode(NAMED, ["first"])
    assert len(fake.asked) == before
    one.encode(NAMED, ["second"])
    assert len(fake.asked) == before + 1


def test_only_some_requests_wait_at_once(fake: Fake) -> None:
    one, inside, go = Encoding(None, waiting=2), threading.Semaphore(0), threading.Event()
    fake.wait = lambda: (inside.release(), go.wait(60))
    waiting = [threading.Thread(target=one.encode, args=(NAMED, [text])) for text in ("a", "b")]
    for thread in waiting:
        thread.start()
    for _ in waiting:
        assert inside.acquire(timeout=60)
    with pytest.raises(EncoderBusyError, match="could not be encoded in time"):
        one.encode(NAMED, ["c"])
    go.set()
    for thread in waiting:
        thread.join(60)
    assert one.encode(NAMED, ["c"])[0].tolist() == [1, 1]


def test_what_is_kept_needs_no_place(fake: Fake) -> None:
    one = Encoding(None, waiting=0)
    one._places.release()
    one.encode(NAMED, ["a"])
    one._places.acquire()
    assert one.encode(NAMED, ["a"])[0].tolist() == [1, 1]


def test_a_busy_encoder_is_asked_again_at_once(fake: Fake) -> None:
    one = Encoding(None)
    fake.error = EncoderBusyError("x")
    for _ in range(3):
        with pytest.raises(EncoderBusyError, match="mode=keyword"):
            one.encode(NAMED, ["a"])
    assert len(fake.asked) == 3


def test_an_encoder_that_fails_is_told_once_and_tried_again_after_a_while(
    fake: Fake, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    one = Encoding(None, clock=clock)
    fake.error = EncoderError("/secret/place is another one")
    for _ in range(3):
        with pytest.raises(ConflictError, match="mode=keyword") as caught:
            one.encode(NAMED, ["a"])
        assert "secret" not in str(caught.value)
    assert len(fake.asked) == 1
    assert caplog.messages == ["/secret/place is another one"]
    fake.error = None
    assert one.encode(EncoderRef("some", "other"), ["a"])[0].tolist() == [1, 5]
    clock.now += service.FAILED_SECONDS
    assert one.encode(NAMED, ["a"])[0].tolist() == [1, 1]


def test_a_model_without_text_vectors_has_no_encoder() -> None:
    with pytest.raises(UnansweredError, match="trained without text vectors"):
        Encoding(None).encode(NO_ENCODER, ["a"])


def test_a_model_without_text_vectors_is_no_failure_of_the_server(fake: Fake, caplog: pytest.LogCaptureFixture) -> None:
    one = Encoding(None)
    for _ in range(2):
        with pytest.raises(UnansweredError, match="trained without text vectors"):
            one.encode(NO_ENCODER, ["a"])
    assert not caplog.messages
    assert not fake.asked


def test_a_blank_text_says_nothing(fake: Fake) -> None:
    blank, word = Encoding(None).encode(NAMED, [" \t", "a"])
    assert not blank.any()
    assert word.any()


def test_a_look_up_is_done_at_once(fake: Fake, tmp_path: Path) -> None:
    encoder, files, _ = lsa.fit(TEXTS, 4, 0)
    one = Encoding(None)
    found = one.encode(EncoderRef("lsa", encoder.fingerprint, written(tmp_path, files)), ["red wine"])
    np.testing.assert_array_equal(found[0], encoder.encode(["red wine"])[0])
    assert not fake.asked


def test_a_thread_that_takes_too_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()

    class Slow:
        def encode(self, *_: object) -> Vectors:
            go.wait(60)
            return np.zeros((1, 2), dtype=np.float32)

    monkeypatch.setattr(service, "Encoders", Slow)
    one = service.Thread()
    with pytest.raises(EncoderBusyError, match="did not answer in time"):
        one.encode(NAMED, ["a"], 0.01)
    go.set()
    assert one.encode(NAMED, ["a"], 60).shape == (1, 2)
    one.close()


def test_a_process_that_is_forked_begins_anew(fake: Fake) -> None:
    """A lock that another thread held at the fork would stay taken in the child for ever."""
    one = Encoding(None)
    one.encode(NAMED, ["a"])
    reading, writing = os.pipe()
    with one._known._lock:
        child = os.fork()
        if not child:
            found = one.encode(NAMED, ["ab"])[0].tolist()
            os.write(writing, repr(found).encode())
            os._exit(0)
    os.close(writing)
    assert os.read(reading, 100) == b"[2.0, 1.0]"
    os.close(reading)
    os.waitpid(child, 0)
