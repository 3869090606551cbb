"""`recsys models`: what it prints and how it ends."""

from __future__ import annotations

import fcntl
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from recsys.bundle.store import LOCK, Store
from recsys.cli import main
from tests.support.faults import bundles
from tests.support.faults.bundles import serving

UNKNOWN = "20200101T000000Z-0000"


@dataclass(frozen=True)
class Ending:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Models = Callable[..., Ending]


@pytest.fixture
def models(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Models:
    """`recsys models` on the store, run in this process as the console command runs it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")

    def run(*arguments: str) -> Ending:
        monkeypatch.setattr(sys, "argv", ["recsys", "models", *arguments, "--set", f"store.path={store.path}"])
        code = 0
        try:
            main.main()
        except SystemExit as ending:
            code = int(ending.code or 0)
        return Ending(code, *capsys.readouterr())

    return run


def failed(ending: Ending, message: str) -> bool:
    """Whether it ended with exit code 1 and one line of the given text."""
    return ending.code == 1 and re.fullmatch(f"error: [^\n]*{message}[^\n]*\n", ending.err) is not None


def damage(store: Store, version: str) -> None:
    path = store.folder(version) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"?")


def test_list_shows_all_versions_and_marks_the_current_one(full: Store, models: Models) -> None:
    full.rollback()
    old, current, new = full.versions()
    ending = models("list")
    assert (ending.code, ending.err) == (0, "")
    assert [line.split() for line in ending.lines] == [["version", "current"], [old], [current, "*"], [new]]


def test_list_as_json(full: Store, models: Models) -> None:
    marks = [(version, version == full.current()) for version in full.versions()]
    expected = [{"model_version": version, "current": mark} for version, mark in marks]
    assert json.loads(models("list", "--json").out) == expected


def test_list_of_an_empty_store_is_empty(store: Store, models: Models) -> None:
    assert models("list", "--json") == Ending(0, "[]\n", "")
    assert [line.split() for line in models("list").lines] == [["version", "current"]]


@pytest.mark.parametrize("command", ["show", "rollback", "verify"])
def test_an_empty_store_is_an_error(store: Store, models: Models, command: str) -> None:
    assert failed(models(command), "holds no model; run `recsys train` first")


@pytest.mark.parametrize("command", ["show", "rollback", "verify"])
def test_an_unknown_version_is_an_error(full: Store, models: Models, command: str) -> None:
    assert failed(models(command, UNKNOWN), f"has no version '{UNKNOWN}'; `recsys models list` shows them")
    assert serving(full) == "c"


def test_show_prints_the_manifest(full: Store, models: Models) -> None:
    for version in full.versions():
        assert json.loads(models("show", version).out) == full.verify(version).model_dump()
    assert json.loads(models("show").out)["model_version"] == full.current()


@pytest.mark.parametrize("command", ["show", "rollback", "verify"])
def test_a_damaged_version_is_an_error(full: Store, models: Models, command: str) -> None:
    target = full.versions()[1]
    damage(full, target)
    assert failed(models(command, target), r"model\.safetensors: its size or checksum does not match")
    assert serving(full) == "c"


def test_rollback_says_what_is_current_now(full: Store, models: Models) -> None:
    old, middle, new = full.versions()
    for arguments, target, prefix in (([], middle, "b"), ([], old, "a"), ([new], new, "c")):
        assert models("rollback", *arguments) == Ending(0, f"current is now {target}\n", "")
        assert serving(full) == prefix
    full.rollback(old)
    assert failed(models("rollback"), f"has no version before {old}")


def test_verify_says_which_are_sound(full: Store, models: Models) -> None:
    assert models("verify") == Ending(0, "".join(f"{version} sound\n" for version in full.versions()), "")
    assert models("verify", full.current()) == Ending(0, f"{full.current()} sound\n", "")


def test_verify_names_the_damaged_one_and_fails(full: Store, models: Models) -> None:
    old, middle, new = full.versions()
    damage(full, middle)
    ending = models("verify")
    assert failed(ending, "1 of 3 models are damaged; roll back or train again, and remove the folders")
    assert (ending.lines[0], ending.lines[2]) == (f"{old} sound", f"{new} sound")
    assert re.fullmatch(rf"{middle} .*model\.safetensors: its size or checksum does not match.*", ending.lines[1])


@pytest.mark.parametrize("by_name", [True, False])
def test_verify_opens_what_it_checks(full: Store, models: Models, by_name: bool) -> None:
    """A bundle can be intact, byte for byte, and still be none that this release can serve."""
    target = full.versions()[0]
    bundles.edit(full.folder(target), lambda raw: raw["counts"].update(users=9))
    ending = models("verify", *([target] if by_name else []))
    assert failed(ending, "the manifest says users=9" if by_name else "1 of 3 models are damaged")


def test_prune_keeps_what_it_is_told(full: Store, models: Models) -> None:
    old, middle, new = full.versions()
    assert models("prune") == Ending(0, "0 removed\n", "")
    assert models("prune", "--keep", "2") == Ending(0, f"removed {old}\n1 removed\n", "")
    assert models("prune", "--set", "store.keep=1") == Ending(0, f"removed {middle}\n1 removed\n", "")
    assert (full.versions(), serving(full)) == ([new], "c")


@pytest.mark.parametrize("arguments", [["--keep", "0"], ["--keep", "-1"], ["--keep", "x"], ["--set", "store.keep=0"]])
def test_prune_refuses_to_keep_none(full: Store, models: Models, arguments: list[str]) -> None:
    assert models("prune", *arguments).code == 2
    assert len(full.versions()) == 3


@pytest.mark.parametrize("command", ["rollback", "prune"])
def test_a_locked_store_is_an_error(full: Store, models: Models, command: str) -> None:
    with (full.path / LOCK).open() as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        assert failed(models(command), "is locked: another process publishes; try again later")
    assert models(command).code == 0


@pytest.mark.parametrize("command", ["list", "show", "rollback", "prune --keep 1"])
def test_a_link_that_is_not_ours_is_an_error(full: Store, models: Models, command: str) -> None:
    (full.path / "current").unlink()
    (full.path / "current").symlink_to("/etc")
    assert failed(models(*command.split()), "current points to '/etc', which is not a version")
    assert len(full.versions()) == 3


def test_the_installed_command_ends_with_one_line(full: Store, tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [Path(sys.executable).with_name("recsys"), "models", *arguments, "--set", f"store.path={full.path}"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    good, bad = run("rollback"), run("show", UNKNOWN)
    assert (good.returncode, good.stdout, good.stderr) == (0, f"current is now {full.versions()[1]}\n", "")
    assert failed(Ending(bad.returncode, bad.stdout, bad.stderr), f"has no version '{UNKNOWN}'")
    assert serving(full) == "b"
