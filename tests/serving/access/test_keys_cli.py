"""`recsys keys`."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from serving.access.key_file import digest, read
from tests.training.test_train_command import recsys


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recsys.toml").write_text('[serve]\nkeys = "var/keys.json"\n')
    return tmp_path / "var" / "keys.json"


Shown = pytest.CaptureFixture[str]


def test_a_key_is_printed_once_and_kept_as_a_hash(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Shown) -> None:
    assert recsys(monkeypatch, "keys", "add", "shop", "--scope", "read", "--scope", "write") == 0
    told = capsys.readouterr()
    key = told.out.strip()
    assert key not in told.err
    (record,) = read(here)
    assert (record.name, record.sha256, record.scopes) == ("shop", digest(key), ("read", "write"))
    assert abs(record.created_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert record.expires_at is None
    assert stat.S_IMODE(here.stat().st_mode) == 0o600
    assert recsys(monkeypatch, "keys", "list") == 0
    assert recsys(monkeypatch, "keys", "list", "--json") == 0
    listed = capsys.readouterr().out
    assert "shop" in listed
    assert "read, write" in listed
    assert key not in listed
    assert record.sha256 not in listed


def test_a_list_says_what_has_expired(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Shown) -> None:
    assert recsys(monkeypatch, "keys", "add", "a", "--scope", "admin", "--expires", "2999-01-01") == 0
    here.write_text(here.read_text().replace("2999", "2020"))
    assert recsys(monkeypatch, "keys", "add", "b", "--scope", "read", "--expires", "2999-12-31T23:30Z") == 0
    capsys.readouterr()
    assert recsys(monkeypatch, "keys", "list") == 0
    _, first, second = capsys.readouterr().out.splitlines()
    assert first.split()[:2] == ["a", "admin"]
    assert first.rstrip().endswith("2020-01-01 00:00Z (expired)")
    assert second.rstrip().endswith("2999-12-31 23:30Z")
    assert recsys(monkeypatch, "keys", "list", "--json") == 0
    assert [one["expires_at"] for one in json.loads(capsys.readouterr().out)] == [
        "2020-01-01T00:00:00Z",
        "2999-12-31T23:30:00Z",
    ]


def test_a_key_is_removed_by_name(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Shown) -> None:
    for name in ("a", "b"):
        assert recsys(monkeypatch, "keys", "add", name, "--scope", "read") == 0
    assert recsys(monkeypatch, "keys", "remove", "a") == 0
    assert [one.name for one in read(here)] == ["b"]
    capsys.readouterr()
    assert recsys(monkeypatch, "keys", "remove", "b") == 0
    assert "holds no key now: no client is admitted" in capsys.readouterr().err
    assert read(here) == ()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("add", "shop", "--scope", "read"), 2, "there is a key 'shop' already"),
        (("add", "a b", "--scope", "read"), 2, "'a b' cannot name a key"),
        (("add", "a"), 2, "Missing option '--scope'"),
        (("add", "a", "--scope", "root"), 2, "'root' is not one of 'read', 'write', 'admin'"),
        (("add", "a", "--scope", "read", "--expires", "2020-01-01"), 2, "has passed already"),
        (("add", "a", "--scope", "read", "--expires", "2027-02-30"), 2, "does not match the format"),
        (("add", "a", "--scope", "read", "--expires", "20270101"), 2, "does not match the format"),
        (("add", "a", "--scope", "read", "--expires", "2027-01-01T10:00"), 2, "does not match the format"),
        (("add", "a", "--scope", "read", "--expires", "tomorrow"), 2, "does not match the format"),
        (("remove", "nix"), 1, "has no key 'nix'"),
        (("list", "--set", "serve.keys=nix.json"), 2, "nix.json cannot be read: No such file"),
        (("list", "--set", "serve.keys="), 2, "serve.keys is empty; name the file of keys there"),
    ],
)
def test_an_error_is_told_and_nothing_is_changed(
    here: Path, arguments: tuple[str, ...], code: int, message: str, monkeypatch: pytest.MonkeyPatch, capsys: Shown
) -> None:
    assert recsys(monkeypatch, "keys", "add", "shop", "--scope", "read") == 0
    before = here.read_bytes()
    capsys.readouterr()
    assert recsys(monkeypatch, "keys", *arguments) == code
    told = capsys.readouterr()
    assert message in told.err
    assert told.out == ""
    assert here.read_bytes() == before
