"""A rate limit is exact over the workers of a server, and outlives a worker that dies or stands still."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from serving.access.buckets import Buckets
from tests.support import factories
from tests.support.faults import bucket_child
from tests.support.faults.bucket_child import CALLER

BURST = 300
Child = subprocess.Popen[bytes]


@contextmanager
def child(kind: str, table: Path, burst: int = BURST, tries: int = BURST) -> Iterator[Child]:
    """A process of :mod:`tests.support.faults.bucket_child` that is ready."""
    command = [sys.executable, "-m", "tests.support.faults.bucket_child", kind, str(table), str(burst), str(tries)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=factories.ROOT, bufsize=0
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() in (b"ready\n", b"holding\n")
            yield process
        finally:
            process.kill()


def admitted(kind: str, table: Path, processes: int) -> list[int]:
    """How many tokens each of several processes got that take from one table at once."""
    with ExitStack() as stack:
        running = [stack.enter_context(child(kind, table)) for _ in range(processes)]
        for one in running:
            assert one.stdin is not None
            one.stdin.write(b".")
        return [int(one.stdout.readline()) for one in running if one.stdout is not None]


@pytest.fixture
def table(memory: Path) -> Path:
    return memory / "buckets"


@pytest.mark.parametrize("processes", [2, 4])
def test_several_processes_take_as_many_tokens_as_there_are(table: Path, processes: int) -> None:
    got = admitted("soundly", table, processes)
    assert sum(got) == BURST
    assert sum(one > 0 for one in got) > 1, "they did not meet"


def test_control_without_the_lock_they_take_more(table: Path) -> None:
    assert sum(admitted("unlocked", table, 2)) > BURST


def test_control_with_a_table_for_each_process_they_take_more(table: Path) -> None:
    assert admitted("alone", table, 2) == [BURST, BURST]


def test_processes_that_are_forked_with_the_table_take_as_many_tokens_as_there_are(table: Path) -> None:
    assert admitted("forked", table, 1) == [BURST]


def test_a_process_that_is_killed_while_it_holds_the_lock_stops_nobody(
    table: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mine = bucket_child.table(table, BURST)
    with child("hold", table) as holder:
        holder.kill()
        holder.wait()
        assert mine.take(CALLER).left == BURST - 1
    assert caplog.text == ""


def test_a_process_that_stands_still_with_the_lock_stops_nobody_for_long(
    table: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.access.buckets.LOCK_PAUSES", (0.0,) * 5)
    mine = bucket_child.table(table, BURST)
    with child("hold", table) as holder:
        holder.send_signal(signal.SIGSTOP)
        assert [mine.take(CALLER).left for _ in range(3)] == [BURST - 1, BURST - 2, BURST - 3]
        assert caplog.messages == ["the table of rate limits stays locked: for 10 s it is used without"]
    monkeypatch.setattr("serving.access.buckets.time.monotonic", lambda: mine._no_lock_until + 1)
    assert mine._lock()


def test_killed_at_any_moment_a_process_leaves_a_sound_table(table: Path) -> None:
    """Forty processes are killed while they take; whatever they had not told yet is at most one token of each."""
    burst, kills, told = 10**9, 40, 0
    for number in range(kills):
        with child("report", table, burst) as process:
            assert process.stdout is not None
            told += len(os.read(process.stdout.fileno(), 1 + 7 * number))
            process.kill()
            told += len(process.stdout.read())
    gone = burst - 1 - Buckets.take(bucket_child.table(table, burst), CALLER).left
    assert told <= gone <= told + kills
    assert told > kills
