"""Catalog of a model after the records of some items changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from recsys.data.catalog import ENCODER, Catalog, Item
from recsys.data.packed import PackedStrings


@dataclass(frozen=True, eq=False)
class ChangedStrings(PackedStrings):
    """Packed strings of which some, by row number, have another value; the others stay in the mapped memory."""

    changed: Mapping[int, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, strings: PackedStrings, changed: Mapping[int, str]) -> ChangedStrings:
        """Return strings with other values of some, which may have been changed before."""
        earlier = strings.changed if isinstance(strings, ChangedStrings) else {}
        encoded = {**earlier, **{num: text.encode("utf-8") for num, text in changed.items()}}
        return cls(strings.blob, strings.offsets, encoded)

    def raw(self, num: int) -> bytes:
        found = self.changed.get(num)
        return super().raw(num) if found is None else found

    def __getitem__(self, num: int) -> str:
        found = self.changed.get(num)
        return super().__getitem__(num) if found is None else str(found, "utf-8")

    def pieces(self) -> Iterator[memoryview]:
        for num, piece in enumerate(super().pieces()):
            found = self.changed.get(num)
            yield piece if found is None else memoryview(found)

    def containing(self, word: str) -> NDArray[np.int64]:
        return np.union1d(super().containing(word), np.array([*self.changed] if word else [], dtype=np.int64))


def changed_catalog(catalog: Catalog, changes: Mapping[int, Item]) -> Catalog:
    """Return the catalog with other records of some items, by row number."""
    records = {num: ENCODER.encode([item.title, item.text, dict(item.attributes)]) for num, item in changes.items()}
    titles = {num: item.title for num, item in changes.items()}
    return replace(
        catalog, records=ChangedStrings.of(catalog.records, records), titles=ChangedStrings.of(catalog.titles, titles)
    )
