"""A filter as a JSON object of a request body, where values may hold commas."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from recsys.data.filters import MOST_VALUES, Condition
from serving.schemas.base import StrictObject

LONGEST_NAME = 1000
LONGEST_VALUE = 10_000
LARGEST = 1e18
THREE_WAYS: JsonDict = {
    "oneOf": [{"required": ["any"]}, {"required": ["none"]}, {"anyOf": [{"required": ["min"]}, {"required": ["max"]}]}],
    "examples": [
        {"attribute": "genre", "any": ["sci-fi", "drama"]},
        {"attribute": "genre", "none": ["horror"]},
        {"attribute": "year", "min": 1990, "max": 2000},
    ],
}


def _string_or_number(value: Any) -> Any:
    """One message in place of one for each type that it could be."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("must be a string or a number")
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        raise ValueError(f"must have at most {LONGEST_VALUE} characters")
    if not isinstance(value, str) and not abs(value) <= LARGEST:
        raise ValueError(f"must lie between {-LARGEST} and {LARGEST}")
    return value


Text = Annotated[str, Field(max_length=LONGEST_VALUE)]
Whole = Annotated[int, Field(ge=int(-LARGEST), le=int(LARGEST))]
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Value = Annotated[Text | Whole | Number, BeforeValidator(_string_or_number)]
Values = Annotated[tuple[Value, ...], Field(min_length=1, max_length=MOST_VALUES, strict=False)]


class FilterIn(StrictObject):
    """What an attribute of the items must be: one of `any`, none of `none`, or a number from `min` to `max`."""

    model_config = ConfigDict(title="Filter", json_schema_extra=THREE_WAYS)

    attribute: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, description="column of the items")]
    any: Annotated[Values | None, Field(description="the item has one of these values; case does not matter")] = None
    none: Annotated[Values | None, Field(description="the item has none of these values; case does not matter")] = None
    min: Annotated[Number | None, Field(description="the item's number is this or more")] = None
    max: Annotated[Number | None, Field(description="the item's number is this or less")] = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        ways = [self.any is not None, self.none is not None, self.min is not None or self.max is not None]
        if sum(ways) != 1:
            raise ValueError("must have either any, or none, or min and max (one of the two is enough)")
        return self

    def conditions(self) -> tuple[Condition, ...]:
        """The conditions that say the same."""
        if self.any is not None:
            return (Condition(self.attribute, "in", self.any),)
        if self.none is not None:
            return (Condition(self.attribute, "not in", self.none),)
        lowest = () if self.min is None else (Condition(self.attribute, ">=", (self.min,)),)
        highest = () if self.max is None else (Condition(self.attribute, "<=", (self.max,)),)
        return (*lowest, *highest)
