"""What the service is told by its environment, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recsys.config import StoreConfig

STORE = "RECSYS_STORE"


@dataclass(frozen=True)
class Settings:
    """Settings of one worker.

    Parameters
    ----------
    store : Path
        Folder of the model bundles, ``RECSYS_STORE``.
    """

    store: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        values = os.environ if environment is None else environment
        return cls(Path(values.get(STORE, StoreConfig().path)))
