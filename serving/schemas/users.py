"""Requests and answers of changes of users."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from recsys.events.item_values import MOST_VALUES
from recsys.events.records import LONGEST_ID
from serving.schemas.answers import Positive
from serving.schemas.base import AnswerObject, Id, StrictObject
from serving.schemas.items import Value

Name = Annotated[str, Field(min_length=1, max_length=LONGEST_ID, pattern="^[^\\u0000]*$")]


class UserBody(StrictObject):
    """The attributes of a user by name, as in the file of users."""

    attributes: Annotated[dict[Name, Value | None], Field(max_length=MOST_VALUES)] = Field(
        description="strings, numbers, bools or lists of strings; null removes one"
    )


class UserChanged(AnswerObject):
    """Answer to a change of a user, which is on disk."""

    user_id: Id
    revision: Positive = Field(description="rises with every change")
