"""Training again and again, as processes: turns, failures and signals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recsys.bundle.store import Store
from tests.training.test_train_command import data, recsys
from training.cli import lock, schedule

RECSYS = Path(sys.executable).with_name("recsys")
PATIENCE_SECONDS = 60


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.mark.parametrize("code", [0, 1, 2, 77])
def test_a_process_is_run_to_its_end(code: int) -> None:
    stop = schedule.Stop()
    assert schedule.run_once(python(f"raise SystemExit({code})"), stop) == code
    assert schedule.run_once(python("import os; os.kill(os.getpid(), 9)"), stop) == -9
    stop.close()


FAMILY = """
import os, signal, sys, time
child = os.fork()
if {stubborn}:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if child:
    open(sys.argv[1], "w").write(f"{{os.getpid()}} {{child}}")
    os.kill(os.getppid(), signal.SIGUSR1)
time.sleep(600)
"""


@pytest.mark.parametrize("stubborn", [False, True])
def test_a_process_that_is_to_end_is_ended_with_its_children(
    stubborn: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.cli.schedule.GRACE_SECONDS", 0.2)
    stop = schedule.Stop()
    before = signal.signal(signal.SIGUSR1, lambda *_: stop.set())
    try:
        command = [*python(FAMILY.format(stubborn=stubborn)), str(tmp_path / "pids")]
        assert schedule.run_once(command, stop) is None
    finally:
        signal.signal(signal.SIGUSR1, before)
    for pid in (tmp_path / "pids").read_text().split():
        assert not alive(int(pid))
    stop.close()


def alive(pid: int) -> bool:
    """Whether a process runs; one that was ended may stay a while as a zombie, or until its signal arrives."""
    for _ in range(1000):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        if state in "ZX":
            return False
        os.sched_yield()
    return True


class Scheduled:
    """A schedule as a process, and the lines that it has told so far."""

    def __init__(self, command: list[str], cwd: Path) -> None:
        self.process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._more:
                self.lines.append(line.rstrip("\n"))
                self._more.notify_all()

    def until(self, pattern: str, n: int = 1) -> None:
        """Wait until n lines match."""
        with self._more:
            assert self._more.wait_for(lambda: len(self.like(pattern)) >= n, PATIENCE_SECONDS), self.lines

    def like(self, pattern: str) -> list[str]:
        return [line for line in self.lines if re.match(pattern, line)]

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(PATIENCE_SECONDS)
        assert self.process.stderr is not None
        self.process.stderr.close()


Start = Callable[[list[str]], Scheduled]


@pytest.fixture
def start(here: Path) -> Iterator[Start]:
    running: list[Scheduled] = []

    def begin(command: list[str]) -> Scheduled:
        running.append(Scheduled(command, here))
        return running[-1]

    yield begin
    for one in running:
        one.close()


OFTEN = """
import json, sys
from pathlib import Path
from training.cli import schedule
command = json.loads(sys.argv[1])
schedule.run(0.5, command, Path("var/store"), lambda line: print(line, file=sys.stderr, flush=True))
"""


@pytest.mark.slow
def test_trains_again_and_again_over_failures_until_it_is_asked_to_end(here: Path, start: Start) -> None:
    data(here)
    store = Store(here / "var" / "store")
    running = start([*python(OFTEN), json.dumps([str(RECSYS), "train"])])
    running.until("next training at ")
    assert len(store.versions()) == 1
    configuration = (here / "recsys.toml").read_text()
    (here / "recsys.toml").write_text("[als\n")
    running.until("error: .*recsys.toml cannot be read", 2)
    before = store.versions()
    (here / "recsys.toml").write_text(configuration)
    running.until("publish ", len(running.like("publish ")) + 1)
    assert len(store.versions()) > len(before)
    assert running.end(signal.SIGTERM) == 0
    assert lock.holder(store.path) == ""
    assert store.load().version == store.current() == store.versions()[-1]


@pytest.mark.slow
def test_while_another_trains_turns_are_left_out(here: Path, start: Start) -> None:
    data(here)
    store = Store(here / "var" / "store")
    with lock.training(store.path):
        running = start([*python(OFTEN), json.dumps([str(RECSYS), "train"])])
        running.until(f"this turn is left out: process {os.getpid()} trains already", 2)
        assert store.versions() == []
    running.until("publish ")
    assert running.end(signal.SIGINT) == 0
    assert running.like("error: ") == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.soak)])
def test_a_signal_ends_the_wait_for_the_next_turn(number: signal.Signals, here: Path, start: Start) -> None:
    data(here)
    running = start([str(RECSYS), "train", "--every", "1h"])
    running.until("next training at ")
    assert running.end(number) == 0
    assert len(Store(here / "var" / "store").versions()) == 1
    assert running.like("error: |Traceback|interrupted") == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.soak)])
def test_a_signal_ends_a_training_in_its_midst_and_the_store_is_sound(
    number: signal.Signals, here: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    data(here)
    store = Store(here / "var" / "store")
    running = start([str(RECSYS), "train", "--every", "1h", "--tune", "500"])
    running.until("trial 1/500")
    (pid,) = re.findall(r"\d+", lock.holder(store.path))
    assert int(pid) != running.process.pid
    assert running.end(number) == 0
    assert not alive(int(pid))
    assert running.like("error: |Traceback|interrupted|next training at") == []
    assert lock.holder(store.path) == ""
    assert store.versions() == []
    assert recsys(monkeypatch, "train") == 0
    assert store.load().version == store.current()
