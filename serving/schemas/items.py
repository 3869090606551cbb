"""Requests and answers of changes of items."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, RootModel, StrictBool, StrictFloat, StrictInt, StrictStr
from pydantic.config import JsonDict

from recsys.events.item_values import MOST_VALUES, ItemChange, Kind
from recsys.events.records import LONGEST_ID
from serving.schemas.answers import Count, Positive
from serving.schemas.base import AnswerObject, Id
from serving.schemas.events import Moment

Value = StrictStr | StrictBool | StrictInt | StrictFloat | list[StrictStr]
NAMES: JsonDict = {"minLength": 1, "maxLength": LONGEST_ID, "pattern": "^[^\\u0000]*$"}
ItemId = Annotated[str, Field(min_length=1, max_length=LONGEST_ID, pattern="^[^\\u0000]*$", description="the item")]


class ItemBody(BaseModel):
    """The values of an item by column, as in the file of items; null removes one."""

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        json_schema_extra={"propertyNames": NAMES, "maxProperties": MOST_VALUES},
    )
    __pydantic_extra__: dict[str, Value | None]

    title: str | None = None
    available: bool | None = Field(None, description="false: in no list")
    available_from: Moment | None = Field(None, description="in no list before; seconds since 1970, or ISO 8601")
    available_until: Moment | None = Field(None, description="in no list from then on")

    def change(self, item_id: str, kind: Kind) -> ItemChange:
        """Return the change; raises QueryError when it is too large."""
        return ItemChange(item_id, kind, self._values())

    def _values(self) -> dict[str, Any]:
        """Return the given values, those of fields first, the others in the order of the body."""
        names = (*type(self).model_fields, *(self.model_extra or ()))
        return {name: getattr(self, name) for name in names if name in self.model_fields_set and name != "item_id"}


class ItemInList(ItemBody):
    """An item of a list."""

    item_id: ItemId

    def change(self, item_id: str = "", kind: Kind = "put") -> ItemChange:
        return ItemChange(item_id or self.item_id, kind, self._values())


class ItemsBody(RootModel[Annotated[tuple[JsonValue, ...], Field(strict=False)]]):
    """A list of items, each with its `item_id`; each is checked by itself."""


class ItemChanged(AnswerObject):
    """Answer to a change of an item, which is on disk."""

    item_id: Id
    revision: Positive = Field(description="rises with every change")
    searchable: bool = Field(
        description="whether lists can have it now; the text of a new item may be encoded some seconds later"
    )


class RejectedItem(AnswerObject):
    """An item of a list that was not stored."""

    place: Count = Field(description="in the list, from 0")
    detail: str


class ItemsAccepted(AnswerObject):
    """Answer to a list of items: the accepted ones are on disk."""

    accepted: Count
    rejected: list[RejectedItem]
