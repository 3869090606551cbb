"""ONNX encoders of texts and pictures, run without torch; the only module that imports onnxruntime.

The folder of an encoder has

* ``encoder.json``, a :class:`Description`;
* ``tokenizer.json`` of the library tokenizers, with the length at which texts are truncated;
* ``text.onnx``: ``input_ids`` and ``attention_mask``, int64 (n, length), to ``vectors``, float32 (n, dim);
* ``image.onnx``, for pictures: ``pixels``, uint8 (n, side, side, 3), to vectors of the same space.

Weights may be in ``text.onnx.data`` and ``image.onnx.data``, which are memory-mapped.
"""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from recsys.data.vectors import Vectors, unit_rows
from recsys.encoders.hub import hash_of
from recsys.encoders.pictures import Picture, squared
from recsys.errors import EncoderError

DESCRIPTION, TOKENIZER = "encoder.json", "tokenizer.json"
TEXT, IMAGE = "text.onnx", "image.onnx"
REQUIRED = (DESCRIPTION, TOKENIZER, TEXT)
OPTIONAL = (f"{TEXT}.data", IMAGE, f"{IMAGE}.data")
CLIP_SCALE = 100.0  # Radford et al. 2021, section 2.5
BATCH_TOKENS = 1024  # more take memory and save no time
SLACK = 12  # padding tokens that cost as much as another call
BATCH_PICTURES = 64
PROBE = "files that do not fit together fail here"
ONLY_ERRORS = 3


class Description(BaseModel):
    """Content of ``encoder.json``; `scale` is the factor of cosines of pictures and texts before a softmax over texts."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    kind: Literal["recsys onnx encoder"] = "recsys onnx encoder"
    version: Literal[1] = 1
    name: Annotated[str, Field(min_length=1)]
    scale: Annotated[float, Field(gt=0)] = CLIP_SCALE


@dataclass(frozen=True, eq=False)
class OnnxEncoder:
    """Encoder of texts, see :class:`recsys.encoders.hub.TextEncoder`, and of pictures if it has an `image` model."""

    name: str
    fingerprint: str
    scale: float  # as in Description
    dim: int  # length of the vectors
    tokenizer: Any  # tokenizers.Tokenizer
    text: Any  # onnxruntime.InferenceSession
    image: Any  # onnxruntime.InferenceSession or None

    def encode(self, texts: Sequence[str], advance: Callable[[int], None] = lambda _: None) -> Vectors:
        """Return unit vectors (len(texts), dim) float32, zero without tokens; `advance` gets the number of texts just done."""
        tokens = [encoding.ids for encoding in self.tokenizer.encode_batch_fast([text.strip() for text in texts])]
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for rows in _batches([len(ids) for ids in tokens]):
            ids = np.zeros((len(rows), len(tokens[rows[-1]])), dtype=np.int64)
            mask = np.zeros_like(ids)
            for place, row in enumerate(rows):
                ids[place, : len(tokens[row])] = tokens[row]
                mask[place, : len(tokens[row])] = 1
            vectors[rows] = self.text.run(None, {"input_ids": ids, "attention_mask": mask})[0]
            advance(len(rows))
        advance(sum(not ids for ids in tokens))
        return unit_rows(vectors)

    def encode_pictures(self, pictures: Sequence[Picture], advance: Callable[[int], None] = lambda _: None) -> Vectors:
        """Return unit vectors (len(pictures), dim) float32; raises EncoderError without an `image` model."""
        if self.image is None:
            raise EncoderError(f"encoder {self.name} takes no pictures: it has no {IMAGE}")
        side = self.image.get_inputs()[0].shape[1]
        vectors = np.zeros((len(pictures), self.dim), dtype=np.float32)
        for start in range(0, len(pictures), BATCH_PICTURES):
            pixels = np.stack([squared(picture, side) for picture in pictures[start : start + BATCH_PICTURES]])
            vectors[start : start + len(pixels)] = self.image.run(None, {"pixels": pixels})[0]
            advance(len(pixels))
        return unit_rows(vectors)


def export_folder(cache: str, fingerprint: str) -> Path:
    """Return the folder of the export of a pretrained encoder, beside ``content.cache``."""
    return Path(cache).parent / "encoders" / fingerprint


def is_onnx(folder: Path) -> bool:
    """Return whether a folder has an ONNX encoder."""
    return (folder / DESCRIPTION).is_file()


def read_files(folder: Path) -> dict[str, mmap.mmap]:
    """Memory-map the files of an encoder, by name; raises EncoderError when a file is missing or empty."""
    names = [*REQUIRED, *(name for name in OPTIONAL if (folder / name).exists())]
    files = {}
    for name in names:
        try:
            with (folder / name).open("rb") as stream:
                files[name] = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:  # the latter: an empty file
            reason = getattr(error, "strerror", None) or error
            raise EncoderError(f"encoder {folder}: {name} cannot be read: {reason}") from error
    return files


def fingerprint_of(folder: Path) -> str:
    """Return the hash of all files of an encoder; raises EncoderError when a file is missing."""
    return hash_of({name: hashlib.sha256(content).hexdigest() for name, content in read_files(folder).items()})


def open_onnx(folder: Path, fingerprint: str | None = None) -> OnnxEncoder:
    """Open the encoder of a folder; without a fingerprint of checked files, it is the hash of the files.

    Raises
    ------
    EncoderError
        When files are missing, damaged or do not fit together, or onnxruntime or tokenizers is not installed.
    """
    try:
        from tokenizers import Tokenizer

        described = Description.model_validate_json((folder / DESCRIPTION).read_bytes())
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        tokenizer.no_padding()
        text = _session(folder / TEXT)
        image = _session(folder / IMAGE) if (folder / IMAGE).exists() else None
        dims = [model.get_outputs()[0].shape[1] for model in (text, image) if model is not None]
        if len(set(dims)) > 1:
            raise ValueError(f"its models end in spaces of {dims[0]} and {dims[1]} dimensions")
        fingerprint = fingerprint or fingerprint_of(folder)
        encoder = OnnxEncoder(described.name, fingerprint, described.scale, dims[0], tokenizer, text, image)
        encoder.encode([PROBE])
        return encoder
    except EncoderError:
        raise
    except Exception as error:  # tokenizers and onnxruntime raise nothing narrower
        raise EncoderError(f"encoder {folder}: its files do not load: {str(error).splitlines()[0]}") from error


def _session(path: Path) -> Any:
    """Return a session that computes in the calling thread, for a fixed order of sums."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = ONLY_ERRORS
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield row numbers of texts with tokens, similar in length, the longest last; BATCH_TOKENS tokens or a single text."""
    batch: list[int] = []
    padding = 0
    for row in sorted(np.flatnonzero(lengths).tolist(), key=lambda row: lengths[row]):
        padding += len(batch) * (lengths[row] - lengths[batch[-1]]) if batch else 0
        if batch and (padding > SLACK or (len(batch) + 1) * lengths[row] > BATCH_TOKENS):
            yield batch
            batch, padding = [], 0
        batch.append(row)
    if batch:
        yield batch
