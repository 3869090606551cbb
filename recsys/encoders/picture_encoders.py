"""Encoders of pictures and words into one space: towers of this project, or a sentence-transformers model such as CLIP."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from recsys.data.vectors import Vectors
from recsys.encoders.hub import EncoderRef, SentenceEncoder, TextEncoder, open_encoder
from recsys.encoders.pictures import Picture
from recsys.encoders.tower_files import is_towers, open_towers
from recsys.encoders.towers import TowerEncoder
from recsys.errors import EncoderError, UnansweredError

CLIP_SCALE = 100.0  # what CLIP was trained to (Radford et al. 2021, section 2.5)
NO_PICTURES = "the model was trained without pictures (content.picture_encoder)"


class PictureEncoder(TextEncoder, Protocol):
    """A text encoder whose vectors stand in one space with those of pictures."""

    def encode_pictures(self, pictures: Sequence[Picture], advance: Callable[[int], None] = ...) -> Vectors:
        """Unit vectors (len(pictures), dim) float32; `advance` is told how many more are done."""
        ...


def find_picture_encoder(name: str, *, allow_download: bool = False) -> TowerEncoder | SentenceEncoder:
    """An encoder by the name or the folder that the configuration gives.

    Raises
    ------
    EncoderError
        When it is not on this machine or its files are damaged.
    """
    folder = Path(name)
    return open_towers(folder) if is_towers(folder) else open_encoder(name, allow_download=allow_download)


def open_picture_encoder(ref: EncoderRef) -> PictureEncoder:
    """The picture encoder of a model.

    Raises
    ------
    UnansweredError
        When the model was trained without pictures.
    EncoderError
        When the encoder is not on this machine, or is not the one that the model was trained with.
    """
    if not ref.fingerprint:
        raise UnansweredError(NO_PICTURES)
    if ref.folder is not None:
        return open_towers(ref.folder, ref.fingerprint)
    found = find_picture_encoder(ref.name)
    if found.fingerprint != ref.fingerprint:
        raise EncoderError(
            f"picture encoder {ref.name} is not the one that the model was trained with; put that one there, or train again"
        )
    return found


def scale_of(encoder: PictureEncoder) -> float:
    """What cosines are multiplied with before they become shares of captions."""
    return encoder.scale if isinstance(encoder, TowerEncoder) else CLIP_SCALE
