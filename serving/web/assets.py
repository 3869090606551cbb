"""Files of the page: styles and scripts, compressed once and cached by browsers for good.

All addresses begin with a digest of all files, so the modules can import each other by relative paths, and a browser never
mixes the files of two releases.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
DIGEST_LENGTH = 16


@dataclass(frozen=True)
class Asset:
    """A file, plain and by gzip, and its media type."""

    content: bytes
    compressed: bytes
    media_type: str


@dataclass(frozen=True)
class Assets:
    """All files by name, such as ``core/api.js``, and the digest of their names and contents."""

    files: dict[str, Asset]
    digest: str


@cache
def assets(folder: Path = FOLDER) -> Assets:
    """Read all files of `folder` that a browser may ask for."""
    files, digest = {}, hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in TYPES and path.is_file():
            name, content = path.relative_to(folder).as_posix(), path.read_bytes()
            files[name] = Asset(content, gzip.compress(content, mtime=0), TYPES[path.suffix])
            digest.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return Assets(files, digest.hexdigest()[:DIGEST_LENGTH])
