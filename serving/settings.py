"""Settings of a worker, read once from its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from recsys.config import ChatConfig, Config, ServeConfig, StoreConfig

STORE, EVENTS, SERVE, CHAT, RUN = "RECSYS_STORE", "RECSYS_EVENTS", "RECSYS_SERVE", "RECSYS_CHAT", "RECSYS_RUN"
DRAINING = "draining"  # a file in `run`: the server is ending, and ``/readyz`` answers 503
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Settings:
    """Settings of one worker.

    `store` is the folder of the model bundles, `events` a SQLite file or a database URL; where it is empty, ``POST /events``
    is refused. The workers of one server share the folder `run` while it runs; None: the worker is alone.
    """

    store: Path
    events: str = ""
    serve: ServeConfig = field(default_factory=ServeConfig)
    run: Path | None = None
    chat: ChatConfig = field(default_factory=ChatConfig)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        values = os.environ if environment is None else environment
        defaults = StoreConfig()
        run = values.get(RUN)
        return cls(
            Path(values.get(STORE, defaults.path)),
            values.get(EVENTS, defaults.events),
            ServeConfig.model_validate_json(values.get(SERVE, "{}")),
            Path(run) if run else None,
            ChatConfig.model_validate_json(values.get(CHAT, "{}")),
        )

    @classmethod
    def from_config(cls, config: Config) -> Settings:
        """Return the settings of a configuration, with absolute paths."""
        events, serve = config.store.events, config.serve
        if events and "://" not in events:
            events = str(Path(events).resolve())
        if serve.keys:
            serve = serve.model_copy(update={"keys": str(Path(serve.keys).absolute())})  # links may change
        return cls(Path(config.store.path).resolve(), events, serve, chat=config.chat)

    def environment(self) -> dict[str, str]:
        """Return the variables that :meth:`from_environment` reads these settings from."""
        run = {} if self.run is None else {RUN: str(self.run)}
        tables = {SERVE: self.serve.model_dump_json(), CHAT: self.chat.model_dump_json()}
        return {STORE: str(self.store), EVENTS: self.events, **tables, **run}
