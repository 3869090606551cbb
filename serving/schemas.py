"""Parameters of requests: read strictly, so that a slip is an error and never a silent default."""

from __future__ import annotations

import re
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from werkzeug.datastructures import MultiDict

from recsys.errors import QueryError
from recsys.nearest import did_you_mean

MOST_ITEMS = 1000
WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


def _whole_number(text: str) -> int:
    if not WHOLE_NUMBER.fullmatch(text):
        raise ValueError("must be a whole number in plain digits")
    return int(text)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"


def _ids(text: str) -> tuple[str, ...]:
    return tuple(one for one in text.split(",") if one)


K = Annotated[int, BeforeValidator(_whole_number), Field(ge=1, le=MOST_ITEMS)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Ids = Annotated[tuple[str, ...], BeforeValidator(_ids)]


class Query(BaseModel):
    """Base of all query strings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoQuery(Query):
    """A resource without parameters."""


class SimilarQuery(Query):
    """``k`` items, without those of ``exclude`` (ids joined by commas)."""

    k: K = 10
    exclude: Ids = ()


class RecommendQuery(SimilarQuery):
    """Also items of the user's history with ``include_seen=true``."""

    include_seen: Flag = False


AnyQuery = TypeVar("AnyQuery", bound=Query)


def parse(kind: type[AnyQuery], arguments: MultiDict[str, str]) -> AnyQuery:
    """Check a query string.

    Raises
    ------
    QueryError
        Naming the parameter that is unknown, repeated or has a bad value.
    """
    for name, values in arguments.lists():
        if name not in kind.model_fields:
            raise QueryError(f"unknown parameter {name!r}{_nearest(name, kind)}")
        if len(values) > 1:
            raise QueryError(f"parameter {name!r} is given {len(values)} times; give it once")
    try:
        return kind.model_validate(arguments.to_dict())
    except ValidationError as error:
        first = error.errors()[0]
        message = first["msg"].removeprefix("Value error, ")
        raise QueryError(f"parameter {first['loc'][0]!r} is {first['input']!r}: {message}") from error


def _nearest(name: str, kind: type[Query]) -> str:
    return did_you_mean(name, kind.model_fields) if kind.model_fields else "; this resource takes none"
