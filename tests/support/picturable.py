"""A model whose items have pictures that tiny towers have encoded, and the service over it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from recsys.bundle.manifest import EncoderInfo, PictureInfo
from recsys.bundle.store import Store
from recsys.data.catalog import Catalog, Item
from recsys.encoders.hub import EncoderRef
from recsys.encoders.onnx_encoder import open_onnx, read_files
from recsys.index.exact import ExactIndex, VectorTable
from recsys.model.extras.picture_tags import Tags
from recsys.model.model import Model
from tests.support import factories, tiny_towers

COLOURS = tuple(tiny_towers.COLOURS)
SIZES = ((16, 16), (20, 20), (24, 16), (16, 24))
WITHOUT = 11  # the number of the item that has no picture


def picturable(folder: Path) -> tuple[Model, EncoderRef]:
    """A model of twelve items in three colours, the last of them without a picture, and its encoder in a folder."""
    towers = open_onnx(tiny_towers.write(folder))
    shown = [tiny_towers.picture(COLOURS[num % 3], SIZES[num // 3]) for num in range(12)]
    vectors = towers.encode_pictures(shown)
    vectors[WITHOUT] = 0
    base = factories.model(n_users=8, n_items=12, text_dim=0)
    items = [Item(f"i{num}", f"Title {num}", "", {"year": 1990 + num, "colour": COLOURS[num % 3]}) for num in range(12)]
    catalog = Catalog.from_items(items)
    pairs = [("colour", colour) for colour in COLOURS] + [("shape", "circle"), ("shape", "square")]
    model = replace(
        base,
        catalog=catalog,
        attributes=type(base.attributes).from_catalog(catalog),
        items_by_picture=ExactIndex(VectorTable.from_vectors(vectors)),
        forests={},
        encoder_files={},
        picture_encoder_files=read_files(folder),
    )
    tags = Tags.of(pairs, towers.encode([value for _, value in pairs]), towers.scale)
    return model.with_extras(tags), EncoderRef(towers.name, towers.fingerprint, folder, pictures=True)


def header(model: Model, ref: EncoderRef):  # type: ignore[no-untyped-def]
    info = factories.header(model)
    pictures = PictureInfo(encoder=EncoderInfo(name=ref.name, fingerprint=ref.fingerprint), dim=model.picture_dim)
    return info.model_copy(update={"pictures": pictures, "items_by_picture": info.items_for_user})


def publish(store: Store, model: Model, ref: EncoderRef) -> str:
    return store.publish(model, header(model, ref), factories.NOON)


def nearest(model: Model, vector: np.ndarray) -> list[str]:  # type: ignore[type-arg]
    """Ids by the cosine of their pictures to six digits, found with a sort."""
    rows = model.items_by_picture.table.rows(np.arange(len(model.catalog), dtype=np.int32))
    order = np.argsort(-np.round(rows.astype(np.float64) @ vector.astype(np.float64), 6), kind="stable")
    return [model.catalog.items.id(num) for num in order.tolist() if rows[num].any()]
