"""Catalog of items: titles, texts and attributes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated, Any

from recsys.data.ids import IdMap
from recsys.data.packed import PackedStrings
from recsys.data.part import Nested, Part

BLOCK = 1024  # records
ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)

Attribute = str | int | float | list[str]


@dataclass(frozen=True)
class Item:
    """Record of the catalog."""

    item_id: str  # the external id
    title: str = ""  # display name; empty when unknown
    text: str = ""  # input of the content encoder
    attributes: Mapping[str, Attribute] = field(default_factory=dict)  # other values by column name


@dataclass(frozen=True, eq=False)
class Catalog(Part):
    """Record of each item id, in the order of the ids.

    Records are packed as JSON, so a catalog of millions is memory-mapped and records are decoded on access.
    Titles, which every answer contains, are also stored separately.
    """

    name = "catalog"
    items: Annotated[IdMap, Nested(IdMap, "items")]
    records: Annotated[PackedStrings, Nested(PackedStrings, "items")]
    titles: Annotated[PackedStrings, Nested(PackedStrings, "items")]

    @classmethod
    def from_items(cls, items: Sequence[Item]) -> Catalog:
        """Pack `items`; raises DataError for a duplicate id."""
        ids = IdMap.from_ids([item.item_id for item in items])
        values = ([item.title, item.text, dict(item.attributes)] for item in items)
        records = PackedStrings.from_strings(map(ENCODER.encode, values))
        return cls(ids, records, PackedStrings.from_strings(item.title for item in items))

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, num: int) -> Item:
        title, text, attributes = json.loads(self.records.raw(num))
        return Item(self.items.id(num), title, text, attributes)

    def __iter__(self) -> Iterator[Item]:
        return (
            Item(item_id, *values) for item_id, values in zip(self.items, _decoded(self.records.pieces()), strict=True)
        )

    def texts(self) -> list[str]:
        """Return the text of each item, in the order of the ids."""
        return [text for _, text, _ in _decoded(self.records.pieces())]

    def values_of(self, name: str, nums: Sequence[int]) -> Iterator[Attribute | None]:
        """Yield the attribute of each of some items, None for an item without it."""
        return (attributes.get(name) for _, _, attributes in _decoded(map(self.records.raw, nums)))


def _decoded(records: Iterator[bytes | memoryview]) -> Iterator[list[Any]]:
    """Yield title, text and attributes of each record; one call decodes a block, which takes a fraction of the time."""
    while block := list(islice(records, BLOCK)):
        yield from json.loads(b"[" + b",".join(block) + b"]")
