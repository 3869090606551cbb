"""Stores in memory and bundles to damage."""

from tests.support.faults.stores import disk, full, memory, published, sound, store

__all__ = ["disk", "full", "memory", "published", "sound", "store"]
