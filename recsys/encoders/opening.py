"""The encoder of a model, opened to encode what is searched for, without torch where there is a way."""

from __future__ import annotations

import json
from pathlib import Path

from recsys.encoders.bert_files import open_bert
from recsys.encoders.hub import EncoderRef, SentenceEncoder, StaticEncoder, TextEncoder, open_encoder
from recsys.encoders.picture_encoders import open_picture_encoder
from recsys.errors import EncoderError, UnansweredError

STATIC = "0_StaticEmbedding"


def open_query_encoder(ref: EncoderRef) -> TextEncoder:
    """Open the encoder of a model.

    Raises
    ------
    UnansweredError
        When the model has no text vectors.
    EncoderError
        When the encoder is not on this machine, or is not the one that the model was trained with.
    """
    if ref.pictures:
        return open_picture_encoder(ref)
    check_texts(ref)
    if ref.folder is not None:
        return StaticEncoder.from_folder(ref.name, ref.fingerprint, ref.folder / STATIC)
    found = open_encoder(ref.name)
    if found.fingerprint != ref.fingerprint:
        raise EncoderError(
            f"encoder {ref.name}: {found.folder} is not the one that the model was trained with; put that one there, or train "
            "again"
        )
    return lightest(found)


def check_texts(ref: EncoderRef) -> None:
    """Raises UnansweredError when the model has no text vectors."""
    if not ref.fingerprint:
        raise UnansweredError("the model was trained without text vectors (content.encoder); search by keywords")


def lightest(found: SentenceEncoder) -> TextEncoder:
    """The same encoder by a runtime without torch where its kind has one; raises EncoderError when its files do not fit."""
    if _is_static(found.folder):
        return StaticEncoder.from_folder(found.name, found.fingerprint, found.folder / STATIC)
    return open_bert(found.name, found.folder, found.fingerprint) or found


def _is_static(folder: Path) -> bool:
    """Whether it holds word vectors whose mean is scaled, or not, to length 1, which is done here in any case."""
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    kinds = [module["type"].rpartition(".")[2] for module in modules]
    return kinds in (["StaticEmbedding"], ["StaticEmbedding", "Normalize"]) and modules[0]["path"] == STATIC
