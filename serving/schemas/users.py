"""Requests and answers of changes of users."""

from __future__ import annotations

from pydantic import Field

from recsys.events.item_values import MOST_VALUES
from serving.schemas.answers import Positive
from serving.schemas.base import AnswerObject, Id, StrictObject
from serving.schemas.items import NAMES, Value


class UserBody(StrictObject):
    """The attributes of a user by name, as in the file of users."""

    attributes: dict[str, Value | None] = Field(
        description="strings, numbers, bools or lists of strings; null removes one",
        max_length=MOST_VALUES,
        json_schema_extra={"propertyNames": NAMES},
    )


class UserChanged(AnswerObject):
    """Answer to a change of a user, which is on disk."""

    user_id: Id
    revision: Positive = Field(description="rises with every change")
