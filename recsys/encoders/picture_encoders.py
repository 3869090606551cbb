"""Encoders of pictures and words into one space: a folder in ONNX, or a sentence-transformers model such as CLIP."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from recsys.data.vectors import Vectors
from recsys.encoders.hub import EncoderRef, SentenceEncoder, TextEncoder, open_encoder
from recsys.encoders.onnx_encoder import CLIP_SCALE, OnnxEncoder, is_onnx, open_onnx
from recsys.encoders.pictures import Picture
from recsys.errors import EncoderError, UnansweredError

NO_PICTURES = "the model was trained without pictures (content.picture_encoder)"


class PictureEncoder(TextEncoder, Protocol):
    """A text encoder whose vectors stand in one space with those of pictures."""

    def encode_pictures(self, pictures: Sequence[Picture], advance: Callable[[int], None] = ...) -> Vectors:
        """Unit vectors (len(pictures), dim) float32; `advance` is told how many more are done."""
        ...


def find_picture_encoder(name: str, *, allow_download: bool = False) -> OnnxEncoder | SentenceEncoder:
    """An encoder by the name or the folder that the configuration gives.

    Raises
    ------
    EncoderError
        When it is not on this machine or its files are damaged.
    """
    folder = Path(name)
    return open_onnx(folder) if is_onnx(folder) else open_encoder(name, allow_download=allow_download)


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
        return open_onnx(ref.folder, ref.fingerprint)
    found = find_picture_encoder(ref.name)
    if found.fingerprint != ref.fingerprint:
        raise EncoderError(
            f"picture encoder {ref.name} is not the one that the model was trained with; put that one there, or train again"
        )
    return found


def scale_of(encoder: PictureEncoder) -> float:
    """What cosines are multiplied with before they become shares of captions."""
    return encoder.scale if isinstance(encoder, OnnxEncoder) else CLIP_SCALE
