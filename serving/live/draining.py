"""The end of a server: it says that it is not ready, and serves on until those who send requests have noticed."""

from __future__ import annotations

from pathlib import Path

FLAG = "draining"


def begin(run: Path) -> None:
    """Tell all workers that share the folder `run`; their ``/readyz`` answers 503 from now on."""
    (run / FLAG).touch()
