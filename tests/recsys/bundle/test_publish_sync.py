"""What a publish wrote is on the disk before anything points to it, by the log of its system calls."""

from __future__ import annotations

import re
from collections.abc import Set
from functools import cache
from pathlib import Path

import pytest

from recsys.bundle.store import STAGING, Store
from tests.support.faults import bundles, tracing
from tests.support.faults.tracing import Call

OPENED = re.compile(r"^\d+<(?P<path>/[^>]*)>")
QUOTED = re.compile(r'"([^"]*)"')


@cache
def opened(text: str) -> str:
    """The path behind a file number such as ``3</store/.lock>``, or an empty string."""
    found = OPENED.match(text)
    return found["path"] if found else ""


@cache
def changed(call: Call) -> Set[str]:
    """The files and folders that a call changed and that are not on the disk yet; a new name changes its folder."""
    if call.result.startswith("-1"):
        return set()
    if call.kind in ("write", "pwrite64", "writev", "ftruncate"):
        return {opened(call.arguments)}
    if call.kind == "open" and "O_CREAT" in call.arguments:
        path = opened(call.result)
        return {path, str(Path(path).parent)}
    paths = [Path(text) for text in QUOTED.findall(call.arguments)]
    if call.kind == "mkdir":
        return {str(paths[0]), str(paths[0].parent)}
    if call.kind in ("rename", "symlink", "unlink"):
        return {str(path.parent) for path in paths[-2:] if path.is_absolute()}
    return set()


def unsynced(calls: list[Call], store: Path) -> set[str]:
    """What was not synced when it had to be.

    The staging folder and all below it before it gets the name of the version, the store before the link to that
    version is made, and the store at the end.
    """
    dirty: set[str] = set()
    late: set[str] = set()
    for call in calls:
        if call.kind == "fsync" and call.result == "0":
            dirty.discard(opened(call.arguments))
        elif call.kind == "rename" and f'{STAGING}"' in call.arguments:
            late |= {path for path in dirty if Path(path).is_relative_to(store / STAGING)}
        elif call.kind == "symlink":
            late |= dirty & {str(store)}
        elif call.kind == "rename" and call.result == "0":
            old, new = (path for path in QUOTED.findall(call.arguments))
            dirty = {new if path == old else path for path in dirty}
        dirty |= changed(call)
    return late | dirty & {str(store)}


def traced(kind: str, folder: Path) -> tuple[list[Call], Path]:
    """The calls of a publish of B over A, and the store."""
    bundles.publish(Store(folder / "store"), bundles.tiny("a", seed=1))
    try:
        with tracing.publisher(kind, folder / "logs") as publisher:
            ending = publisher.run(folder / "store", "-e", "trace=%file,%desc")
    except tracing.CannotTraceError as error:
        pytest.skip(f"no tracing here: {error}")
    assert (ending.code, ending.errors) == (0, "")
    return ending.calls, folder / "store"


def test_everything_is_synced_before_it_is_pointed_to(tmp_path: Path) -> None:
    calls, store = traced("soundly", tmp_path)
    assert unsynced(calls, store) == set()
    assert "rename" in {call.kind for call in calls}


def test_control_a_publisher_that_never_syncs_is_noticed(tmp_path: Path) -> None:
    calls, store = traced("unsynced", tmp_path)
    version = Store(store).folder(Store(store).current())
    written = {store / STAGING / path.relative_to(version) for path in version.rglob("*")}
    assert unsynced(calls, store) == {str(path) for path in written | {store / STAGING, store}}
    assert len(written) > 5


def test_control_each_missing_sync_is_noticed(tmp_path: Path) -> None:
    """None is superfluous, and one that comes before the last write is none."""
    calls, store = traced("soundly", tmp_path)
    syncs = [call for call in calls if call.kind == "fsync"]
    assert len(syncs) > 10
    for sync in syncs:
        without = [call for call in calls if call is not sync]
        assert unsynced(without, store), f"leaving out {sync} is not noticed"
        assert unsynced([sync, *without], store), f"{sync} before everything is not noticed"
