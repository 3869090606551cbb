"""What a worker is told by its environment, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from recsys.config import ChatConfig, Config, ServeConfig, StoreConfig

STORE = "RECSYS_STORE"
EVENTS = "RECSYS_EVENTS"
SERVE = "RECSYS_SERVE"
CHAT = "RECSYS_CHAT"
RUN = "RECSYS_RUN"


@dataclass(frozen=True)
class Settings:
    """Settings of one worker.

    Parameters
    ----------
    store : Path
        Folder of the model bundles, ``RECSYS_STORE``.
    events : str
        Event store, a SQLite file or a database URL, ``RECSYS_EVENTS``; empty: none, and ``POST /events`` is refused.
    serve : ServeConfig
        ``RECSYS_SERVE``, as JSON.
    run : Path or None
        Folder that the workers of one server share while it runs, ``RECSYS_RUN``; None: the worker is alone.
    chat : ChatConfig
        ``RECSYS_CHAT``, as JSON.
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
    def from_config(cls, config: Config, run: Path | None = None) -> Settings:
        """The settings that a configuration describes, with paths that hold in any folder."""
        events, serve = config.store.events, config.serve
        if events and "://" not in events:
            events = str(Path(events).resolve())
        if serve.keys:
            serve = serve.model_copy(update={"keys": str(Path(serve.keys).absolute())})  # links may change
        return cls(Path(config.store.path).resolve(), events, serve, run, config.chat)

    def environment(self) -> dict[str, str]:
        """The variables that :meth:`from_environment` reads these settings from."""
        run = {} if self.run is None else {RUN: str(self.run)}
        given = {SERVE: self.serve.model_dump_json(), CHAT: self.chat.model_dump_json()}
        return {STORE: str(self.store), EVENTS: self.events, **given, **run}
