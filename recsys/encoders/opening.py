"""The encoder of a model, opened to encode queries, without torch where there is a way."""

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
        When its files do not load, or the encoder of that name is not on this machine or is another one.
    """
    if ref.pictures:
        return open_picture_encoder(ref)
    check_texts(ref)
    if ref.folder is not None:
        if ref.light:
            return StaticEncoder.from_folder(ref.name, ref.fingerprint, ref.folder / STATIC)
        return open_onnx(ref.folder, ref.fingerprint)
    found = open_encoder(ref.name)
    if found.fingerprint != ref.fingerprint:
        raise EncoderError(
            f"encoder {ref.name}: {found.folder} is not the one that the model was trained with; put that one there, or train "
            "again"
        )
    return lightest(found)


def lightest(found: SentenceEncoder, cache: str = "") -> TextEncoder:
    """The same encoder by a runtime without torch where there is a way; raises EncoderError when its files do not load.

    Parameters
    ----------
    cache : str
        ``content.cache``, beside which the last training left an export; empty: none is looked for.
    """
    if is_static(found.folder):
        return StaticEncoder.from_folder(found.name, found.fingerprint, found.folder / STATIC)
    exported = export_folder(cache, found.fingerprint)
    return open_onnx(exported, found.fingerprint) if cache and is_onnx(exported) else found


def check_texts(ref: EncoderRef) -> None:
    """Raises UnansweredError when the model has no text vectors."""
    if not ref.fingerprint:
        raise UnansweredError("the model was trained without text vectors (content.encoder); search by keywords")


def is_static(folder: Path) -> bool:
    """Whether it holds word vectors whose mean is scaled, or not, to length 1, which is done here in any case."""
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    kinds = [module["type"].rpartition(".")[2] for module in modules]
    return kinds in (["StaticEmbedding"], ["StaticEmbedding", "Normalize"]) and modules[0]["path"] == STATIC
