"""Catalog of items: titles, texts and attributes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from recsys.data.ids import IdMap
from recsys.data.packed import PackedStrings
from recsys.data.part import Fields, Nested, Part

Attribute = str | int | float | list[str]


@dataclass(frozen=True)
class Item:
    """Record of the catalog.

    Parameters
    ----------
    item_id : str
        The external id.
    title : str
        Display name; empty when unknown.
    text : str
        Input of the content encoder; empty without text.
    attributes : mapping
        Other values by column name: a string, a number, or a list of strings.
    """

    item_id: str
    title: str = ""
    text: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Catalog(Part):
    """Record of each item id, in the order of the ids.

    Records are packed as JSON, so a catalog of millions is memory-mapped and records are decoded on access.
    Titles, which every answer contains, are also stored separately.
    """

    name: ClassVar[str] = "catalog"
    fields: ClassVar[Fields] = {
        "items": Nested(IdMap, "items"),
        "records": Nested(PackedStrings, "items"),
        "titles": Nested(PackedStrings, "items"),
    }

    items: IdMap
    records: PackedStrings
    titles: PackedStrings

    @classmethod
    def from_items(cls, items: Sequence[Item]) -> Catalog:
        """Pack `items`; raises DataError for a duplicate id."""
        ids = IdMap.from_ids([item.item_id for item in items])
        records, titles = (_encode(item) for item in items), (item.title for item in items)
        return cls(ids, PackedStrings.from_strings(records), PackedStrings.from_strings(titles))

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, num: int) -> Item:
        title, text, attributes = json.loads(self.records.raw(num))
        return Item(self.items.id(num), title, text, attributes)

    def __iter__(self) -> Iterator[Item]:
        return (self[num] for num in range(len(self)))

    def texts(self) -> list[str]:
        """Return the text of each item, in the order of the ids."""
        return [item.text for item in self]


def _encode(item: Item) -> str:
    return json.dumps([item.title, item.text, dict(item.attributes)], ensure_ascii=False, allow_nan=False)
