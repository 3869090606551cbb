"""A worker without a server, for tests of what it follows."""

from __future__ import annotations

from pathlib import Path

from recsys.bundle.store import CURRENT, Store, switch_link
from serving.live.reload import Reloader
from serving.live.serving_model import ServingModel
from serving.live.verdicts import Verdicts
from tests.support.faults import bundles


class Worker:
    """A worker without a server, whose canary says what it is told to and whose clock stands still."""

    def __init__(self, store: Store, run: Path | None = None) -> None:
        self.store, self.now = store, 100.0
        self.tried = list[str]()
        self.says: dict[str, Exception] = {}
        self.outcomes = list[str]()
        self.model = ServingModel()
        verdicts = Verdicts(run, self._attempt)
        self.reloader = Reloader(store, self.model, verdicts, self.outcomes.append, lambda: self.now)

    def _attempt(self, folder: Path) -> None:
        self.tried.append(folder.name)
        if folder.name in self.says:
            raise self.says[folder.name]

    def look(self) -> str:
        """Look once; returns what serves then."""
        self.reloader.poll()
        return self.model.version

    def point(self, version: str) -> None:
        switch_link(self.store.path / CURRENT, version)


def publish(store: Store, prefix: str, seed: int) -> str:
    return bundles.publish(store, bundles.tiny(prefix, seed))
