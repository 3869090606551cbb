"""Parameters of query strings: read strictly, so that a slip is an error and never a silent default."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

from flask import request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError, WithJsonSchema

from recsys.data.filters import Condition, parse_filter, shown
from recsys.errors import QueryError, did_you_mean
from serving.schemas import lists
from serving.schemas.lists import ListSchema

MOST_PARAMETERS = 100
LONGEST_REMEMBERED = 64
WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
FILTER_PATTERN = r"^[^:<>!=]+(!?:[^,]+(,[^,]+)*|[<>]=?-?(0|[1-9][0-9]*)(\.[0-9]+)?)$"


def whole_number(text: str) -> int:
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
    return tuple(one for one in text.split(",") if one)


def _conditions(texts: list[str]) -> tuple[Condition, ...]:
    return tuple(parse_filter(text) for text in texts)


WholeNumber = BeforeValidator(whole_number)
Number = BeforeValidator(_number)
K = Annotated[lists.Count, WholeNumber]
Offset = Annotated[
    lists.Passed,
    Field(description="how many better items to pass over: the second page of ten begins at 10"),
    WholeNumber,
]
Flag = Annotated[bool, BeforeValidator(_flag)]
Share = Annotated[float, Field(ge=0, le=1), Number]
Ids = Annotated[tuple[str, ...], BeforeValidator(_ids)]
Conditions = Annotated[
    tuple[Condition, ...],
    PlainValidator(_conditions),
    WithJsonSchema(
        {"type": "array", "items": {"type": "string", "format": "filter", "pattern": FILTER_PATTERN}, "default": []}
    ),
]
OfCluster = Annotated[Annotated[lists.ClusterNumber, WholeNumber] | None, lists.OF_CLUSTER]


class Query(BaseModel):
    """Base of all query strings.

    A field whose schema is an array of strings with a `filter` format may be repeated; all others are given once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def repeatable(cls) -> frozenset[str]:
        """Names of the parameters that may be given several times."""
        return frozenset()


class NoQuery(Query):
    """A resource without parameters."""


class ListQuery(Query, ListSchema):
    """What every list takes."""

    k: K = 10
    offset: Offset = 0
    exclude: Annotated[Ids, Field(description="ids of items that are not wanted, joined by commas")] = ()
    filter: Annotated[
        Conditions,
        Field(
            description="a condition on an attribute of the items: `genre:sci-fi`, `genre:sci-fi,drama` (any of them), "
            "`genre!:horror`, `year>=1990`; when repeated, all must hold"
        ),
    ] = ()
    cluster: OfCluster = None

    @classmethod
    def repeatable(cls) -> frozenset[str]:
        return frozenset({"filter"})

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return self.filter


class SimilarQuery(ListQuery):
    """Parameters of ``GET /similar``."""

    diversity: Annotated[lists.Diversity, Number] = 0.0
    explain: Annotated[lists.Explain, BeforeValidator(_flag)] = False


class RecommendQuery(SimilarQuery):
    """Parameters of ``GET /recommend``."""

    include_seen: Annotated[Flag, Field(description="also items of the user's history")] = False
    popularity_penalty: Annotated[Share | None, Field(description=lists.PENALTY)] = None
    recommendation_id: lists.RecommendationId = None


class PopularQuery(ListQuery):
    """Parameters of ``GET /popular``."""

    trending: Annotated[Flag, Field(description="what rises now, instead of what is liked most")] = False


AnyQuery = TypeVar("AnyQuery", bound=Query)


def query(kind: type[AnyQuery]) -> AnyQuery:
    """The parameters of the current request.

    Raises
    ------
    QueryError
        Naming the parameter that is unknown, repeated or has a bad value.
    """
    raw = request.environ.get("QUERY_STRING", "")
    return _remembered(kind, raw) if len(raw) <= LONGEST_REMEMBERED else parse(kind, raw)  # type: ignore[return-value]


@lru_cache(maxsize=1024)
def _remembered(kind: type[Query], raw: str) -> Query:
    """Short query strings repeat, and what they mean never changes."""
    return parse(kind, raw)


def parse(kind: type[AnyQuery], raw: str) -> AnyQuery:
    """The parameters of a query string.

    Parameters
    ----------
    kind : subclass of Query
    raw : str
        As WSGI gives it: percent-encoded, other bytes as the characters of latin-1.

    Raises
    ------
    QueryError
        Naming the parameter that is unknown, repeated or has a bad value.
    """
    given: dict[str, Any] = {}
    repeatable = kind.repeatable()
    for name, value in _pairs(raw):
        if name not in kind.model_fields:
            raise QueryError(f"unknown parameter {shown(name)}{_nearest(name, kind)}")
        if name in repeatable:
            given.setdefault(name, []).append(value)
        elif name in given:
            raise QueryError(f"parameter {name!r} is given more than once; give it once")
        else:
            given[name] = value
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "missing":
            raise QueryError(f"parameter {first['loc'][0]!r} is missing") from error
        value = given[str(first["loc"][0])]
        raise QueryError(f"parameter {first['loc'][0]!r} is {shown(value)}: {message}") from error


def _pairs(raw: str) -> list[tuple[str, str]]:
    if not raw:
        return []
    plain = raw if raw.isascii() else "".join(one if one.isascii() else f"%{ord(one):02X}" for one in raw)
    try:
        return parse_qsl(plain, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except UnicodeDecodeError as error:
        raise QueryError("the query string is not UTF-8; percent-encode the bytes of UTF-8") from error
    except ValueError as error:
        raise QueryError(f"the query string has more than {MOST_PARAMETERS} parameters; send fewer") from error


def _nearest(name: str, kind: type[Query]) -> str:
    return did_you_mean(name[:100], kind.model_fields) if kind.model_fields else "; this resource takes none"
