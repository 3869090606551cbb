"""Texts that wait at the same time are encoded together, and what was encoded for one worker is there for another."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from recsys.encoders.hub import EncoderRef
from recsys.errors import EncoderError
from serving.encoding import process
from serving.encoding.process import Encoders
from tests.support.running import wait_until


@pytest.fixture
def ref() -> EncoderRef:
    return EncoderRef("some", "f")


class Recording:
    """Encodes a text as its length, and holds the first batch until it is told to go on."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.inside, self.go = threading.Event(), threading.Event()
        self.error: Exception | None = None

    def encode(self, texts: list[str]) -> np.ndarray:  # type: ignore[type-arg]
        self.batches.append(list(texts))
        self.inside.set()
        self.go.wait(60)
        if self.error is not None:
            raise self.error
        return np.array([[len(text), 1] for text in texts], dtype=np.float32)


class TestTogether:
    @pytest.fixture
    def slow(self, monkeypatch: pytest.MonkeyPatch) -> Recording:
        made = Recording()
        monkeypatch.setattr(process, "open_query_encoder", lambda _: made)
        return made

    def waiting(self, slow: Recording, ref: EncoderRef, *requests: list[str]) -> list[object]:
        """What each request gets, where all but the first come while it is encoded."""
        encoders, found = Encoders(), [None] * len(requests)

        def ask(number: int) -> None:
            try:
                found[number] = encoders.encode(ref, requests[number], 60.0)[:, 0].tolist()
            except EncoderError as error:
                found[number] = error  # type: ignore[call-overload]

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(requests))]
        threads[0].start()
        assert slow.inside.wait(60)
        for number, thread in enumerate(threads[1:], 2):
            thread.start()
            wait_until(lambda number=number: len(encoders._waiting) == number, "it waits")  # type: ignore[misc]
        slow.go.set()
        for thread in threads:
            thread.join(60)
        assert encoders._waiting == []
        return found

    def test_texts_that_wait_at_the_same_time_are_one_batch(self, slow: Recording, ref: EncoderRef) -> None:
        found = self.waiting(slow, ref, ["a"], ["bb", "ccc"], ["dddd"], ["a", "bb"])
        assert found == [[1], [2, 3], [4], [1, 2]]
        assert slow.batches[0] == ["a"]
        assert slow.batches[1][:3] == ["bb", "dddd", "a"]
        assert len(slow.batches) == 2

    def test_many_texts_of_one_do_not_keep_another_waiting(self, slow: Recording, ref: EncoderRef) -> None:
        many = [f"{number:0200d}" for number in range(20)]
        self.waiting(slow, ref, ["a"], many, ["b"])
        assert "b" in slow.batches[1]
        assert all(sum(map(len, batch)) <= process.BATCH_CHARACTERS for batch in slow.batches)

    def test_a_longer_text_is_a_batch_by_itself(self, slow: Recording, ref: EncoderRef) -> None:
        long = "x" * (process.BATCH_CHARACTERS + 1)
        assert self.waiting(slow, ref, ["a"], [long, "b"])[1] == [len(long), 1]
        assert slow.batches == [["a"], [long], ["b"]]

    def test_an_error_is_told_to_all_who_wait(self, slow: Recording, ref: EncoderRef) -> None:
        slow.error = EncoderError("broken")
        found = self.waiting(slow, ref, ["a"], ["b"], ["c", "d"])
        assert [str(one) for one in found] == ["broken"] * 3

    def test_what_was_encoded_for_one_worker_is_there_for_another(self, slow: Recording, ref: EncoderRef) -> None:
        slow.go.set()
        encoders = Encoders()
        for texts in (["a", "bb"], ["bb"], ["bb", "c"]):
            encoders.encode(ref, texts, 60.0)
        assert slow.batches == [["a", "bb"], ["c"]]
        encoders.encode(EncoderRef(ref.name, "other"), ["bb"], 60.0)
        assert slow.batches[-1] == ["bb"]

    def test_only_so_many_texts_are_kept(
        self, slow: Recording, ref: EncoderRef, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slow.go.set()
        monkeypatch.setattr(process, "CACHED_TEXTS", 2)
        encoders = Encoders()
        for text in ("a", "b", "a", "c", "a", "b"):
            encoders.encode(ref, [text], 60.0)
        assert slow.batches == [["a"], ["b"], ["c"], ["b"]]
