"""Output to a full disk, a pipe without a reader or a closed stream: one line and an exit code, in all commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from recsys.cli import streams
from recsys.cli.streams import OutputError
from tests.support import factories

RECSYS = Path(sys.executable).with_name("recsys")
FULL_DISK = Path("/dev/full")
FULL, CLOSED = "standard output cannot be written: No space left on device", "Bad file descriptor"
full_disk = pytest.mark.skipif(
    not FULL_DISK.exists(), reason="needs /dev/full, which always says that the disk is full"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("output")
    factories.publish(folder / "var" / "store")
    return folder


def shell(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(f"{RECSYS} {command}", shell=True, cwd=folder, capture_output=True, text=True, check=False)


@full_disk
@pytest.mark.parametrize("command", ["recommend u1 --json", "clusters 0", "serve --help"])
def test_a_full_disk_is_one_line(folder: Path, command: str) -> None:
    done = shell(folder, f"{command} > {FULL_DISK}")
    assert (done.returncode, done.stderr) == (1, f"error: {FULL}\n")


def test_a_closed_output_is_one_line(folder: Path) -> None:
    done = shell(folder, "similar i8 >&-")
    assert (done.returncode, done.stderr) == (1, f"error: standard output cannot be written: {CLOSED}\n")


@pytest.mark.parametrize("command", ["similar i8", "models show"])
def test_a_pipe_without_a_reader_is_one_line(folder: Path, command: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = [RECSYS, *command.split()]
    done = subprocess.run(words, cwd=folder, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "error: standard output cannot be written: Broken pipe\n")


@full_disk
def test_where_no_error_can_be_written_the_exit_code_says_it(folder: Path) -> None:
    assert shell(folder, f"similar nix 2> {FULL_DISK}").returncode == 1
    assert shell(folder, f"similar i8 > {FULL_DISK} 2>&1").returncode == 1
    assert shell(folder, f"recommend --users all --output all.csv 2> {FULL_DISK}").returncode == 1


def test_a_closed_error_stream_does_not_write_into_the_output(folder: Path) -> None:
    done = shell(folder, "recommend --users all --output all.csv <&- 2>&-")
    assert (done.returncode, done.stdout) == (0, "")
    assert (folder / "all.csv").read_text().count("\n") == 1 + 30 * 10


@full_disk
def test_an_output_that_fails_is_an_error_at_each_write_and_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", FULL_DISK.open("w"))
    streams.prepare()
    with sys.stdout as prepared:
        prepared.write("line\n")
        with pytest.raises(OutputError, match=FULL):
            prepared.flush()
        with pytest.raises(OutputError, match=FULL):
            prepared.write("x" * 100_000)
        streams.abandon()
        prepared.flush()
