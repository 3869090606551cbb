"""Stores in memory and bundles to damage."""

from tests.support.faults.safe import safe
from tests.support.faults.stores import disk, full, memory, published, sound, store

__all__ = ["disk", "full", "memory", "published", "safe", "sound", "store"]
