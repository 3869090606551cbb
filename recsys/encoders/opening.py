"""Opens the encoder of a model for queries, without torch if possible."""

from __future__ import annotations

import json
from pathlib import Path

from recsys.encoders.hub import STATIC, EncoderRef, SentenceEncoder, StaticEncoder, TextEncoder, open_encoder
from recsys.encoders.onnx_encoder import export_folder, is_onnx, open_onnx
from recsys.encoders.picture_encoders import open_picture_encoder
from recsys.errors import EncoderError, UnansweredError


def open_query_encoder(ref: EncoderRef) -> TextEncoder:
    """Open the encoder of a model.

    Raises
    ------
    UnansweredError
        When the model has no text vectors.
    EncoderError
        When its files do not load, or the encoder of that name is missing on this machine or has another fingerprint.
    """
    if ref.pictures:
        return open_picture_encoder(ref)
    check_texts(ref)
    if ref.folder is not None:
        if ref.light:
            return StaticEncoder.from_folder(ref.name, ref.fingerprint, ref.folder / STATIC)
        return open_onnx(ref.folder, ref.fingerprint)
    encoder = open_encoder(ref.name)
    if encoder.fingerprint != ref.fingerprint:
        raise EncoderError(
            f"encoder {ref.name}: {encoder.folder} is not the one that the model was trained with; put that one there, or "
            "train again"
        )
    return lightest(encoder)


def lightest(encoder: SentenceEncoder, cache: str = "") -> TextEncoder:
    """Return the encoder by a runtime without torch if possible; raises EncoderError when its files do not load.

    `cache` is ``content.cache``, beside which the last training left an export; empty: without exports.
    """
    if is_static(encoder.folder):
        return StaticEncoder.from_folder(encoder.name, encoder.fingerprint, encoder.folder / STATIC)
    exported = export_folder(cache, encoder.fingerprint)
    return open_onnx(exported, encoder.fingerprint) if cache and is_onnx(exported) else encoder


def check_texts(ref: EncoderRef) -> None:
    """Raise UnansweredError when the model has no text vectors."""
    if not ref.fingerprint:
        raise UnansweredError("the model was trained without text vectors (content.encoder); search by keywords")


def is_static(folder: Path) -> bool:
    """Return whether a folder holds word vectors to be averaged; scaling to length 1 is done here in any case."""
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    kinds = [module["type"].rpartition(".")[2] for module in modules]
    return kinds in (["StaticEmbedding"], ["StaticEmbedding", "Normalize"]) and modules[0]["path"] == STATIC
