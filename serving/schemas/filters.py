"""A filter as a JSON object of a body, in which values may have commas."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from recsys.data.filters import MOST_VALUES, Condition, Operator
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
    """Check both types here, which gives one error message instead of one for each type."""
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
    """A condition on an attribute of the items: one of `any`, none of `none`, or a number from `min` to `max`."""

    model_config = ConfigDict(title="Filter", json_schema_extra=THREE_WAYS)

    attribute: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, description="attribute of the items")]
    any: Annotated[Values | None, Field(description="the item has one of these values; case is ignored")] = None
    none: Annotated[Values | None, Field(description="the item has none of these values; case is ignored")] = None
    min: Annotated[Number | None, Field(description="lower bound of the item's number")] = None
    max: Annotated[Number | None, Field(description="upper bound of the item's number")] = None

    @model_validator(mode="after")
    def _check_one_way(self) -> Self:
        if sum((self.any is not None, self.none is not None, self.min is not None or self.max is not None)) != 1:
            raise ValueError("must have either any, or none, or min and max (one of the two is enough)")
        return self

    def conditions(self) -> tuple[Condition, ...]:
        """Return the filter as conditions."""
        lowest, highest = ((bound,) if bound is not None else None for bound in (self.min, self.max))
        ways: tuple[tuple[Operator, Any], ...] = (
            ("in", self.any),
            ("not in", self.none),
            (">=", lowest),
            ("<=", highest),
        )
        return tuple(Condition(self.attribute, operator, values) for operator, values in ways if values is not None)
