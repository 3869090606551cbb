"""Settings of a worker, read once from its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from recsys.config import ChatConfig, Config, ContentConfig, ServeConfig, StoreConfig

STORE, EVENTS, SERVE, CHAT, RUN = "RECSYS_STORE", "RECSYS_EVENTS", "RECSYS_SERVE", "RECSYS_CHAT", "RECSYS_RUN"
PICTURES, PICTURE_COLUMN = "RECSYS_PICTURES", "RECSYS_PICTURE_COLUMN"
DRAINING = "draining"  # a file in `run`: the server is ending, and ``/readyz`` answers 503
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Settings:
    """Settings of one worker.

    `store` is the folder of the model bundles, `events` a SQLite file or a database URL; where it is empty, ``POST /events``
    is refused. The workers of one server share the folder `run` while it runs; None: the worker is alone. `pictures` is the
    folder of the items' pictures, whose paths in it the attribute `picture_column` has; empty: none.
    """

    store: Path
    events: str = ""
    serve: ServeConfig = field(default_factory=ServeConfig)
    run: Path | None = None
    chat: ChatConfig = field(default_factory=ChatConfig)
    pictures: str = ""
    picture_column: str = ContentConfig().picture_column

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
            values.get(PICTURES, ""),
            values.get(PICTURE_COLUMN, ContentConfig().picture_column),
        )

    @classmethod
    def from_config(cls, config: Config) -> Settings:
        """Return the settings of a configuration, with absolute paths."""
        events, serve = config.store.events, config.serve
        if events and "://" not in events:
            events = str(Path(events).resolve())
        if serve.keys:
            serve = serve.model_copy(update={"keys": str(Path(serve.keys).absolute())})  # links may change
        content = config.content
        pictures = str(Path(content.picture_folder).resolve()) if content.picture_folder else ""
        return cls(
            Path(config.store.path).resolve(), events, serve, None, config.chat, pictures, content.picture_column
        )

    def environment(self) -> dict[str, str]:
        """Return the variables that :meth:`from_environment` reads these settings from."""
        run = {} if self.run is None else {RUN: str(self.run)}
        tables = {SERVE: self.serve.model_dump_json(), CHAT: self.chat.model_dump_json()}
        pictures = {PICTURES: self.pictures, PICTURE_COLUMN: self.picture_column}
        return {STORE: str(self.store), EVENTS: self.events, **tables, **pictures, **run}
