"""Ids of lists, by which later pages repeat no item and events name the list in which an item was shown.

An id holds the state in which the list was made, so no server has to remember it: 12 hexadecimal digits of the number of the
last event that was counted, 8 of the model, and 12 random ones. With rotation follow 12 digits of the number of the last
impression that was counted, and 8 of the time in seconds.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass

from serving.errors import ConflictError

SEQ_DIGITS, MODEL_DIGITS, RANDOM_DIGITS, TIME_DIGITS = 12, 8, 12, 8
PLAIN_DIGITS = SEQ_DIGITS + MODEL_DIGITS + RANDOM_DIGITS


@dataclass(frozen=True)
class Place:
    """What a list counted of the impressions: those up to a number, as old as they were `at` a time, seconds since 1970."""

    through: int
    at: int


def recommendation_id(seq: int, model_version: str, place: Place | None = None) -> str:
    """Return a new id; `place` is that of a list with rotation."""
    plain = f"{seq:0{SEQ_DIGITS}x}{_model(model_version)}{os.urandom(RANDOM_DIGITS // 2).hex()}"
    return plain if place is None else f"{plain}{place.through:0{SEQ_DIGITS}x}{place.at:0{TIME_DIGITS}x}"


def counted_up_to(recommendation: str, model_version: str) -> int:
    """Return the number of the last event that a list counted.

    Raises ConflictError when it was made by another model, whose order is gone.
    """
    if recommendation[SEQ_DIGITS : SEQ_DIGITS + MODEL_DIGITS] != _model(model_version):
        raise ConflictError(
            f"the list {recommendation} was made by another model than {model_version}; ask for its first page again"
        )
    return int(recommendation[:SEQ_DIGITS], 16)


def place_of(recommendation: str) -> Place:
    """Return what a list with rotation counted; raises ConflictError when it was made without rotation."""
    digits = recommendation[PLAIN_DIGITS:]
    if not digits:
        raise ConflictError(f"the list {recommendation} was made without rotation; ask for its first page with it")
    return Place(int(digits[:SEQ_DIGITS], 16), int(digits[SEQ_DIGITS:], 16))


def _model(model_version: str) -> str:
    return f"{zlib.crc32(model_version.encode()):0{MODEL_DIGITS}x}"
