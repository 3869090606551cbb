"""Models on disk: write, check, open, publish and roll back."""

from recsys.bundle.bundle import ModelBundle, load_bundle
from recsys.bundle.manifest import Header, Manifest
from recsys.bundle.store import Store

__all__ = ["Header", "Manifest", "ModelBundle", "Store", "load_bundle"]
