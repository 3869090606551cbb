"""Who may ask, and how often."""

from serving.access.key_file import KeyFile, KeyRecord
from serving.access.keys import Key, Keys

__all__ = ["Key", "KeyFile", "KeyRecord", "Keys"]
