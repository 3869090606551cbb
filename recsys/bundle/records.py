"""Published models as JSON objects: what their manifests say, without opening them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from recsys.bundle.bundle import MANIFEST
from recsys.bundle.manifest import Manifest
from recsys.bundle.store import Store
from recsys.errors import BundleError, NotFoundError, did_you_mean

REPORT, EVALUATION = "report.html", "evaluation.json"  # attachments of a bundle
MOST_MODELS = 100
INDEXES = ("items_for_user", "items_like_item", "items_by_text", "items_by_picture")
PRIVATE_SECTIONS = frozenset({"chat", "serve", "store"})
PRIVATE_DATA = frozenset({"exclude_users", "interactions", "items", "join", "rejects", "users"})
Object = dict[str, Any]


def models_object(store: Store, serving: str) -> Object:
    """Return the newest models of a store, newest first; `serving` is the version that answers."""
    current = store.current_or_none()
    versions = store.versions()[: -MOST_MODELS - 1 : -1]
    return {
        "model_version": serving,
        "current": current,
        "models": [model_object(store, version, current) for version in versions],
    }


def model_object(store: Store, version: str, current: str | None) -> Object:
    """Return the figures of a model; `problem` is one line if its manifest cannot be read, empty otherwise."""
    try:
        return _described(read_manifest(store.path / version), current)
    except BundleError as error:
        return {"model_version": version, "current": version == current, "problem": str(error)}


def _described(manifest: Manifest, current: str | None) -> Object:
    return {
        "model_version": manifest.model_version,
        "current": manifest.model_version == current,
        "problem": "",
        "created_at": manifest.created_at,
        "counts": manifest.counts.model_dump(),
        "encoder": manifest.encoder.name,
        "metrics": manifest.metrics,
        "size": sum(file.size for file in manifest.files.values()),
        "report": REPORT in manifest.files,
    }


def details_object(store: Store, version: str) -> Object:
    """Return everything that is known of a model without opening it.

    Raises
    ------
    NotFoundError
        When the store has no such version.
    BundleError
        When its manifest cannot be read.
    """
    folder = find_folder(store, version)
    manifest = read_manifest(folder)
    indexes = {name: getattr(manifest, name) for name in INDEXES}
    return {
        **_described(manifest, store.current_or_none()),
        "parameters": _public(manifest.parameters),
        "shape": manifest.shape.model_dump(),
        "indexes": {name: index.model_dump() for name, index in indexes.items() if index is not None},
        "extras": manifest.extras,
        "events": {"weights": manifest.events.weights, "threshold": manifest.events.threshold},
        "figures": _figures(folder),
    }


def find_folder(store: Store, version: str) -> Path:
    """Return the folder of a version; raises NotFoundError with the nearest version."""
    versions = store.versions()
    if version not in versions:
        near = did_you_mean(version, versions) if versions else "; the store is empty"
        raise NotFoundError(f"the store has no model {version!r}{near}")
    return store.path / version


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a bundle; raises BundleError, without the path of the folder."""
    try:
        return Manifest.from_json((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise BundleError(f"{MANIFEST} cannot be read: {error.strerror}") from error


def _public(parameters: Mapping[str, Any]) -> Object:
    """Return the parameters without places of files and databases, whose addresses may hold passwords."""
    sections = {name: section for name, section in parameters.items() if name not in PRIVATE_SECTIONS}
    data = {name: value for name, value in sections.get("data", {}).items() if name not in PRIVATE_DATA}
    return {**sections, "data": data}


def _figures(folder: Path) -> list[Object]:
    """Return the evaluation of a bundle with its intervals; empty without one."""
    with suppress(OSError, ValueError):
        figures = json.loads((folder / EVALUATION).read_bytes())
        return figures if isinstance(figures, list) else []
    return []
