"""Ids of lists, by which later pages repeat no item and events name the list in which an item was shown.

An id holds the state in which the list was made, so no server has to remember it: 12 hexadecimal digits of the number of the
last event that was counted, 8 of the model, and 12 random ones.
"""

from __future__ import annotations

import os
import zlib

from serving.errors import ConflictError

SEQ_DIGITS, MODEL_DIGITS = 12, 8


def recommendation_id(seq: int, model_version: str) -> str:
    """Return a new id."""
    return f"{seq:0{SEQ_DIGITS}x}{_model(model_version)}{os.urandom(6).hex()}"


def counted_up_to(recommendation: str, model_version: str) -> int:
    """Return the number of the last event that a list counted.

    Raises ConflictError when it was made by another model, whose order is gone.
    """
    if recommendation[SEQ_DIGITS : SEQ_DIGITS + MODEL_DIGITS] != _model(model_version):
        raise ConflictError(
            f"the list {recommendation} was made by another model than {model_version}; ask for its first page again"
        )
    return int(recommendation[:SEQ_DIGITS], 16)


def _model(model_version: str) -> str:
    return f"{zlib.crc32(model_version.encode()):0{MODEL_DIGITS}x}"
