"""A model whose texts were encoded by a tiny encoder in ONNX, and the service over it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from flask import Flask

from recsys.bundle.manifest import EncoderInfo
from recsys.bundle.store import Store
from recsys.data.catalog import Catalog, Item
from recsys.data.vectors import Vectors
from recsys.encoders.hub import EncoderRef
from recsys.encoders.onnx_encoder import open_onnx, read_files
from recsys.index.exact import ExactIndex, VectorTable
from recsys.model import blending
from recsys.model.model import Model
from recsys.model.similarity import Likeness
from recsys.text.bm25 import Bm25
from tests.support import factories, tiny_towers

TEXTS = [
    "red wine",
    "old castle",
    "the red castle by the sea",
    "robot robots",
    "wine by the sea",
    "robots and red wine",
]


def searchable(folder: Path) -> tuple[Model, EncoderRef]:
    """A model of twelve items with attributes, every text twice, and its encoder, which is written to a folder."""
    found = open_onnx(tiny_towers.write_text(folder))
    texts = TEXTS * 2
    vectors = found.encode(texts)
    base = factories.model(n_users=8, n_items=len(texts), text_dim=vectors.shape[1])
    items = [Item(f"i{num}", f"Title {num}", text, {"year": 1990 + num}) for num, text in enumerate(texts)]
    catalog = Catalog.from_items(items)
    rows = blending.items_like_item(
        factories.random_vectors(len(texts), 4), blending.centered(vectors), 0.5, np.ones(len(texts), np.float32)
    )
    model = replace(
        base,
        catalog=catalog,
        items_by_text=ExactIndex(VectorTable.from_vectors(vectors)),
        items_like_item=ExactIndex(VectorTable.from_vectors(rows)),
        likeness=Likeness.of(0.5, blending.text_mean(vectors)),
        forests={},
        encoder_files=read_files(folder),
    )
    model = model.with_extras(Bm25.from_texts(texts, [item.title for item in items]))
    return model, EncoderRef(found.name, found.fingerprint, folder)


def publish(store: Store, model: Model, ref: EncoderRef) -> str:
    header = factories.header(model)
    encoder = EncoderInfo(name=ref.name, fingerprint=ref.fingerprint)
    return store.publish(model, header.model_copy(update={"encoder": encoder}), factories.NOON)


class Broken:
    """An encoder that cannot be asked."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def encode(self, *_: object) -> Vectors:
        raise self.error

    def close(self) -> None: ...


def breaks(app: Flask, error: Exception) -> None:
    """Whatever is to be encoded fails from now on."""
    app.extensions["encoding"]._heavy = Broken(error)
