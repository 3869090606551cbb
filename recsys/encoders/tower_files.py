"""The two files of a pair of towers: ``towers.json`` and ``towers.safetensors``."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recsys.data.vectors import Vectors
from recsys.encoders.safetensors_file import map_tensors
from recsys.encoders.towers import KERNEL, POOLED, STRIDE, Convolution, Head, TowerEncoder
from recsys.errors import EncoderError

DESCRIPTION, WEIGHTS = "towers.json", "towers.safetensors"
FILES = (DESCRIPTION, WEIGHTS)
HEAD = ("inner", "inner_bias", "outer", "outer_bias")
CHANNELS = 3


class Description(BaseModel):
    """What ``towers.json`` says: words are numbered in the order in which they stand."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    kind: Literal["recsys two towers"] = "recsys two towers"
    version: Literal[1] = 1
    name: Annotated[str, Field(min_length=1)]
    side: Annotated[int, Field(ge=8, le=512)]
    convolutions: Annotated[int, Field(ge=1, le=8)]
    scale: Annotated[float, Field(gt=0)]
    words: Annotated[tuple[str, ...], Field(strict=False)]


def is_towers(folder: Path) -> bool:
    """Whether a folder holds towers of this project."""
    return (folder / DESCRIPTION).is_file()


def fingerprint_of(files: dict[str, bytes]) -> str:
    """The hash of both files."""
    hashes = {name: hashlib.sha256(files[name]).hexdigest() for name in FILES}
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


def read_files(folder: Path) -> dict[str, bytes]:
    """Both files by name; raises EncoderError when one is missing."""
    try:
        return {name: (folder / name).read_bytes() for name in FILES}
    except OSError as error:
        raise EncoderError(f"picture encoder {folder}: cannot be read: {error.strerror}") from error


def open_towers(folder: Path, fingerprint: str | None = None) -> TowerEncoder:
    """Open the towers of a folder, their weights memory-mapped.

    Parameters
    ----------
    fingerprint : str or None
        Where somebody has checked the files already; None: it is computed.

    Raises
    ------
    EncoderError
        When the files are missing, damaged or do not fit together.
    """
    if fingerprint is None:
        fingerprint = fingerprint_of(read_files(folder))
    try:
        described = Description.model_validate_json((folder / DESCRIPTION).read_bytes())
        return _encoder(described, fingerprint, map_tensors(folder / WEIGHTS))
    except (OSError, ValidationError, ValueError, KeyError) as error:
        first = str(error).splitlines()[0]
        raise EncoderError(f"picture encoder {folder}: its files do not load: {first}") from error


def _encoder(described: Description, fingerprint: str, tensors: dict[str, Vectors]) -> TowerEncoder:
    channels, side = CHANNELS, described.side
    convolutions: list[Convolution] = []
    for number in range(described.convolutions):
        weight = _of(tensors, f"picture.{number}.weight", KERNEL * KERNEL * channels, None)
        convolutions.append(Convolution(weight, _of(tensors, f"picture.{number}.bias", weight.shape[1])))
        channels, side = weight.shape[1], -(-side // STRIDE)
    words = {word: num for num, word in enumerate(described.words)}
    word_vectors = _of(tensors, "text.words", len(words), None)
    pooled = sum(len(convolution.bias) for convolution in convolutions[-POOLED:])
    picture_head = _head(tensors, "picture", channels * side * side + pooled)
    text_head = _head(tensors, "text", word_vectors.shape[1])
    if picture_head.outer.shape[1] != text_head.outer.shape[1]:
        raise ValueError("the towers end in spaces of different dimensions")
    return TowerEncoder(
        described.name,
        fingerprint,
        described.scale,
        described.side,
        words,
        word_vectors,
        text_head,
        tuple(convolutions),
        picture_head,
    )


def _head(tensors: dict[str, Vectors], of: str, n_in: int) -> Head:
    inner = _of(tensors, f"{of}.inner", n_in, None)
    outer = _of(tensors, f"{of}.outer", inner.shape[1], None)
    biases = _of(tensors, f"{of}.inner_bias", inner.shape[1]), _of(tensors, f"{of}.outer_bias", outer.shape[1])
    return Head(inner, biases[0], outer, biases[1])


def _of(tensors: dict[str, Vectors], name: str, *shape: int | None) -> Vectors:
    """The array of a name in float32; a size of None may be any."""
    array = tensors[name]
    wanted = tuple(found if size is None else size for size, found in zip(shape, array.shape, strict=False))
    if array.dtype != np.float32 or array.shape != wanted or array.ndim != len(shape) or 0 in array.shape:
        raise ValueError(f"{name} is {array.dtype} of shape {array.shape}, not float32 of {shape}")
    return array
