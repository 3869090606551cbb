"""Attributes of users, of the training data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from recsys.data.catalog import ENCODER, Attribute
from recsys.data.ids import IdMap
from recsys.data.packed import PackedStrings
from recsys.data.part import Nested, Part


@dataclass(frozen=True, eq=False)
class UserRecords(Part):
    """Attributes of the users that have some, with events or without, as packed JSON."""

    name = "user_records"
    ids: Annotated[IdMap, Nested(IdMap, "records")]
    records: Annotated[PackedStrings, Nested(PackedStrings, "records")]

    @classmethod
    def of(cls, users: Mapping[str, Mapping[str, Attribute]]) -> UserRecords | None:
        """Pack the attributes of each user; None without users."""
        if not users:
            return None
        return cls(IdMap.from_ids([*users]), PackedStrings.from_strings(map(ENCODER.encode, map(dict, users.values()))))

    def get(self, user_id: str) -> dict[str, Attribute]:
        """Return the attributes of a user, none for one without."""
        num = self.ids.get(user_id)
        found: dict[str, Any] = {} if num is None else json.loads(self.records.raw(num))
        return found
