"""Pictures of the items, for people to look at: files of a folder that the items name in an attribute."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recsys.data.catalog import Item
from recsys.errors import NotFoundError

SIGNATURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}  # first bytes, and the media type
MOST_BYTES = 4 << 20


@dataclass(frozen=True)
class ItemPictures:
    """The folder of the pictures, and the attribute with their paths in it."""

    folder: Path
    column: str

    def read(self, item: Item) -> tuple[bytes, str]:
        """Return the picture of an item and its media type, by its first bytes.

        Raises
        ------
        NotFoundError
            When the item names no picture, or the file is missing, outside the folder, too long, or neither PNG nor JPEG.
        """
        value = item.attributes.get(self.column, "")
        name = str(value[0] if isinstance(value, list) and value else value)
        if not name or name == "[]":
            raise NotFoundError(f"item {item.item_id!r} has no picture in {self.column!r}")
        try:
            path = (self.folder / name).resolve()
            if not path.is_relative_to(self.folder.resolve()) or not path.is_file():
                raise NotFoundError(f"the picture of item {item.item_id!r} is not in the folder of pictures")
            if path.stat().st_size > MOST_BYTES:
                raise NotFoundError(f"the picture of item {item.item_id!r} has more than {MOST_BYTES} bytes")
            content = path.read_bytes()
        except (OSError, ValueError) as error:  # the latter: a NUL in the name
            raise NotFoundError(f"the picture of item {item.item_id!r} cannot be read") from error
        for signature, media_type in SIGNATURES.items():
            if content.startswith(signature):
                return content, media_type
        raise NotFoundError(f"the picture of item {item.item_id!r} is neither PNG nor JPEG")
