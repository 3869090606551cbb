"""Two models that share no id, a digest of what a model holds, and bundles with a forged signature."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from recsys.bundle.bundle import MANIFEST, MANIFEST_SHA, MODEL, list_files
from recsys.bundle.parts import to_tensors
from recsys.bundle.store import Store
from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog, Item
from recsys.data.ids import IdMap
from recsys.data.safetensors_file import map_tensors, write_tensors
from recsys.errors import BundleError
from recsys.model.model import Model
from recsys.text.name_index import NameIndex
from tests.support import factories

PREFIXES = ("a", "b", "c")
ATTACHMENTS = {"report.html": b"<!doctype html><title>What was measured</title>\n"}

Change = Callable[[dict[str, Any]], object]


def tiny(prefix: str, seed: int = 0, annoy: bool = True) -> Model:
    """Eight users and twelve items whose ids begin with `prefix`, of vectors that no other seed gives, with all parts."""
    model = factories.listed(factories.model(8, 12, seed=seed, annoy=annoy), 4)
    known = [{"year": 1990 + num, "genre": [prefix, "even" if num % 2 == 0 else "odd"]} for num in range(12)]
    named = [(f"{prefix}{item.item_id}", f"{prefix} {item.title}", item.text) for item in model.catalog]
    catalog = Catalog.from_items([Item(*names, more) for names, more in zip(named, known, strict=True)])
    users = IdMap.from_ids([f"{prefix}{user_id}" for user_id in model.users])
    attributes = Attributes.from_catalog(catalog)
    names = NameIndex.from_catalog(catalog, attributes.nums)
    return dataclasses.replace(model, users=users, catalog=catalog, attributes=attributes).with_extras(names)


def digest(model: Model) -> str:
    """SHA-256 of everything that a model answers from."""
    total = hashlib.sha256(repr(model.layout).encode())
    for name, array in sorted(to_tensors(model).items()):
        total.update(name.encode() + array.tobytes())
    return total.hexdigest()


def publish(store: Store, model: Model) -> str:
    return store.publish(model, factories.header(model), factories.NOON, ATTACHMENTS)


def serving(store: Store) -> str:
    """The prefix of the model that serves, after checking that no other's ids are in it."""
    bundle = store.load()
    assert bundle.version == store.current()
    (prefix,) = {one[0] for one in [*bundle.model.users, *bundle.model.catalog.items]}
    return prefix


def files(folder: Path) -> dict[str, bytes]:
    """The content of every file below a folder, by relative name."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def copy(folder: Path, to: Path) -> Path:
    """A copy of a bundle in another store, under its own name."""
    shutil.copytree(folder, to / folder.name, symlinks=True)
    return to / folder.name


def edit(folder: Path, change: Change) -> None:
    """Change the manifest and sign it again, so that only its meaning can give it away."""
    raw = json.loads((folder / MANIFEST).read_bytes())
    change(raw)
    sign(folder, json.dumps(raw).encode())


def resign(folder: Path) -> None:
    """Write the true sizes and checksums of all files into the manifest and sign it again."""
    listed = {name: info.model_dump() for name, info in list_files(folder).items()}
    edit(folder, lambda raw: raw.update(files=listed))


def tensors(folder: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a bundle by name, to be changed."""
    return {name: array.copy() for name, array in map_tensors(folder / MODEL, BundleError).items()}


def put_tensors(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write the arrays of a bundle anew and sign it again."""
    (folder / MODEL).unlink()
    write_tensors(folder / MODEL, arrays)
    resign(folder)


def sign(folder: Path, content: bytes) -> None:
    (folder / MANIFEST).write_bytes(content)
    (folder / MANIFEST_SHA).write_text(hashlib.sha256(content).hexdigest() + "\n")
