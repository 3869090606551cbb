"""A worker that reloads over and over: ``python -m tests.support.faults.reload_child STORE RELOADS [leak]``.

Prints what it holds after a tenth of the reloads and at the end, as a JSON list: open files, mappings, anonymous memory in KB.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from pathlib import Path

from recsys.bundle.store import CURRENT, Store, switch_link
from recsys.config import ServeConfig
from serving import app as operation
from serving.app import create_app
from serving.live.verdicts import Verdicts
from serving.settings import Settings

ANONYMOUS = re.compile(r"^Anonymous: +(\d+) kB$", re.MULTILINE)


def holds() -> dict[str, int]:
    found = ANONYMOUS.search(Path("/proc/self/smaps_rollup").read_text())
    assert found is not None
    return {
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "mappings": len(Path("/proc/self/maps").read_text().splitlines()),
        "anonymous": int(found[1]),
    }


def main() -> None:
    store, reloads, leaks = Store(Path(sys.argv[1])), int(sys.argv[2]), sys.argv[3:] == ["leak"]
    operation.Verdicts = lambda folder: Verdicts(folder, lambda _: None)  # type: ignore[assignment,misc]
    app = create_app(Settings(store.path, "", ServeConfig(reload_seconds=3600, access_log=False)))
    kept: list[object] = []
    if leaks:
        app.extensions["model"].on_swap(kept.append)
    stop, asking = threading.Event(), threading.Lock()

    def ask() -> None:
        client = app.test_client()
        while not stop.is_set():
            for path in ("/recommend/u1", "/recommend/nobody", "/similar/i1", "/metrics", "/readyz"):
                with asking:
                    client.get(path)

    thread = threading.Thread(target=ask)
    thread.start()
    versions, shown = store.versions(), []
    for number in range(reloads):
        version = versions[number % len(versions)]
        switch_link(store.path / CURRENT, version)
        app.extensions["reloader"].poll()
        assert app.extensions["model"].version == version
        if number + 1 in (reloads // 10, reloads):
            with asking:  # a request in flight holds the model that it began with
                shown.append(holds())
    stop.set()
    thread.join()
    sys.stdout.write(json.dumps(shown))


if __name__ == "__main__":
    main()
