"""The process that encodes for all workers: one of each server, started again when it has ended, gone when the server is."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from recsys.encoders.hub import EncoderRef
from recsys.encoders.onnx_encoder import open_onnx
from recsys.errors import EncoderBusyError, EncoderError
from serving.encoding import process as encoder_process
from serving.encoding.process import SOCKET, Encoders, serve
from serving.encoding.service import WARM_UP_SECONDS, Process
from tests.support import tiny_bert, tiny_towers
from tests.support.running import wait_until

SECONDS = WARM_UP_SECONDS


@pytest.fixture
def ref(tmp_path: Path) -> EncoderRef:
    found = open_onnx(tiny_towers.write_text(tmp_path / "tiny"))
    return EncoderRef(found.name, found.fingerprint, tmp_path / "tiny")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "run"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)  # which ends what was started for it


@pytest.fixture
def client(run: Path) -> Iterator[Process]:
    """A worker's side, which ends what it has started."""
    one = Process(run)
    yield one
    one.close()


@pytest.fixture
def parent() -> Iterator[int]:
    """A process that is there until the test ends."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process.pid
        process.kill()


class Serving:
    """`serve` in a thread of this process."""

    def __init__(self, run: Path, parent: int) -> None:
        self.thread = threading.Thread(target=serve, args=(run, parent), daemon=True)
        self.thread.start()

    def ended(self, seconds: float = 60) -> bool:
        self.thread.join(seconds)
        return not self.thread.is_alive()


def served(run: Path, parent: int) -> Serving:
    one = Serving(run, parent)
    wait_until((run / SOCKET).exists, "it listens")
    return one


def encoders_of(run: Path) -> list[int]:
    """Processes that encode for a server."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"serving.encoding.process" in words and str(run).encode() in words:
            found.append(int(folder.name))
    return found


class TestInThisProcess:
    def test_vectors_are_those_of_the_encoder(self, run: Path, parent: int, ref: EncoderRef) -> None:
        served(run, parent)
        assert ref.folder is not None
        expected = open_onnx(ref.folder).encode(["red wine", "", "the sea"])
        client = Process(run)
        np.testing.assert_allclose(client.encode(ref, ["red wine", "", "the sea"], SECONDS), expected, atol=1e-6)

    def test_what_is_wrong_with_an_encoder_is_told_to_the_worker(self, run: Path, parent: int, tmp_path: Path) -> None:
        served(run, parent)
        name = str(tiny_bert.write(tmp_path / "bert"))
        with pytest.raises(EncoderError, match="is not the one that the model was trained with"):
            Process(run).encode(EncoderRef(name, "other"), ["a"], SECONDS)

    def test_a_request_that_is_none_harms_nobody(self, run: Path, parent: int, ref: EncoderRef) -> None:
        served(run, parent)
        for rubbish in (b"", b"rubbish\n", b"{}\n", b'{"name": 3}\n', b"[" * 2000 + b"\n"):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(run / SOCKET))
                client.sendall(rubbish)
                client.shutdown(socket.SHUT_WR)
                assert client.recv(100) == b""
        assert Process(run).encode(ref, ["a"], SECONDS).shape == (1, tiny_towers.DIM)

    def test_it_ends_with_the_server(self, run: Path, ref: EncoderRef) -> None:
        with subprocess.Popen(["sleep", "600"]) as server:
            one = served(run, server.pid)
            server.kill()
            assert one.ended()

    def test_it_ends_at_once_where_the_server_has_gone_already(self, run: Path) -> None:
        with subprocess.Popen(["true"]) as server:
            server.wait()
        assert Serving(run, server.pid).ended()

    def test_it_ends_with_the_folder(self, run: Path, parent: int) -> None:
        one = served(run, parent)
        shutil.rmtree(run)
        assert one.ended()

    def test_a_second_one_ends_at_once(self, run: Path, parent: int) -> None:
        first = served(run, parent)
        assert Serving(run, parent).ended()
        assert not first.ended(0)

    def test_control_without_the_lock_there_are_two(
        self, run: Path, parent: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(encoder_process, "FileLock", lambda *_, **__: nullcontext())
        first, inode = served(run, parent), (run / SOCKET).stat().st_ino
        second = Serving(run, parent)
        wait_until(lambda: (run / SOCKET).stat().st_ino != inode, "the second has taken the place of the first")
        assert not first.ended(0)
        assert not second.ended(0)

    def test_who_waits_in_vain_is_told(self, monkeypatch: pytest.MonkeyPatch, ref: EncoderRef) -> None:
        inside, go = threading.Event(), threading.Event()

        class Slow:
            def encode(self, texts: list[str]) -> np.ndarray:  # type: ignore[type-arg]
                inside.set()
                go.wait(60)
                return np.zeros((len(texts), 2), dtype=np.float32)

        monkeypatch.setattr(encoder_process, "open_query_encoder", lambda _: Slow())
        encoders = Encoders()
        first = threading.Thread(target=encoders.encode, args=(ref, ["a"], 60.0))
        first.start()
        assert inside.wait(60)
        with pytest.raises(EncoderBusyError, match="others are being encoded"):
            encoders.encode(ref, ["b"], 0.01)
        go.set()
        first.join(60)

    def test_a_few_encoders_stay_open(self, monkeypatch: pytest.MonkeyPatch) -> None:
        opened: list[str] = []

        class Any:
            def encode(self, texts: list[str]) -> np.ndarray:  # type: ignore[type-arg]
                return np.zeros((len(texts), 2), dtype=np.float32)

        monkeypatch.setattr(encoder_process, "open_query_encoder", lambda ref: opened.append(ref.fingerprint) or Any())
        encoders = Encoders()
        for number, fingerprint in enumerate("abcabcdeacbd"):
            encoders.encode(EncoderRef("x", fingerprint), [f"text {number}"], 60.0)
        assert opened == [*"abcdeabd"]


class TestAnswers:
    """What a worker makes of an answer that is cut off or none."""

    def answered(self, run: Path, ref: EncoderRef, answer: bytes) -> np.ndarray:  # type: ignore[type-arg]
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(run / SOCKET))
            server.listen()

            def answer_one() -> None:
                connection, _ = server.accept()
                with connection:
                    connection.recv(10_000)
                    connection.sendall(answer)

            thread = threading.Thread(target=answer_one)
            thread.start()
            try:
                return Process(run).encode(ref, ["a"], SECONDS)
            finally:
                thread.join(60)

    def test_a_whole_answer(self, run: Path, ref: EncoderRef) -> None:
        numbers = np.array([[1, 2]], dtype="<f4")
        found = self.answered(run, ref, json.dumps({"shape": [1, 2]}).encode() + b"\n" + numbers.tobytes())
        np.testing.assert_array_equal(found, numbers)

    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            (b"", "ended before it answered"),
            (b'{"shape": [1', "ended before it answered"),
            (b'{"shape": [1, 2]}\n\0\0\0\0', "ended while it answered"),
            (b'{"busy": "others"}\n', "others"),
        ],
    )
    def test_an_answer_that_is_cut_off_is_one_that_is_late(
        self, run: Path, ref: EncoderRef, answer: bytes, message: str
    ) -> None:
        with pytest.raises(EncoderBusyError, match=message):
            self.answered(run, ref, answer)

    def test_one_that_does_not_answer_is_waited_for_only_so_long(self, run: Path, ref: EncoderRef) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(run / SOCKET))
            server.listen()
            with pytest.raises(EncoderBusyError, match="the encoder process: "):
                Process(run).encode(ref, ["a"], 0.05)


@pytest.mark.slow
class TestAsAProcess:
    def test_the_first_text_starts_one_process_for_all_workers(self, run: Path, ref: EncoderRef) -> None:
        clients = [Process(run) for _ in range(3)]
        threads = [threading.Thread(target=one.encode, args=(ref, ["red wine"], SECONDS)) for one in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_until(lambda: len(encoders_of(run)) == 1, "the others have ended")
        (pid,) = encoders_of(run)
        assert os.getpriority(os.PRIO_PROCESS, pid) == encoder_process.NICENESS
        assert os.getsid(pid) == os.getsid(0)  # the kernel shares the processors among sessions first (autogroup)
        assert os.getpgid(pid) == pid
        maps = Path(f"/proc/{pid}/maps").read_text()
        assert "torch" not in maps
        assert "flask" not in maps
        for one in clients:
            one.close()

    def test_it_is_started_again_when_it_was_killed(self, run: Path, ref: EncoderRef, client: Process) -> None:
        before = client.encode(ref, ["red wine"], SECONDS)
        (first,) = encoders_of(run)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: first not in encoders_of(run), "it has ended")
        np.testing.assert_array_equal(client.encode(ref, ["red wine"], SECONDS), before)
        assert encoders_of(run) != [first]

    def test_a_worker_that_ends_it_has_ended_it(self, run: Path, ref: EncoderRef, client: Process) -> None:
        client.encode(ref, ["red wine"], SECONDS)
        client.close()
        assert not encoders_of(run)

    def test_one_that_cannot_start_is_no_answer_in_time(self, run: Path, ref: EncoderRef) -> None:
        client = Process(run, lambda _: (sys.executable, "-c", "raise SystemExit(1)"))
        with pytest.raises(EncoderBusyError, match="the encoder process: no answer in time"):
            client.encode(ref, ["a"], 1.5)
        client.close()
