"""Attributes of users that a service received, such as a country or an age."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from recsys.events.item_values import Values, check_values
from recsys.events.records import check_id

Attribute = str | int | float | list[str]


@dataclass(frozen=True)
class UserChange:
    """What is to hold of the attributes of a user.

    Parameters
    ----------
    values : mapping
        All attributes after a ``put``; of a ``patch``, those that differ from the file of users, None for a removed one.
    revision : int
        Rises with every change of any user; counted with the deletions of users.
    """

    user_id: str
    kind: Literal["put", "patch"]
    values: Values
    revision: int = 0

    def __post_init__(self) -> None:
        check_id("user_id", self.user_id)
        check_values(f"user {self.user_id!r}", self.values, self.record)

    @property
    def record(self) -> str:
        """The values as JSON."""
        return json.dumps(dict(self.values), allow_nan=False)

    def after(self, earlier: UserChange | None) -> UserChange:
        """Return the change that holds when this one follows an earlier one of the same user."""
        if self.kind == "put" or earlier is None:
            return self
        return UserChange(self.user_id, earlier.kind, {**earlier.values, **self.values})

    def on(self, before: Mapping[str, Attribute]) -> dict[str, Attribute]:
        """Return the attributes of the user, who had those of `before` in the training data; bools become texts."""
        values = {**({} if self.kind == "put" else before), **self.values}
        return {
            name: str(value).lower() if isinstance(value, bool) else value
            for name, value in values.items()
            if value is not None and value not in ("", [])
        }
