"""The current model of the configured store, its events, and the requests of commands."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click
import numpy as np

from recsys.bundle.store import Store
from recsys.config import Config
from recsys.data.filters import parse_filter
from recsys.data.nearest_ids import near_ids
from recsys.data.vectors import Vectors
from recsys.encoders.picture_encoders import open_picture_encoder
from recsys.encoders.pictures import PictureBytes, decode
from recsys.errors import ConfigError, PictureError
from recsys.events.activity import UserEvents
from recsys.events.changes import NO_CHANGES, Changes
from recsys.live.item_users import ItemUsers
from recsys.live.live_catalog import LiveCatalog
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.search.pictures import check_pictures


def open_store(config: Config) -> Store:
    return Store(Path(config.store.path))


def open_recommender(config: Config) -> Recommender:
    """Open the current model; raises NoModelError when nothing is published, BundleError when the bundle is damaged."""
    return open_store(config).recommender()


@dataclass(frozen=True)
class OpenModel:
    """The current model, and the changes in the configured event store since its training."""

    recommender: Recommender
    changes: Changes

    @property
    def source(self) -> str:
        """The sources of an answer, for people."""
        store = self.changes.store
        return f"model {self.recommender.model_version}" + (f", events of {store.name}" if store is not None else "")

    def events_for(self, user_id: str, request: ListRequest) -> UserEvents:
        """Return the changes of a user that a list needs."""
        if request.rotation:
            self.check_rotation()
            return self.changes.shown_to(user_id)
        return self.changes.of_user(user_id)

    def check_rotation(self) -> None:
        """Raise ConfigError if there is no event store, which has what was shown."""
        if self.changes.store is None:
            raise ConfigError("--rotation needs what was shown to users, and there is no event store; set store.events")

    def is_deleted(self, user_id: str) -> bool:
        """Return whether a user was deleted since training."""
        return self.changes.of_user(user_id).forgotten

    def warn_of_unknown(self, item_ids: Iterable[str]) -> None:
        """Warn of ids to leave out that are of no item."""
        items = self.recommender.items
        for item_id in dict.fromkeys(item_ids):
            if item_id not in items:
                click.echo(f"warning: --exclude {item_id!r}: no such item{near_ids(items, item_id)}", err=True)

    def warn_of_others(self, item_ids: Iterable[str], taken_out: Collection[str]) -> None:
        """Say which ids of ``--without`` were not `taken_out` of the history."""
        for item_id in item_ids:
            if item_id not in taken_out:
                click.echo(f"warning: --without {item_id!r}: not in the history", err=True)

    def near_users(self, user_id: str) -> str:
        """Return a text with users, none deleted, whose ids are near an unknown one; empty without any."""
        return near_ids(self.recommender.users, user_id, self.is_deleted)


def open_model(config: Config) -> OpenModel:
    """Open the current model, and the configured event store until the command ends; raises also EventStoreError.

    Without a store, the answers are those of the model alone.
    """
    recommender = open_recommender(config)
    where, trained = config.store.events, recommender.events
    changes = Changes.open(where, trained) if where else NO_CHANGES
    click.get_current_context().call_on_close(changes.close)
    if where and trained.store_id and changes.store is None:
        click.echo(
            f"warning: there is no event store {where}, with which the model was trained; no event counts", err=True
        )
    if new := changes.new_items:
        own = ItemUsers(recommender, changes.of_user).factors(changes.events_of_new_items(), {})
        revision = max(change.revision for change in new)
        recommender = LiveCatalog(recommender).follow(new, revision, changes.item_vectors, own)
    return OpenModel(recommender, changes)


with_context = click.option(
    "--context", metavar="ITEM_ID", help="a list that goes with this item, too, such as that of a page"
)


def with_penalty(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command with a request the option of its popularity penalty, by default the configured one."""

    @click.option(
        "--popularity-penalty",
        type=click.FloatRange(0, 1),
        help="share of the best score that the most popular item loses, others less; default: serve.popularity_penalty",
    )
    @functools.wraps(command)
    def penalized(config: Config, popularity_penalty: float | None, **options: Any) -> None:
        penalty = config.serve.popularity_penalty if popularity_penalty is None else popularity_penalty
        command(config, popularity_penalty=penalty, **options)

    return penalized


def with_request(command: Callable[..., None]) -> Callable[..., None]:
    """Pass a command one ListRequest in place of those of its options that a request has."""

    @functools.wraps(command)
    def requesting(config: Config, filters: tuple[str, ...] = (), **options: Any) -> None:
        values = {field.name: options.pop(field.name) for field in fields(ListRequest) if field.name in options}
        request = ListRequest(filters=tuple(parse_filter(text) for text in filters), **values)
        command(config, request, **options)

    return requesting


def encoded_picture(recommender: Recommender, path: Path) -> Vectors:
    """Return the vector of a picture file, (picture_dim,).

    Raises UnansweredError when the model has no pictures, PictureError when the file is no picture, ConfigError without Pillow,
    EncoderError without the encoder.
    """
    check_pictures(recommender)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PictureError(f"picture {path}: cannot be read: {error.strerror}") from error
    encoder = open_picture_encoder(recommender.picture_encoder)
    return np.asarray(encoder.encode_pictures([decode(PictureBytes(content))])[0])


def not_blank(*texts: str | None) -> None:
    """Raise ConfigError when a text to encode is blank."""
    if not all(text is None or text.strip() for text in texts):
        raise ConfigError("a TEXT is blank; say what is sought")
