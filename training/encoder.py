"""The pretrained text encoder that the configuration names, found without loading anything heavy."""

from __future__ import annotations

from recsys.config import ContentConfig
from recsys.encoders import SentenceEncoder, open_encoder

FITTED = "lsa"
NONE = "none"


def find_encoder(content: ContentConfig) -> SentenceEncoder | None:
    """The encoder, looked up and checked; None for ``lsa`` and ``none``.

    Raises
    ------
    EncoderError
        When it is not on this machine or not the expected one.
    """
    if content.encoder in (FITTED, NONE):
        return None
    return open_encoder(content.encoder, allow_download=content.allow_download, sha256=content.sha256)
