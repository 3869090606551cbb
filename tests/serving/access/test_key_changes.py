"""Promise 27: keys fail closed when their file is unsound, and are rotated without downtime."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from serving.access import key_file, keys
from serving.access.key_file import KeyFileError
from tests.support.factories import NOON
from tests.support.faults.safe import Safe, get


def test_a_key_is_refused_from_the_moment_it_expires(safe: Safe) -> None:
    moment = datetime(2027, 1, 1, tzinfo=UTC)
    key = safe.add("shop", "read", expires=moment)
    now = [moment.timestamp() - 0.001]
    found = keys.Keys(safe.path, wall=lambda: now[0])
    assert found.find(key) is not None
    now[0] = moment.timestamp()
    assert found.find(key) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b'{"keys": []}', b"\xff", b'{"keys": [{}]}', None],
    ids=["empty", "no keys", "none", "no UTF-8", "no record", "missing"],
)
def test_a_server_does_not_begin_with_an_unsound_file(content: bytes | None, safe: Safe) -> None:
    if content is not None:
        safe.path.write_bytes(content)
    with pytest.raises(KeyFileError, match=r"^key file .*keys\.json (is empty|is damaged|holds no key|cannot be read)"):
        safe.service()


def damages(safe: Safe) -> dict[str, Callable[[], object]]:
    """What happens to a file while a server runs."""
    content = safe.path.read_bytes()
    return {
        "emptied": lambda: safe.path.write_bytes(b""),
        "cut": lambda: safe.path.write_bytes(content[:-20]),
        "nonsense": lambda: safe.path.write_bytes(b"\x00" * 80),
        "another record": lambda: safe.path.write_bytes(content.replace(b'"scopes"', b'"scope"')),
        "open to all": lambda: safe.path.chmod(0o666) or os.utime(safe.path),
        "removed": safe.path.unlink,
        "a folder": lambda: (safe.path.unlink(), safe.path.mkdir()),
    }


PATIENCE_SECONDS = 20
KINDS = ("emptied", "cut", "nonsense", "another record", "open to all", "removed", "a folder")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_damaged_meanwhile_changes_nothing_and_is_told_once(
    kind: str, safe: Safe, caplog: pytest.LogCaptureFixture
) -> None:
    key, content = safe.add("shop", "read"), safe.path.read_bytes()
    app = safe.service()
    assert set(damages(safe)) == set(KINDS)
    damages(safe)[kind]()
    caplog.clear()
    for _ in range(5):
        assert get(app, key).status_code == 200
        assert get(app, "nonsense").status_code == 401
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.name for record in errors] == ["serving.access.keys"]
    assert errors[0].getMessage().endswith("the last sound keys hold")
    if kind == "a folder":
        safe.path.rmdir()
    safe.path.write_bytes(content)
    safe.path.chmod(0o600)
    second = safe.add("second", "read")
    assert get(app, second).status_code == get(app, key).status_code == 200
    assert "is sound again" in caplog.text


def test_a_worker_that_is_replaced_while_the_file_is_damaged_begins_with_the_last_sound_keys(
    safe: Safe, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    key, gone = safe.add("shop", "read"), safe.add("gone", "read")
    first = safe.service(run)
    safe.remove("gone")
    assert get(first, key).status_code == 200
    safe.path.write_bytes(b"{")
    second = safe.service(run)
    assert get(second, key).status_code == 200
    assert get(second, gone).status_code == get(second, "nonsense").status_code == 401
    assert (run / "keys.json").stat().st_mode & 0o077 == 0
    with pytest.raises(KeyFileError, match="is damaged"):
        safe.service(tmp_path)  # another server, which has not seen a sound file


def test_the_removal_of_the_last_key_holds(safe: Safe, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    key = safe.add("shop", "admin")
    run = tmp_path / "run"
    run.mkdir()
    app = safe.service(run)
    safe.remove("shop")
    assert get(app, key).status_code == 401
    assert "holds no key: no client is admitted" in caplog.text
    assert get(safe.service(run), key).status_code == 401


class Watched(keys.Keys):
    """Keys with a clock in the hand, which count how often the file is looked at."""

    def __init__(self, path: Path) -> None:
        self.now, self.looks = 0.0, 0
        super().__init__(path, clock=lambda: self.now)

    def _poll(self) -> None:
        self.looks += 1
        super()._poll()


def test_a_file_is_looked_at_once_a_second_at_most(safe: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.access.keys.READ_SECONDS", 1.0)
    safe.add("shop", "read")
    watched = Watched(safe.path)
    added = safe.add("later", "read")
    for now in (0.0, 0.5, 0.999):
        watched.now = now
        assert watched.find(added) is None
    assert watched.looks == 0
    for watched.now in (1.0, 1.5, 1.999, 2.0, 2.5):
        assert watched.find(added) is not None
    assert watched.looks == 2


def test_a_file_that_is_written_twice_within_a_tick_is_seen(safe: Safe) -> None:
    """Same size, same inode, same time: such a file is read again until its time has passed."""
    safe.add("shop", "read")
    state = safe.path.stat()
    now = state.st_mtime
    found = keys.Keys(safe.path, wall=lambda: now)
    forged, record = key_file.generate("shop", ["read"], NOON)
    content = safe.path.read_text().replace(key_file.read(safe.path)[0].sha256, record.sha256)
    safe.path.write_text(content)
    os.utime(safe.path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert found.find(forged) is not None
    assert found.find(safe.keys["shop"]) is None


def rotate(safe: Safe) -> tuple[int, int, int]:
    """How many requests failed and were made, and how many keys came, worked, went and were refused."""
    steady = safe.add("steady", "read")
    app, done, statuses = safe.service(), threading.Event(), []

    def ask() -> None:
        while not done.is_set() or len(statuses) < 200:
            statuses.append(get(app, steady).status_code)

    def soon(key: str, status: int) -> bool:
        """Another thread may just be reading what the file was before."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if get(app, key).status_code == status:
                return True
        return False

    def turn(number: int) -> bool:
        name = f"turn-{number}"
        new = safe.add(name, "read")
        worked = soon(new, 200)
        content = safe.path.read_bytes()
        with safe.path.open("r+b") as stream:  # as an editor does that truncates the file
            stream.truncate(len(content) // 2)
            statuses.extend(get(app, steady).status_code for _ in range(10))
            stream.seek(0)
            stream.write(content)
        safe.remove(name)
        return worked and soon(new, 401)

    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask) for _ in range(2)]
        try:
            rotated = sum(turn(number) for number in range(12))
        finally:
            done.set()
        for one in asking:
            one.result()
    return len(statuses) - statuses.count(200), len(statuses), rotated


def test_rotation_loses_no_request(safe: Safe) -> None:
    """Two clients ask all the time while other keys come and go, and the file is written over in place, half of it first."""
    failed, asked, rotated = rotate(safe)
    assert failed == 0
    assert asked >= 200
    assert rotated == 12


def test_control_without_the_last_sound_keys_a_rotation_loses_requests(
    safe: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    poll = keys.Keys._poll

    def forget(self: keys.Keys) -> None:
        poll(self)
        if self._problem:
            self._keys = ()

    monkeypatch.setattr(keys.Keys, "_poll", forget)
    assert rotate(safe)[0] > 0


def test_a_damaged_copy_does_not_stop_a_worker_whose_file_is_sound(safe: Safe, tmp_path: Path) -> None:
    key, copy = safe.add("shop", "read"), tmp_path / "copy.json"
    keys.Keys(safe.path, copy)
    copy.write_bytes(b"")
    assert keys.Keys(safe.path, copy).find(key) is not None
    keys.Keys(safe.path, copy)
    safe.path.write_bytes(b"")
    assert keys.Keys(safe.path, copy).find(key) is not None  # now the copy holds
