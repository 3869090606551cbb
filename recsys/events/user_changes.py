"""Attributes of users in the database of an event store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from recsys.events.database import Database
from recsys.events.records import id_problem
from recsys.events.tables import Statements
from recsys.events.user_values import UserChange


class UserChanges:
    """The attributes of users in the database of an event store, one row a user; raises EventStoreError when it fails."""

    def __init__(self, database: Database, sql: Statements) -> None:
        self._database, self._sql = database, sql

    def apply(self, change: UserChange) -> UserChange:
        """Store a change after the earlier ones of its user, durable when this returns; returns what holds."""
        user = {"user": change.user_id}
        with self._database.writing() as execute:
            rows = execute.rows(self._sql.attributes, user)
            holds = change.after(_change(rows[0]) if rows else None)
            execute(self._sql.count_forgotten)
            execute(self._sql.set_attributes, {**user, "kind": holds.kind, "record": holds.record})
            (row,) = execute.rows(self._sql.attributes, user)
        return _change(row)

    def get(self, user_id: str) -> UserChange | None:
        """Return what is to hold of a user, None if no attributes came."""
        if id_problem(user_id):
            return None
        rows = self._database.rows(self._sql.attributes, {"user": user_id})
        return _change(rows[0]) if rows else None

    def since(self, revision: int = 0) -> list[UserChange]:
        """Return the changes with a larger revision, in the order of ids."""
        return [_change(row) for row in self._database.rows(self._sql.attributes_since, {"revision": revision})]

    def ids_since(self, revision: int) -> list[tuple[str, int]]:
        """Return the user and the revision of the changes with a larger one."""
        return [(row[0], row[1]) for row in self._database.rows(self._sql.attributed_since, {"revision": revision})]


def _change(row: Sequence[Any]) -> UserChange:
    user_id, kind, record, revision = row
    return UserChange(user_id, kind, json.loads(record), revision)
