"""Catalog of a model after the records of some items changed and others came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsys.data.catalog import ENCODER, Catalog, Item
from recsys.data.ids import IdMap
from recsys.data.packed import PackedStrings


@dataclass(frozen=True, eq=False)
class ChangedStrings(PackedStrings):
    """Packed strings, of which some have another value, by row number, and some are added behind those in mapped memory."""

    changed: Mapping[int, bytes] = field(default_factory=dict)
    n_added: int = 0

    @classmethod
    def of(cls, strings: PackedStrings, changed: Mapping[int, str], added: Sequence[str] = ()) -> ChangedStrings:
        """Return strings with other values of some, which may have been changed before, and with `added` ones behind."""
        earlier = strings.changed if isinstance(strings, ChangedStrings) else {}
        encoded = {**earlier, **{num: text.encode("utf-8") for num, text in changed.items()}}
        encoded |= {num: text.encode("utf-8") for num, text in enumerate(added, len(strings))}
        return cls(strings.blob, strings.offsets, encoded, len(strings) - len(strings.offsets) + 1 + len(added))

    def __len__(self) -> int:
        return super().__len__() + self.n_added

    def raw(self, num: int) -> bytes:
        found = self.changed.get(num)
        return super().raw(num) if found is None else found

    def __getitem__(self, num: int) -> str:
        found = self.changed.get(num)
        return super().__getitem__(num) if found is None else str(found, "utf-8")

    def pieces(self) -> Iterator[memoryview]:
        n = len(self) - self.n_added
        for num, piece in enumerate(super().pieces()):
            if num == n:
                break
            found = self.changed.get(num)
            yield piece if found is None else memoryview(found)
        yield from (memoryview(self.changed[num]) for num in range(n, len(self)))

    def starting_with(self, start: str) -> NDArray[np.int64]:
        sought = start.encode("utf-8", "surrogatepass")
        kept = [num for num in super().starting_with(start).tolist() if num not in self.changed]
        return np.array(sorted(kept + [num for num, text in self.changed.items() if text.startswith(sought)]), np.int64)

    def containing(self, word: str) -> NDArray[np.int64]:
        return np.union1d(super().containing(word), np.array([*self.changed] if word else [], dtype=np.int64))


@dataclass(frozen=True, eq=False)
class GrownIds(IdMap):
    """Ids of a training, whose arrays it has, with ids of later rows behind."""

    later: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", {"n": len(self.strings), "buckets": len(self.starts) - 1})

    @classmethod
    def of(cls, ids: IdMap, added: Sequence[str]) -> GrownIds:
        """Return `ids` with others behind, which are not among them."""
        strings = ChangedStrings.of(ids.strings, {}, added)
        return cls(strings, ids.starts, ids.nums, {item_id: num for num, item_id in enumerate(added, len(ids))})

    def get(self, external_id: str) -> int | None:
        num = self.later.get(external_id)
        return super().get(external_id) if num is None else num


def changed_catalog(catalog: Catalog, changes: Mapping[int, Item], added: Sequence[Item] = ()) -> Catalog:
    """Return the catalog with other records of some items, by row number, and with `added` items behind."""
    titles = {num: item.title for num, item in changes.items()}
    return catalog.grown(
        "items",
        len(catalog) + len(added),
        items=GrownIds.of(catalog.items, [item.item_id for item in added]) if added else catalog.items,
        records=ChangedStrings.of(
            catalog.records, {num: _record(item) for num, item in changes.items()}, [*map(_record, added)]
        ),
        titles=ChangedStrings.of(catalog.titles, titles, [item.title for item in added]),
    )


def _record(item: Item) -> str:
    return ENCODER.encode([item.title, item.text, dict(item.attributes)])
