"""Model bundle: a folder with the files of a model, checked before any of them is opened.

All arrays are in one memory-mapped ``.safetensors`` file: no code is executed, and the workers of a server share one copy.
``manifest.json`` has the size and SHA-256 of each file, and ``manifest.sha256`` the SHA-256 of the manifest, so any changed,
missing, extra or swapped file is refused.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recsys.bundle.files import sync, write_bytes
from recsys.bundle.manifest import EncoderInfo, FileInfo, IndexInfo, Manifest
from recsys.bundle.parts import INDEXES, open_parts, to_tensors
from recsys.data.safetensors_file import map_tensors, write_tensors
from recsys.encoders.hub import EncoderRef
from recsys.errors import BundleError
from recsys.index import annoy_file
from recsys.index.annoy import AnnoyVectorIndex
from recsys.model.model import Model

MANIFEST = "manifest.json"
MANIFEST_SHA = "manifest.sha256"
MODEL = "model.safetensors"
ENCODER, PICTURE_ENCODER = "encoder", "picture_encoder"
UNREAD = "0" * 64


@dataclass(frozen=True, eq=False)
class ModelBundle:
    """Published model with its manifest and its folder."""

    model: Model
    manifest: Manifest
    folder: Path

    @property
    def version(self) -> str:
        return self.manifest.model_version

    @property
    def encoder(self) -> EncoderRef:
        """Encoder of the text vectors."""
        return self._encoder(self.manifest.encoder, ENCODER)

    @property
    def picture_encoder(self) -> EncoderRef:
        """Encoder of the vectors of pictures."""
        return self._encoder(self.manifest.pictures.encoder, PICTURE_ENCODER)

    def _encoder(self, info: EncoderInfo, name: str) -> EncoderRef:
        folder = self.folder / name
        pictures = name == PICTURE_ENCODER
        return EncoderRef(info.name, info.fingerprint, folder if folder.is_dir() else None, pictures=pictures)


def write_model(folder: Path, model: Model) -> None:
    """Write and sync every file of `model` but the manifest; raises OSError or StoreError."""
    write_tensors(folder / MODEL, to_tensors(model))
    sync(folder / MODEL)
    for name, forest in model.forests.items():
        forest.save(folder / f"{name}.ann")
        sync(folder / f"{name}.ann")
    for own, files in ((ENCODER, model.encoder_files), (PICTURE_ENCODER, model.picture_encoder_files)):
        for name, content in files.items():
            path = folder / own / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, content)
        for parent in sorted({folder / own / parent for name in files for parent in Path(name).parents}):
            sync(parent)


def list_files(folder: Path, *, read: bool = True) -> dict[str, FileInfo]:
    """Return size and SHA-256 of every file below `folder` but the two of the manifest; without `read` the size alone.

    Raises OSError when a folder or a file cannot be read, BundleError for a link or a device.
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
    write_bytes(folder / MANIFEST, content)
    write_bytes(folder / MANIFEST_SHA, _sha_line(content))


def check_files(folder: Path, version: str | None = None, *, read: bool = True) -> Manifest:
    """Compare a bundle with its manifest, byte for byte, without `read` by names and sizes.

    `version` is its name where the folder has another. Raises BundleError when the manifest was changed, or a file is missing,
    extra, or not the published one.
    """
    try:
        present = list_files(folder, read=read)  # first, as it opens plain files only: a pipe would wait forever
        content = (folder / MANIFEST).read_bytes()
        if (folder / MANIFEST_SHA).read_bytes() != _sha_line(content):
            raise BundleError(f"{folder / MANIFEST}: its checksum does not match; the bundle is damaged")
        manifest = Manifest.from_json(content)
        if manifest.model_version != (version or folder.name):
            raise BundleError(f"{folder}: the manifest is that of {manifest.model_version}")
    except OSError as error:
        raise BundleError(f"{folder}: cannot be read: {error.strerror or error}; the bundle is damaged") from error
    for name in sorted(present.keys() | manifest.files.keys()):
        if name not in present:
            raise BundleError(f"{folder / name}: missing; the bundle is damaged")
        if name not in manifest.files:
            raise BundleError(f"{folder / name}: not in the manifest; the bundle was changed after publishing")
        published = manifest.files[name]
        if present[name] != (published if read else published.model_copy(update={"sha256": UNREAD})):
            raise BundleError(f"{folder / name}: its size or checksum does not match; the bundle is damaged")
    return manifest


def load_bundle(folder: Path, version: str | None = None, *, read: bool = True) -> ModelBundle:
    """Check a bundle, then memory-map it; `version` is its name where the folder has another.

    Without `read`, as when another process has just checked the bytes, only manifest, names, sizes and meaning are checked.
    Raises BundleError when any file is not the published one, or the parts do not fit the manifest.
    """
    manifest = check_files(folder, version, read=read)
    try:
        return ModelBundle(_open_model(folder, manifest, read), manifest, folder)
    except Exception as error:  # numpy raises errors of many kinds for a crafted file
        raise BundleError(f"{folder}: {error}") from error


def _open_model(folder: Path, manifest: Manifest, read: bool) -> Model:
    model, counts = open_parts(map_tensors(folder / MODEL, BundleError), manifest), manifest.counts
    sizes = (len(model.users), len(model.catalog), len(model.histories.item_nums))
    if sizes != (counts.users, counts.items, counts.interactions):
        raise BundleError(f"users, items, interactions are {sizes}, the manifest says {counts}")
    dims = model.picture_dim, manifest.pictures.dim
    if dims[0] != dims[1]:
        raise BundleError(f"vectors of pictures have {dims[0]} dimensions, the manifest says {dims[1]}")
    indexes: dict[str, Any] = {}
    for name in INDEXES:  # annoy is the last to open a file, as it checks nothing
        info: IndexInfo | None = getattr(manifest, name)
        if info is not None and info.serves == "annoy":
            forest, table = folder / f"{name}.ann", getattr(model, name).table
            if read:
                annoy_file.check(forest, table.vectors)
            indexes[name] = AnnoyVectorIndex.open(table, forest, info.search_k)
    return replace(model, **indexes) if indexes else model


def _raise(error: OSError) -> None:
    raise error


def _sha_line(content: bytes) -> bytes:
    return f"{hashlib.sha256(content).hexdigest()}\n".encode()
