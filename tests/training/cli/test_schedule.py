"""Training again and again: when, by whom, and how it ends."""

from __future__ import annotations

import os
import re
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from recsys.errors import ConfigError
from tests.training.test_train_command import data, recsys
from training.cli import lock, schedule

PATIENCE_SECONDS = 60
DESCRIPTORS = 1100  # that a process holds


@pytest.mark.parametrize(
    ("text", "seconds"), [("1m", 60), ("30m", 1800), ("6h", 21600), ("1d", 86400), ("90m", 5400), ("366d", 31622400)]
)
def test_a_time_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert schedule.parse(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "6",
            "h",
            "0h",
            "06h",
            "-6h",
            "+6h",
            "6 h",
            " 6h",
            "6h ",
            "6h\n",
            "6H",
            "6.5h",
            "1e3m",
            "6s",
            "6w",
            "1_0m",
        ),
        *("6h30m", "\u0666h", "\uff16h", "367d", "999999d", "1000000m", "daily", "None"),
    ],
)
def test_any_other_time_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"--every {text!r}: expected a number and m, h or d")):
        schedule.parse(text)


class Day:
    """A clock that is moved by trainings and waits, and what happened at which second."""

    def __init__(self, durations: list[float], end: float = float("inf")) -> None:
        self.now, self.end = 1000.0, end
        self.durations = iter(durations)
        self.begun: list[float] = []
        self.told: list[str] = []

    def turn(self) -> bool:
        self.begun.append(self.now - 1000.0)
        self.now += next(self.durations, 0.0)
        return self.now < self.end

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.now >= self.end

    def run(self, every: float) -> list[float]:
        schedule.repeat(every, self.turn, self.wait, self.told.append, lambda: self.now)
        return self.begun


def test_turns_are_counted_from_begin_to_begin() -> None:
    assert Day([100, 0, 3000, 3599], end=1000 + 5 * 3600).run(3600) == [0, 3600, 7200, 10800, 14400]


def test_a_turn_that_takes_longer_is_followed_at_once_by_one_turn() -> None:
    assert Day([100, 9000, 100], end=1000 + 17000).run(3600) == [0, 3600, 12600, 16200]


def test_after_each_turn_the_time_of_the_next_is_told() -> None:
    day = Day([100, 100], end=1000 + 3 * 3600)
    day.run(3600)
    assert len(day.told) == 3
    assert all(re.fullmatch(r"next training at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line) for line in day.told)


def test_a_turn_that_was_ended_is_the_last() -> None:
    day = Day([100, 100], end=1000 + 3650)
    assert day.run(3600) == [0, 3600]
    assert len(day.told) == 1


@pytest.mark.parametrize(
    ("code", "told"),
    [(0, []), (1, []), (2, []), (-9, ["error: the training was ended by SIGKILL; the model that serves stays"])],
)
def test_a_training_that_fails_is_not_the_end(code: int, told: list[str]) -> None:
    lines: list[str] = []
    assert schedule.take_turn(lambda: "", lambda: code, lines.append)
    assert lines == told


def test_a_turn_is_left_out_while_somebody_else_trains() -> None:
    lines: list[str] = []
    trained: list[int] = []
    assert schedule.take_turn(lambda: "process 7", lambda: trained.append(1), lines.append)
    assert lines == ["this turn is left out: process 7 trains already"]
    assert trained == []


def test_a_wish_to_end_is_heard_whenever_it_was_uttered() -> None:
    stop = schedule.Stop()
    assert not stop.wait(0.0)
    stop.set()
    stop.set()
    assert stop.wait()
    assert stop.wait(0.0)
    stop.close()


def test_a_wish_is_heard_in_a_process_of_many_descriptors() -> None:
    """``select()`` takes none from 1024 on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * DESCRIPTORS:
        pytest.skip(f"the system lets a process have {hard} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * DESCRIPTORS), hard))
    reading, writing = os.pipe()
    taken = [reading, writing, *(os.dup(reading) for _ in range(DESCRIPTORS))]
    try:
        stop = schedule.Stop()
        assert not stop.wait(0.0)
        stop.set()
        assert stop.wait(other=taken[-1])
        stop.close()
    finally:
        for handle in taken:
            os.close(handle)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def hangup() -> Iterator[None]:
    """What is started by nohup ignores the signal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hangup")
def test_signals_ask_for_the_end_and_are_given_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with schedule.signals() as stop:
            signal.raise_signal(number)
            assert stop.wait(PATIENCE_SECONDS)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)] == before


def test_a_hangup_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with schedule.signals() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert not stop.wait(0.0)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--every", "6"), "--every '6': expected a number and m, h or d"),
        (("--every", "6h", "--no-publish"), "--every trains in order to publish; leave --no-publish out"),
        (("--every", "6h", "--set", "als.factors=0"), "als.factors = 0"),
    ],
)
def test_a_schedule_that_cannot_be_is_told_at_once(
    here: Path,
    arguments: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data(here)
    assert recsys(monkeypatch, "train", *arguments) == 2
    assert message in capsys.readouterr().err
    assert not (here / "var" / "store").exists()


def test_each_turn_is_told_what_was_given(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data(here)
    given: list[tuple[float, list[str], Path]] = []
    monkeypatch.setattr(
        "training.cli.schedule.run", lambda every, command, store, _: given.append((every, command, store))
    )
    options = ["--tune", "3", "--force", "--set", "als.factors=8", "--set", "store.path=a b", "--config", "recsys.toml"]
    assert recsys(monkeypatch, "train", "--every", "6h", *options, "--debug") == 0
    assert recsys(monkeypatch, "train", "--every", "1d") == 0
    ((every, command, store), (_, plain, _)) = given
    assert (every, store) == (21600.0, Path("a b"))
    assert command[command.index("train") :] == [
        *("train", "--config", "recsys.toml", "--set", "als.factors=8", "--set", "store.path=a b"),
        *("--tune", "3", "--force", "--debug"),
    ]
    assert plain[plain.index("train") :] == ["train"]


def test_a_training_beside_another_is_refused_with_its_number(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data(here)
    with lock.training(here / "var" / "store"):
        assert recsys(monkeypatch, "train") == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"error: process {os.getpid()} trains for store var/store already")
        assert recsys(monkeypatch, "train", "--no-publish") == 0
    assert recsys(monkeypatch, "train") == 0


def test_the_longest_interval_can_be_waited_for() -> None:
    """A single wait of epoll takes no more than 24 days."""
    stop = schedule.Stop()
    stop.set()
    assert stop.wait(schedule.parse("366d"))
    stop.close()
