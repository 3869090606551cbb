"""Services with a file of keys."""

from tests.support.faults.safe import safe
from tests.support.faults.stores import memory, store

__all__ = ["memory", "safe", "store"]
