"""Parameters of query strings, checked strictly: an error is never a silent default."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Any, ClassVar, TypeVar
from urllib.parse import parse_qsl

from flask import request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError, WithJsonSchema

from recsys.data.filters import Condition, parse_filter, shown
from recsys.errors import QueryError, did_you_mean
from recsys.recommend.ranking import SimilarBy
from serving.schemas import lists
from serving.schemas.base import Share
from serving.schemas.lists import ListSchema

MOST_PARAMETERS = 100
MOST_GIVEN = 100
LONGEST_CACHED = 64
WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
FILTER_PATTERN = r"^[^:<>!=]+(!?:[^,]+(,[^,]+)*|[<>]=?-?(0|[1-9][0-9]*)(\.[0-9]+)?)$"


def _whole_number(text: str) -> int:
    if not WHOLE_NUMBER.fullmatch(text):
        raise ValueError("must be a whole number in plain digits")
    return int(text)


def _number(text: str) -> float:
    if not NUMBER.fullmatch(text):
        raise ValueError("must be a number as JSON writes it, such as 0.2")
    return float(text)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"


def _ids(text: str) -> tuple[str, ...]:
    return tuple(item_id for item_id in text.split(",") if item_id)


def _conditions(texts: list[str]) -> tuple[Condition, ...]:
    return tuple(parse_filter(text) for text in texts)


WholeNumber = BeforeValidator(_whole_number)
Number = BeforeValidator(_number)
Flag = BeforeValidator(_flag)
K = Annotated[lists.Count, WholeNumber]
Offset = Annotated[
    lists.Skipped, Field(description="how many better items to skip: the second page of ten begins at 10"), WholeNumber
]
Conditions = Annotated[
    tuple[Condition, ...],
    PlainValidator(_conditions),
    WithJsonSchema(
        {"type": "array", "items": {"type": "string", "format": "filter", "pattern": FILTER_PATTERN}, "default": []}
    ),
]
Excluded = Annotated[
    tuple[str, ...], BeforeValidator(_ids), Field(description="ids of items to leave out, joined by commas")
]
Without = Annotated[tuple[str, ...], BeforeValidator(_ids), Field(description=f"{lists.WITHOUT}; joined by commas")]
Filter = Annotated[
    Conditions,
    Field(
        description="a condition on an attribute of the items: `genre:sci-fi`, `genre:sci-fi,drama` (one of them), "
        "`genre!:horror`, `year>=1990`; can be repeated, then all must hold"
    ),
]
Cluster = Annotated[Annotated[lists.ClusterNumber, WholeNumber] | None, lists.OF_CLUSTER]
Diversity = Annotated[lists.Diversity, Number]
IncludeSeen = Annotated[bool, Flag, Field(description="also items of the user's history")]
Penalty = Annotated[Annotated[Share, Number] | None, lists.PENALTY]
Rotation = Annotated[lists.Rotation, Number]
ContentWeight = Annotated[lists.ContentWeight, Number]
Context = Annotated[str | None, lists.CONTEXT]
WithAttributes = Annotated[lists.WithAttributes, Flag]
UserId = Annotated[str | None, Field(min_length=1, description="order the items by this user's taste")]


class Query(BaseModel):
    """Base of all query strings; a parameter is given once unless it is in `repeatable`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    repeatable: ClassVar[frozenset[str]] = frozenset()


class NoQuery(Query):
    """A resource without parameters."""


class ListQuery(Query, ListSchema):
    """Parameters of all lists."""

    repeatable = frozenset({"filter"})

    k: K = 10
    offset: Offset = 0
    exclude: Excluded = ()
    filter: Filter = ()
    cluster: Cluster = None

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return self.filter


class ExplainedQuery(ListQuery):
    """Parameters of lists with reasons."""

    diversity: Diversity = 0.0
    explain: Annotated[lists.Explain, Flag] = False
    attributes: WithAttributes = False


class SimilarQuery(ExplainedQuery):
    """Parameters of ``GET /similar``."""

    by: Annotated[SimilarBy, Field(description="the data that is compared: behavior, content, or both")] = "blended"


class RecommendQuery(ExplainedQuery):
    """Parameters of ``GET /recommend``."""

    include_seen: IncludeSeen = False
    popularity_penalty: Penalty = None
    rotation: Rotation = 0.0
    content_weight: ContentWeight = 1.0
    without: Without = ()
    context: Context = None
    recommendation_id: lists.RecommendationId = None


class TogetherQuery(ListQuery):
    """Parameters of ``GET /together``."""

    items: Annotated[
        tuple[Annotated[str, Field(min_length=1, pattern="^[^,]*$")], ...],
        Field(min_length=1, max_length=MOST_GIVEN, description="ids of the items of the basket, joined by commas"),
        BeforeValidator(_ids),
    ]


class PopularQuery(ListQuery):
    """Parameters of ``GET /popular``."""

    attributes: WithAttributes = False
    trending: Annotated[bool, Flag, Field(description="items of the last days instead of the most liked items")] = False


AnyQuery = TypeVar("AnyQuery", bound=Query)


def query(kind: type[AnyQuery]) -> AnyQuery:
    """Return the parameters of the current request; raises as :func:`parse`."""
    raw = request.environ.get("QUERY_STRING", "")
    return (_cached_parse if len(raw) <= LONGEST_CACHED else parse)(kind, raw)


def parse(kind: type[AnyQuery], raw: str) -> AnyQuery:
    """Return the parameters of a query string as WSGI has it: percent-encoded, other bytes as latin-1 characters.

    Raises
    ------
    QueryError
        Names the parameter that is unknown, repeated or has a bad value.
    """
    values: dict[str, Any] = {}
    for name, value in _pairs(raw):
        if name not in kind.model_fields:
            hint = did_you_mean(name[:100], kind.model_fields) if kind.model_fields else "; this resource takes none"
            raise QueryError(f"unknown parameter {shown(name)}{hint}")
        if name in kind.repeatable:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise QueryError(f"parameter {name!r} is given more than once; give it once")
        else:
            values[name] = value
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        message, name = first["msg"].removeprefix("Value error, "), str(first["loc"][0])
        if first["type"] == "missing":
            raise QueryError(f"parameter {name!r} is missing") from error
        raise QueryError(f"parameter {name!r} is {shown(values[name])}: {message}") from error


_cached_parse = lru_cache(maxsize=1024)(parse)


def _pairs(raw: str) -> list[tuple[str, str]]:
    if not raw:
        return []
    plain = raw if raw.isascii() else "".join(char if char.isascii() else f"%{ord(char):02X}" for char in raw)
    try:
        return parse_qsl(plain, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except UnicodeDecodeError as error:
        raise QueryError("the query string is not UTF-8; percent-encode the bytes of UTF-8") from error
    except ValueError as error:
        raise QueryError(f"the query string has more than {MOST_PARAMETERS} parameters; send fewer") from error
