"""Each version is tried once by all the workers of a server."""

from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
import threading
import time
from pathlib import Path
from typing import NoReturn

import pytest

from recsys.bundle.canary import CanaryError
from recsys.errors import BundleError
from serving.live.verdicts import Verdicts

PATIENCE = 60.0


class Counting:
    """An attempt that counts, and refuses what it is told to."""

    def __init__(self, refuses: str = "") -> None:
        self.refuses, self.tried = refuses, list[str]()

    def __call__(self, folder: Path) -> None:
        self.tried.append(folder.name)
        if self.refuses:
            raise BundleError(self.refuses)


@pytest.mark.parametrize("shared", [True, False])
def test_a_sound_version_is_tried_once(sound: Path, tmp_path: Path, shared: bool) -> None:
    attempt = Counting()
    verdicts = Verdicts(tmp_path / "verdicts" if shared else None, attempt)
    for state in ("first link", "first link", "another link"):
        verdicts.admit(sound, state)
    assert attempt.tried == [sound.name]
    another = Verdicts(tmp_path / "verdicts" if shared else None, attempt)
    another.admit(sound, "another link")
    assert len(attempt.tried) == (1 if shared else 2)


@pytest.mark.parametrize("shared", [True, False])
def test_a_refused_version_is_tried_again_when_the_link_was_switched(sound: Path, tmp_path: Path, shared: bool) -> None:
    attempt = Counting("too bad")
    verdicts = Verdicts(tmp_path if shared else None, attempt)
    for state in ("first link", "first link", "another link"):
        with pytest.raises(BundleError, match=r"^too bad$"):
            verdicts.admit(sound, state)
    assert len(attempt.tried) == 2
    attempt.refuses = ""
    verdicts.admit(sound, "a third link")
    assert len(attempt.tried) == 3


@pytest.mark.parametrize("refuses", ["", "too bad"])
def test_a_bundle_that_was_changed_is_tried_again(sound: Path, tmp_path: Path, refuses: str) -> None:
    attempt = Counting(refuses)
    verdicts = Verdicts(tmp_path, attempt)

    def admit() -> None:
        try:
            verdicts.admit(sound, "link")
        except BundleError:
            assert refuses

    admit()
    content = (sound / "model.safetensors").read_bytes()
    (sound / "model.safetensors").write_bytes(content)
    admit()
    (sound / "extra").touch()
    admit()
    admit()
    assert len(attempt.tried) == 3


def test_an_attempt_that_fails_leaves_no_verdict(sound: Path, tmp_path: Path) -> None:
    def fails(_: Path) -> None:
        raise CanaryError("no memory")

    with pytest.raises(CanaryError, match="no memory"):
        Verdicts(tmp_path, fails).admit(sound, "link")
    attempt = Counting()
    Verdicts(tmp_path, attempt).admit(sound, "link")
    assert attempt.tried == [sound.name]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"files": 1}', '{"files": "", "link": "", "refused": "", "x": 1}']
)
def test_a_verdict_that_is_none_is_tried_again(sound: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / sound.name).write_text(content)
    attempt = Counting()
    Verdicts(tmp_path, attempt).admit(sound, "link")
    assert attempt.tried == [sound.name]


def test_a_folder_that_cannot_be_written_costs_only_more_attempts(sound: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    attempt = Counting()
    verdicts = Verdicts(tmp_path / "file" / "verdicts", attempt)
    verdicts.admit(sound, "link")
    verdicts.admit(sound, "link")
    verdicts.remember(sound.name)
    assert (attempt.tried, verdicts.last()) == ([sound.name], None)


def test_what_served_last_is_remembered_for_other_workers(sound: Path, tmp_path: Path) -> None:
    assert Verdicts(tmp_path).last() is None
    Verdicts(tmp_path).remember(sound.name)
    assert Verdicts(tmp_path).last() == sound.name
    assert Verdicts(None).last() is None


def admit_slowly(folder: Path, bundle: Path, notes: Path, seconds: float) -> None:
    def attempt(_: Path) -> None:
        (notes / str(os.getpid())).touch()
        time.sleep(seconds)

    Verdicts(folder, attempt).admit(bundle, "link")


def workers(n: int, *arguments: object) -> list[multiprocessing.Process]:
    spawn = multiprocessing.get_context("spawn")
    started = [spawn.Process(target=admit_slowly, args=arguments) for _ in range(n)]
    for one in started:
        one.start()
    return started  # type: ignore[return-value]


@pytest.mark.slow
def test_of_several_workers_one_tries(sound: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    started = workers(4, tmp_path / "verdicts", sound, notes, 0.5)
    for one in started:
        one.join(PATIENCE)
    assert [one.exitcode for one in started] == [0] * 4
    assert len(list(notes.iterdir())) == 1


@pytest.mark.slow
def test_a_worker_that_is_killed_while_it_tries_stops_nobody(sound: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (first,) = workers(1, tmp_path / "verdicts", sound, notes, 600.0)
    deadline = time.monotonic() + PATIENCE
    while not list(notes.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)
    attempt = Counting()
    second = threading.Thread(target=Verdicts(tmp_path / "verdicts", attempt).admit, args=(sound, "link"))
    second.start()
    assert attempt.tried == []
    first.kill()
    second.join(PATIENCE)
    assert attempt.tried == [sound.name]


def test_no_descriptor_stays_open(sound: Path, tmp_path: Path) -> None:
    for number in range(50):
        Verdicts(tmp_path, Counting()).admit(sound, str(number))
    targets = [os.path.realpath(entry) for entry in Path("/proc/self/fd").iterdir()]
    assert not [target for target in targets if target.startswith((str(tmp_path), str(sound.parent)))]


def test_a_full_disk_is_an_error_of_the_attempt_alone(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    attempt = Counting()
    Verdicts(tmp_path, attempt).admit(sound, "link")
    shutil.rmtree(sound)
    assert attempt.tried == [sound.name]
