"""The file of keys: what is read, what is refused, and that a change is all or nothing."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from serving.access.key_file import KeyFileError, changing, digest, generate, read, read_for_server
from tests.support import factories
from tests.support.factories import NOON

SECRET = "rk_" + "5e" * 32
HASH = "0a" * 32


def entry(**changes: Any) -> dict[str, Any]:
    return {"name": "shop", "sha256": HASH, "scopes": ["read"], "created_at": "2026-11-23T10:15:00Z", **changes}


def written(folder: Path, *entries: object, mode: int = 0o600) -> Path:
    path = folder / "keys.json"
    path.write_text(json.dumps({"keys": entries}))
    path.chmod(mode)
    return path


def test_a_key_has_256_random_bits_and_only_its_hash_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    made = [generate(f"k{number}", ["read"], NOON) for number in range(100)]
    with changing(path) as known:
        known.extend(record for _, record in made)
    assert len({key for key, _ in made}) == 100
    content = path.read_text()
    for key, record in made:
        assert key.startswith("rk_")
        assert len(bytes.fromhex(key.removeprefix("rk_"))) == 32
        assert record.sha256 == digest(key)
        assert key not in content
        assert key.removeprefix("rk_") not in content
    assert [one.name for one in read(path)] == [f"k{number}" for number in range(100)]


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "keys.json"
    _, record = generate("shop", ["write", "read", "write"], NOON, datetime(2027, 1, 1, tzinfo=UTC))
    with changing(path) as known:
        known.append(record)
    assert read(path) == (record,)
    assert record.scopes == ("write", "read")


@pytest.mark.parametrize("name", ["", "a b", "-a", "a/b", "é", "a\n", "x" * 65, "a'b", "."])
def test_a_name_is_a_plain_word(name: str) -> None:
    with pytest.raises(KeyFileError, match="cannot name a key: up to 64 of A-Z a-z 0-9"):
        generate(name, ["read"], NOON)


@pytest.mark.parametrize("mode", [0o602, 0o666, 0o777])
def test_a_file_that_everybody_can_write_is_refused(mode: int, tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"can be written by everybody \(mode \d+\); chmod 600 it"):
        read(written(tmp_path, entry(), mode=mode))


DAMAGED = {
    "empty": b"",
    "white": b" \n",
    "no JSON": b"shop read",
    "cut": json.dumps({"keys": [entry()]}).encode()[:-9],
    "zeros": bytes(300),
    "not UTF-8": b'{"keys": ["\xff"]}',
    "deep": b"[" * 100_000,
    "a list": json.dumps([entry()]).encode(),
    "no keys": b"{}",
    "null": b'{"keys": null}',
    "another section": json.dumps({"keys": [entry()], SECRET: 1}).encode(),
    **{
        f"{name} = {value!r}": json.dumps({"keys": [entry(**{name: value})]}).encode()
        for name, value in (
            ("name", 5),
            ("name", ""),
            ("name", "a b"),
            ("sha256", SECRET),
            ("sha256", HASH.upper()),
            ("sha256", HASH + "0a"),
            ("sha256", HASH + "\n"),
            ("sha256", None),
            ("scopes", []),
            ("scopes", ["root"]),
            ("scopes", "admin"),
            ("scopes", [SECRET]),
            ("scopes", None),
            ("created_at", "yesterday"),
            ("created_at", "2026-11-23T10:15:00"),
            ("expires_at", "2027-01-01T00:00:00"),
            ("expires_at", False),
            ("expires_at", SECRET),
            ("key", SECRET),
            (SECRET, "shop"),
        )
    },
    "the same name": json.dumps({"keys": [entry(), entry(sha256="0b" * 32)]}).encode(),
    "the same hash": json.dumps({"keys": [entry(), entry(name="other")]}).encode(),
    "one of two": json.dumps({"keys": [entry(), entry(name="b", sha256="", scopes=["read"])]}).encode(),
    "too long": b'{"keys": []}' + b" " * (1 << 20),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_file_is_one_line_that_repeats_nothing_of_it(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=r"^key file \S+ is (damaged: .|empty;|longer than)") as caught:
        read_for_server(path)
    told = str(caught.value) + "".join(traceback.format_exception(caught.value))
    assert len(str(caught.value).splitlines()) == 1
    assert SECRET not in told
    assert HASH not in told
    assert caught.value.exit_code == 2


def test_every_cut_and_every_flipped_byte_is_refused_or_means_other_keys(tmp_path: Path) -> None:
    """No damage lets somebody in: what is still read holds no hash that was not in the file."""
    whole = json.dumps({"keys": [entry(), entry(name="b", sha256="0b" * 32)]}).encode()
    path = tmp_path / "keys.json"
    path.touch(0o600)
    refused = 0
    for number in range(len(whole)):
        for content in (whole[:number], whole[:number] + bytes([whole[number] ^ 1]) + whole[number + 1 :]):
            path.write_bytes(content)
            try:
                keys = read(path)
            except KeyFileError:
                refused += 1
            else:
                assert content != whole[:number]
                assert all(key.sha256.encode() in content for key in keys)
    assert refused > len(whole)


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "dangling"])
def test_what_is_no_readable_file_is_refused_at_once(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "dangling":
        path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(KeyFileError, match=r"^key file \S+ (cannot be read: .|is not a file)"):
        read_for_server(path)


def test_a_file_without_keys_is_sound_but_no_server_begins_with_it(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert read(path) == ()
    with pytest.raises(KeyFileError, match="holds no key; add one with `recsys keys add`"):
        read_for_server(path)
    read_for_server(written(tmp_path, entry()))


def test_a_change_replaces_the_file_in_one_step_for_its_owner_alone(tmp_path: Path) -> None:
    path = written(tmp_path, entry(), mode=0o644)
    with path.open("rb") as before, changing(path) as known:
        known.append(generate("second", ["admin"], NOON)[1])
        assert json.loads(before.read()) == {"keys": [entry()]}  # nothing is written meanwhile
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in read(path)] == ["shop", "second"]
    assert {one.name for one in tmp_path.iterdir()} == {"keys.json", ".keys.json.lock"}


def test_a_change_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, entry())
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("serving.access.key_file.os.fsync", full)
    with pytest.raises(KeyFileError, match="cannot be written: No space left on device"), changing(path) as known:
        known.clear()
    assert path.read_bytes() == before
    assert {one.name for one in tmp_path.iterdir()} == {"keys.json", ".keys.json.lock"}


def test_a_damaged_file_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(b"{")
    with pytest.raises(KeyFileError, match="is damaged"), changing(path):
        pytest.fail("it must not come so far")
    assert path.read_bytes() == b"{"


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target = written(tmp_path / "real", entry())
    link = tmp_path / "keys.json"
    link.symlink_to(target)
    with changing(link) as known:
        known.clear()
    assert link.is_symlink()
    assert read(target) == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_the_owner_of_a_file_stays_its_owner(tmp_path: Path) -> None:
    path = written(tmp_path, entry())
    os.chown(path, 65534, 65534)
    with changing(path) as known:
        known.clear()
    assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65534)


def add_many(path: Path, first: int) -> None:
    for number in range(first, first + 20):
        with changing(path) as known:
            known.append(generate(f"k{number}", ["read"], NOON)[1])


def test_two_who_add_keys_at_once_lose_none(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda first: add_many(path, first), (0, 20)))
    assert sorted(one.name for one in read(path)) == sorted(f"k{number}" for number in range(40))


def test_control_without_the_lock_keys_are_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path)
    monkeypatch.setattr("serving.access.key_file.FileLock", lambda *_, **__: nullcontext())
    with changing(path) as first:
        with changing(path) as second:
            second.append(generate("second", ["read"], NOON)[1])
        first.append(generate("first", ["read"], NOON)[1])
    assert [one.name for one in read(path)] == ["first"]


HOLD = """
import os, sys
from pathlib import Path
from serving.access.key_file import changing
with changing(Path(sys.argv[1])):
    if sys.argv[2] == "fork" and os.fork():
        os._exit(0)
    print("holding", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(path: Path, how: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """A process in the midst of a change."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=factories.ROOT
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"holding\n"
            yield process
        finally:
            process.kill()


def test_a_file_that_another_process_changes_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.access.key_file.LOCK_SECONDS", 0.1)
    path = written(tmp_path, entry())
    with (
        holder(path),
        pytest.raises(KeyFileError, match=r"^key file \S+ is locked: another process changes it; try again later$"),
        changing(path),
    ):
        pytest.fail("it must not come so far")
    assert [one.name for one in read(path)] == ["shop"]


def test_a_process_that_is_killed_in_the_midst_of_a_change_leaves_the_file_and_no_lock(tmp_path: Path) -> None:
    path = written(tmp_path, entry())
    with holder(path) as process:
        process.kill()
        process.wait()
        with changing(path) as known:
            assert [one.name for one in known] == ["shop"]


def test_a_child_that_was_forked_meanwhile_does_not_hold_the_lock(tmp_path: Path) -> None:
    path = written(tmp_path, entry())
    with holder(path, "fork") as process:
        process.wait()  # the child lives on until its standard input ends
        with changing(path) as known:
            assert [one.name for one in known] == ["shop"]


def test_the_lock_of_one_user_can_be_taken_by_another(tmp_path: Path) -> None:
    with changing(tmp_path / "keys.json"):
        assert stat.S_IMODE((tmp_path / ".keys.json.lock").stat().st_mode) == 0o666
