"""The current model of the configured store, and files that it is asked about."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recsys.bundle.store import Store
from recsys.config import Config
from recsys.data.vectors import Vectors
from recsys.encoders.picture_encoders import open_picture_encoder
from recsys.encoders.pictures import PictureBytes, decode
from recsys.errors import ConfigError, PictureError
from recsys.recommend.recommender import Recommender
from recsys.search.pictures import check_pictures


def open_store(config: Config) -> Store:
    return Store(Path(config.store.path))


def open_recommender(config: Config) -> Recommender:
    """Raises NoModelError when nothing is published, BundleError when the current bundle is damaged."""
    return open_store(config).recommender()


def encoded_picture(recommender: Recommender, path: Path) -> Vectors:
    """The vector of a file, (picture_dim,).

    Raises
    ------
    UnansweredError
        When the model has no pictures.
    PictureError
        When the file cannot be read as one.
    ConfigError, EncoderError
        When Pillow is not installed, or the encoder is not there.
    """
    check_pictures(recommender)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PictureError(f"picture {path}: cannot be read: {error.strerror}") from error
    encoder = open_picture_encoder(recommender.picture_encoder)
    return np.asarray(encoder.encode_pictures([decode(PictureBytes(content))])[0])


def not_blank(*texts: str | None) -> None:
    """Raises ConfigError when a text that is to be encoded says nothing."""
    if not all(text is None or text.strip() for text in texts):
        raise ConfigError("a TEXT is blank; say what is sought")
