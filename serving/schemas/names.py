"""Requests and answers of ``GET /items`` and ``GET /users``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from serving.schemas.answers import Attributes, Count, ModelAnswer, NamedItem, Paged
from serving.schemas.base import AnswerObject, Id
from serving.schemas.queries import ListQuery, Query, WholeNumber

MOST_NAMES = 100
LONGEST_TYPED = 200

Typed = Annotated[str, Field(max_length=LONGEST_TYPED)]
Few = Annotated[int, Field(ge=1, le=MOST_NAMES, description="how many"), WholeNumber]


class ItemsQuery(ListQuery):
    """Parameters of ``GET /items``."""

    q: Annotated[Typed, Field(description="beginning of an id, or of words of a title; without it all items")] = ""
    k: Few = 10


class UsersQuery(Query):
    """Parameters of ``GET /users``."""

    q: Annotated[Typed, Field(description="beginning of an id; without it users with a history of typical length")] = ""
    k: Few = 10


class FoundItem(NamedItem):
    """An item, its attributes, and whether they changed."""

    attributes: Attributes
    revision: Count = Field(description="of the last change since the training; 0 for none")


class Items(ModelAnswer, Paged):
    """Answer of ``GET /items``."""

    items: list[FoundItem] = Field(description="an item with this id or title first, then the most popular ones")


class FoundUser(AnswerObject):
    """A user of the model."""

    user_id: Id
    n_liked: Count = Field(description="liked items at training")


class Users(ModelAnswer):
    """Answer of ``GET /users``."""

    users: list[FoundUser]
