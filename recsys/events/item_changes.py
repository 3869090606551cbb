"""Changes of items in the database of an event store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from recsys.events.database import Database
from recsys.events.item_values import ItemChange, ItemVector
from recsys.events.tables import Statements


class ItemChanges:
    """The changes of items in the database of an event store, one row an item; raises EventStoreError when it fails.

    Revisions are counted together with those of the hidden items, so that a worker looks at one number.
    """

    def __init__(self, database: Database, sql: Statements) -> None:
        self._database, self._sql = database, sql

    def apply(self, changes: Sequence[ItemChange], vectors: Sequence[ItemVector] = ()) -> list[ItemChange]:
        """Store changes in one transaction, each after the earlier ones of its item, with vectors; returns what holds.

        Raises
        ------
        NotFoundError
            For a patch of a deleted item; then nothing is stored.
        """
        held: dict[str, ItemChange] = {}
        with self._database.writing() as execute:
            execute(self._sql.revise)
            for change in changes:
                rows = execute.rows(self._sql.item, {"item": change.item_id})
                holds = change.after(_change(rows[0]) if rows else None)
                execute(self._sql.change_item, {"item": holds.item_id, "kind": holds.kind, "record": holds.record})
                held[change.item_id] = holds
            if vectors:
                execute(self._sql.set_vector, [*map(_parameters, vectors)])
            ((revision,),) = execute.rows(self._sql.revision, {})
        return [ItemChange(one.item_id, one.kind, one.values, revision) for one in map(held.get, held) if one]

    def get(self, item_id: str) -> ItemChange | None:
        """Return what is to hold of an item, None if it was never changed."""
        rows = self._database.rows(self._sql.item, {"item": item_id})
        return _change(rows[0]) if rows else None

    def since(self, revision: int = 0) -> list[ItemChange]:
        """Return the changes with a larger revision, in the order of ids."""
        return [_change(row) for row in self._database.rows(self._sql.changed_items, {"revision": revision})]

    def set_vectors(self, vectors: Sequence[ItemVector]) -> None:
        """Store vectors of items, each in place of an earlier one of its item."""
        with self._database.writing() as execute:
            execute(self._sql.revise)
            execute(self._sql.set_vector, [*map(_parameters, vectors)])

    def vectors_since(self, revision: int = 0) -> list[ItemVector]:
        """Return the vectors with a larger revision."""
        rows = self._database.rows(self._sql.vectors, {"revision": revision})
        return [
            ItemVector(item_id, encoder, bytes(key), np.frombuffer(vector, dtype="<f4").astype(np.float32), number)
            for item_id, encoder, key, vector, number in rows
        ]

    def revision(self) -> int:
        """Return the revision of the last change of an item, or of the hidden items."""
        ((revision,),) = self._database.rows(self._sql.revision, {})
        return int(revision)


def _change(row: Sequence[Any]) -> ItemChange:
    item_id, kind, record, revision = row
    return ItemChange(item_id, kind, json.loads(record), revision)


def _parameters(vector: ItemVector) -> dict[str, Any]:
    content = vector.vector.astype("<f4").tobytes()
    return {"item": vector.item_id, "encoder": vector.encoder, "text_key": vector.text_key, "vector": content}
