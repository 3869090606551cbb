"""The pretrained encoders that the configuration names, found without loading anything heavy."""

from __future__ import annotations

from recsys.config import ContentConfig
from recsys.encoders.hub import SentenceEncoder, open_encoder
from recsys.encoders.onnx_encoder import OnnxEncoder
from recsys.encoders.picture_encoders import find_picture_encoder
from recsys.encoders.pictures import library

FITTED = "lsa"
NONE = "none"


def find_encoder(content: ContentConfig) -> SentenceEncoder | None:
    """Return the checked text encoder, None for ``lsa`` and ``none``; raises EncoderError when it is missing or another."""
    if content.encoder in (FITTED, NONE):
        return None
    return open_encoder(content.encoder, allow_download=content.allow_download, sha256=content.sha256)


def find_pictures(content: ContentConfig) -> OnnxEncoder | SentenceEncoder | None:
    """Return the checked picture encoder, None if none is configured.

    Raises EncoderError when it is not on this machine, ConfigError when Pillow is not installed.
    """
    if not content.picture_encoder:
        return None
    library()
    return find_picture_encoder(content.picture_encoder, allow_download=content.allow_download)
