"""A model bundle: one folder with everything that answers, checked before anything in it is opened.

Arrays are plain ``.npy`` files read with ``allow_pickle=False`` and memory-mapped, so no code is ever executed and the
workers of a server share one copy. ``manifest.json`` names each file with size and SHA-256, and ``manifest.sha256``
holds the SHA-256 of the manifest, so any changed, missing, extra or swapped file is refused.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recsys import annoy_file, durable
from recsys.annoy_index import AnnoyVectorIndex
from recsys.attributes import COLUMNS as ATTRIBUTE_COLUMNS
from recsys.attributes import Attributes
from recsys.blending import Layout
from recsys.catalog import Catalog
from recsys.errors import BundleError
from recsys.fold_in import Confidence, FoldIn
from recsys.histories import Histories
from recsys.ids import IdMap
from recsys.index import ExactIndex, VectorIndex, VectorTable
from recsys.lists import Lists
from recsys.manifest import FileInfo, IndexInfo, Manifest
from recsys.model import Model
from recsys.neighborhood import Neighborhood
from recsys.popularity import Popularity

# numpy parses the header of an array with ast.literal_eval, which in CPython 3.11 fails at times when two threads are at it
# (python/cpython issue 106905).
PARSING = threading.Lock()
MANIFEST = "manifest.json"
MANIFEST_SHA = "manifest.sha256"
COLUMNS = {
    "users": ("blob", "offsets", "starts", "nums"),
    "items": ("blob", "offsets", "starts", "nums"),
    "catalog": ("blob", "offsets"),
    "titles": ("blob", "offsets"),
    "attributes": ATTRIBUTE_COLUMNS,
    "histories": ("indptr", "item_nums", "weights"),
    "seen_only": ("indptr", "item_nums", "weights"),
    "popularity": ("scores", "order"),
    "trending": ("scores", "order"),
    "items_for_user": ("vectors", "order", "norms", "positions"),
    "items_like_item": ("vectors", "order", "norms", "positions"),
    "neighborhood": ("indptr", "item_nums", "collaborative", "content"),
    "fold_in": ("rotated", "basis", "eigenvalues", "item_counts", "run_counts", "run_regularization"),
    "user_lists": ("nums", "scores", "collaborative"),
    "item_lists": ("nums", "scores", "collaborative"),
}
USER_FACTORS = "user_factors.npy"
ENCODER = "encoder"
UNREAD = "0" * 64


@dataclass(frozen=True, eq=False)
class ModelBundle:
    """A model as it was published, with its manifest."""

    model: Model
    manifest: Manifest

    @property
    def version(self) -> str:
        return self.manifest.model_version


def write_model(folder: Path, model: Model) -> None:
    """Write and sync every file of `model` but the manifest; raises OSError or StoreError."""
    parts = {
        "users": model.users.to_arrays(),
        "items": model.catalog.items.to_arrays(),
        "catalog": model.catalog.to_arrays(),
        "titles": model.catalog.titles.to_arrays(),
        "attributes": model.attributes.to_arrays(),
        "histories": model.histories.to_arrays(),
        "seen_only": model.seen_only.to_arrays(),
        "popularity": model.popularity.to_arrays(),
        "trending": model.trending.to_arrays(),
        "items_for_user": model.items_for_user.table.to_arrays(),
        "items_like_item": model.items_like_item.table.to_arrays(),
        "neighborhood": model.neighborhood.to_arrays(),
        "fold_in": model.fold_in.to_arrays(),
        "user_lists": model.user_lists.to_arrays(),
        "item_lists": model.item_lists.to_arrays(),
    }
    for part, arrays in parts.items():
        for column in COLUMNS[part]:
            _write_array(folder / f"{part}.{column}.npy", arrays[column])
    _write_array(folder / USER_FACTORS, model.user_factors)
    for name, forest in model.forests.items():
        forest.save(folder / f"{name}.ann")
        durable.sync(folder / f"{name}.ann")
    for name, content in model.encoder_files.items():
        path = folder / ENCODER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        durable.write_bytes(path, content)
    for parent in sorted({folder / ENCODER / parent for name in model.encoder_files for parent in Path(name).parents}):
        durable.sync(parent)


def list_files(folder: Path, *, read: bool = True) -> dict[str, FileInfo]:
    """Size and SHA-256 of every file below `folder` but the two of the manifest; without `read` the size alone.

    Raises
    ------
    BundleError
        When something in it is neither a folder nor a plain file.
    OSError
        When a folder or a file cannot be read.
    """
    files = {}
    for parent, folders, names in os.walk(folder, onerror=_raise):
        for name in folders + names:
            path = Path(parent, name)
            mode = path.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise BundleError(f"{path}: a bundle holds plain files only, no links or devices")
            if stat.S_ISREG(mode) and path.parent / name not in (folder / MANIFEST, folder / MANIFEST_SHA):
                sha256 = file_sha256(path) if read else UNREAD
                files[path.relative_to(folder).as_posix()] = FileInfo(size=path.stat().st_size, sha256=sha256)
    return files


def file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    content = manifest.to_json()
    durable.write_bytes(folder / MANIFEST, content)
    durable.write_bytes(folder / MANIFEST_SHA, _sha_line(content))


def check_files(folder: Path, version: str | None = None, *, read: bool = True) -> Manifest:
    """Compare a bundle with its manifest, byte for byte, without `read` by names and sizes.

    `version` is its name where the folder has another.

    Raises
    ------
    BundleError
        When the manifest was changed, or a file is missing, extra, or not the one that was published.
    """
    try:
        found = list_files(folder, read=read)  # first, for it opens plain files only: a pipe would wait forever
        content = (folder / MANIFEST).read_bytes()
        if (folder / MANIFEST_SHA).read_bytes() != _sha_line(content):
            raise BundleError(f"{folder / MANIFEST}: its checksum does not match; the bundle is damaged")
        manifest = Manifest.from_json(content)
        if manifest.model_version != (version or folder.name):
            raise BundleError(f"{folder}: the manifest is that of {manifest.model_version}")
    except OSError as error:
        raise BundleError(f"{folder}: cannot be read: {error.strerror or error}; the bundle is damaged") from error
    for name in sorted(found.keys() | manifest.files.keys()):
        if name not in found:
            raise BundleError(f"{folder / name}: missing; the bundle is damaged")
        if name not in manifest.files:
            raise BundleError(f"{folder / name}: not in the manifest; the bundle was changed after publishing")
        published = manifest.files[name]
        if found[name] != (published if read else published.model_copy(update={"sha256": UNREAD})):
            raise BundleError(f"{folder / name}: its size or checksum does not match; the bundle is damaged")
    return manifest


def load_bundle(folder: Path, version: str | None = None, *, read: bool = True) -> ModelBundle:
    """Check a bundle, then memory-map it; `version` is its name where the folder has another.

    Without `read` its bytes are not looked at, as when another process has just done so: manifest, names, sizes and meaning
    are.

    Raises
    ------
    BundleError
        When any file is not the published one, or the parts do not fit the manifest.
    """
    manifest = check_files(folder, version, read=read)
    try:
        return ModelBundle(_open_model(folder, manifest, read), manifest)
    except Exception as error:  # numpy meets a crafted file with errors of many kinds
        raise BundleError(f"{folder}: {error}") from error


def _open_model(folder: Path, manifest: Manifest, read: bool) -> Model:
    arrays = {part: _read_arrays(folder, part) for part in COLUMNS}
    shape, counts = manifest.shape, manifest.counts
    layout = Layout(shape.factors, shape.text_dim, shape.content_scale, shape.short_history)
    items = IdMap.from_arrays(arrays["items"])
    tables = {
        name: VectorTable.from_arrays(arrays[name], (counts.items, layout.dim))
        for name in ("items_for_user", "items_like_item")
    }
    model = Model(
        users=IdMap.from_arrays(arrays["users"]),
        catalog=Catalog.from_arrays(items, arrays["catalog"], arrays["titles"]),
        histories=Histories.from_arrays(arrays["histories"], counts.items),
        seen_only=Histories.from_arrays(arrays["seen_only"], counts.items),
        popularity=Popularity.from_arrays(arrays["popularity"], counts.items),
        trending=Popularity.from_arrays(arrays["trending"], counts.items),
        user_factors=_read_array(folder / USER_FACTORS),  # type: ignore[arg-type]
        layout=layout,
        items_for_user=ExactIndex(tables["items_for_user"]),
        items_like_item=ExactIndex(tables["items_like_item"]),
        neighborhood=Neighborhood.from_arrays(arrays["neighborhood"], counts.items),
        fold_in=FoldIn.from_arrays(arrays["fold_in"], Confidence(**vars(manifest.fold_in))),
        attributes=Attributes.from_arrays(arrays["attributes"], counts.items),
        user_lists=Lists.from_arrays(arrays["user_lists"], counts.users, counts.items),
        item_lists=Lists.from_arrays(arrays["item_lists"], counts.items, counts.items),
    )
    sizes = (len(model.users), len(model.catalog), len(model.histories.item_nums))
    if sizes != (counts.users, counts.items, counts.interactions):
        raise BundleError(f"users, items, interactions are {sizes}, the manifest says {counts}")
    return replace(  # annoy is the last to open a file, as it trusts what it is told
        model,
        items_for_user=_open_index(
            folder / "items_for_user.ann", tables["items_for_user"], manifest.items_for_user, read
        ),
        items_like_item=_open_index(
            folder / "items_like_item.ann", tables["items_like_item"], manifest.items_like_item, read
        ),
    )


def _open_index(forest: Path, table: VectorTable, info: IndexInfo, read: bool) -> VectorIndex:
    if info.serves == "exact":
        return ExactIndex(table)
    if read:
        annoy_file.check(forest, table.vectors)
    return AnnoyVectorIndex.open(table, forest, info.search_k)


def _read_arrays(folder: Path, part: str) -> dict[str, NDArray[np.generic]]:
    return {column: _read_array(folder / f"{part}.{column}.npy") for column in COLUMNS[part]}


def _read_array(path: Path) -> NDArray[np.generic]:
    with PARSING:
        try:
            mapped = np.lib.format.open_memmap(path, mode="r")
        except ValueError:  # an empty array cannot be memory-mapped
            with path.open("rb") as stream:
                return np.lib.format.read_array(stream, allow_pickle=False)
    return mapped.view(np.ndarray)  # the same memory without the slow indexing of numpy.memmap


def _write_array(path: Path, array: NDArray[np.generic]) -> None:
    with path.open("xb") as stream:
        rows = np.ascontiguousarray(array)
        np.lib.format.write_array_header_1_0(stream, np.lib.format.header_data_from_array_1_0(rows))
        stream.write(rows.data)  # numpy's own way through a C stream does not notice a disk that is full
        stream.flush()
        os.fsync(stream.fileno())


def _raise(error: OSError) -> None:
    raise error


def _sha_line(content: bytes) -> bytes:
    return f"{hashlib.sha256(content).hexdigest()}\n".encode()
