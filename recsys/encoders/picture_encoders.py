"""Encoders of pictures and words into one space: ONNX folders and sentence-transformers models such as CLIP."""

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
    """Text encoder that also encodes pictures into the same space."""

    def encode_pictures(self, pictures: Sequence[Picture], advance: Callable[[int], None] = ...) -> Vectors:
        """Return unit vectors (len(pictures), dim) float32; `advance` gets the number of pictures just done."""
        ...


def find_picture_encoder(name: str, *, allow_download: bool = False) -> OnnxEncoder | SentenceEncoder:
    """Return an encoder by name or folder; raises EncoderError when it is not on this machine or is damaged."""
    folder = Path(name)
    return open_onnx(folder) if is_onnx(folder) else open_encoder(name, allow_download=allow_download)


def open_picture_encoder(ref: EncoderRef) -> PictureEncoder:
    """Open the picture encoder of a model.

    Raises
    ------
    UnansweredError
        When the model was trained without pictures.
    EncoderError
        When the encoder is not on this machine or has another fingerprint.
    """
    if not ref.fingerprint:
        raise UnansweredError(NO_PICTURES)
    if ref.folder is not None:
        return open_onnx(ref.folder, ref.fingerprint)
    encoder = find_picture_encoder(ref.name)
    if encoder.fingerprint != ref.fingerprint:
        raise EncoderError(
            f"picture encoder {ref.name} is not the one that the model was trained with; put that one there, or train again"
        )
    return encoder


def scale_of(encoder: PictureEncoder) -> float:
    """Return the factor of cosines in the softmax over captions."""
    return encoder.scale if isinstance(encoder, OnnxEncoder) else CLIP_SCALE
