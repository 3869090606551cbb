"""A process that publishes model B, right or wrong, and can be traced, killed and made to fail meanwhile.

``python -m tests.support.faults.publish_child KIND STORE`` publishes once. Without STORE everything is prepared first, and then
each line ``STORE<tab>FILE`` on standard input forks a publisher, whose number is printed, whose standard error goes to
FILE, and which begins when one more byte comes, so that a tracer sees the publish and nothing else. At its end the
status that ``waitpid`` gave is printed.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

import click

from recsys.bundle.bundle import MANIFEST, MANIFEST_SHA
from recsys.bundle.store import Store
from recsys.cli import main as cli
from tests.support.faults import bundles

SET_PTRACER, ANYBODY = 0x59616D61, ctypes.c_ulong(-1)
Publisher = Callable[[Store], object]


def soundly() -> Publisher:
    """The publish of the store."""
    model = bundles.tiny("b", seed=2)
    return lambda store: bundles.publish(store, model)


def in_place() -> Publisher:
    """Wrong: the files of B, each synced, are written over those of the current bundle, the manifest last."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Store(Path(folder))
        content = bundles.files(scratch.folder(bundles.publish(scratch, bundles.tiny("b", seed=2))))
    raw = json.loads(content.pop(MANIFEST))
    content.pop(MANIFEST_SHA)

    def overwrite(store: Store) -> None:
        target = store.folder(store.current())
        for name, new in content.items():
            with (target / name).open("wb") as stream:
                stream.write(new)
                stream.flush()
                os.fsync(stream.fileno())
        bundles.sign(target, json.dumps({**raw, "model_version": target.name}).encode())

    return overwrite


def unsynced() -> Publisher:
    """Wrong: the publish of the store, with nothing synced."""
    os.fsync = lambda _: None
    return soundly()


KINDS = {"soundly": soundly, "in_place": in_place, "unsynced": unsynced}


def publish(publisher: Publisher, store: Path) -> int:
    """What the command line does with a publish; the exit code, or 70 where it would end in a traceback."""
    cli.cli = click.Command("publish", callback=lambda: publisher(Store(store)))
    sys.argv = ["publish"]
    try:
        cli.main()
    except SystemExit as ending:
        return int(ending.code or 0)
    except BaseException:
        traceback.print_exc()
        return 70
    return 0


def fork(publisher: Publisher, store: str, errors: str) -> None:
    prepared, preparing = os.pipe()
    child = os.fork()
    if child:
        os.read(prepared, 1)
        os.write(1, f"{child}\n".encode())
        _, status = os.waitpid(child, 0)
        os.read(0, 1)
        os.write(1, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os.close(prepared)
        os.close(preparing)
        return
    os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
    ctypes.CDLL(None).prctl(SET_PTRACER, ANYBODY)
    os.write(preparing, b"+")
    told = select.poll()
    told.register(0, select.POLLIN)
    told.poll()
    code = publish(publisher, Path(store))
    sys.stderr.flush()
    os._exit(code)


def main(kind: str, store: str = "") -> int:
    publisher = KINDS[kind]()
    if store:
        return publish(publisher, Path(store))
    while line := os.read(0, 4096).decode():
        fork(publisher, *line.rstrip("\n").split("\t"))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
