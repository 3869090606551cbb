"""The items: what they are called and what is known of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsys.data.ids import IdMap
from recsys.data.packed import Arrays, PackedStrings
from recsys.errors import DataError

Attribute = str | int | float | list[str]


@dataclass(frozen=True)
class Item:
    """One record of the catalogue.

    Parameters
    ----------
    item_id : str
        The external id.
    title : str
        What a person calls it; empty when unknown.
    text : str
        What the content encoder reads; empty when there is none.
    attributes : mapping
        Everything else, by column name: a string, a number, or a list of strings.
    """

    item_id: str
    title: str = ""
    text: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Catalog:
    """One record for each item id, in the order of the ids.

    The records are packed as JSON, so a catalogue of millions is memory-mapped and a record is decoded when asked for.
    The titles, which every answer shows, are also kept by themselves.
    """

    items: IdMap
    records: PackedStrings
    titles: PackedStrings

    def __post_init__(self) -> None:
        if not len(self.items) == len(self.records) == len(self.titles):
            raise DataError(
                f"catalog: {len(self.records)} records and {len(self.titles)} titles for {len(self.items)} ids; "
                "they must be equal"
            )

    @classmethod
    def from_items(cls, items: Sequence[Item]) -> Catalog:
        """Pack `items`; raises DataError when an id stands twice."""
        ids = IdMap.from_ids([item.item_id for item in items])
        records, titles = (_encode(item) for item in items), (item.title for item in items)
        return cls(ids, PackedStrings.from_strings(records), PackedStrings.from_strings(titles))

    @classmethod
    def from_arrays(cls, items: IdMap, records: Arrays, titles: Arrays) -> Catalog:
        packed = (PackedStrings(arrays["blob"], arrays["offsets"]) for arrays in (records, titles))  # type: ignore[arg-type]
        return cls(items, *packed)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        return self.records.to_arrays()

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, num: int) -> Item:
        title, text, attributes = json.loads(self.records.raw(num))
        return Item(self.items.id(num), title, text, attributes)

    def __iter__(self) -> Iterator[Item]:
        return (self[num] for num in range(len(self)))

    def texts(self) -> list[str]:
        """The text of each item, in the order of the ids."""
        return [item.text for item in self]


def _encode(item: Item) -> str:
    return json.dumps([item.title, item.text, dict(item.attributes)], ensure_ascii=False, allow_nan=False)
