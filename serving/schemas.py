"""Moved: import from serving.query_schemas, serving.body_schemas and serving.bodies."""

from __future__ import annotations

from typing import TypeVar

from serving.query_schemas import NoQuery, Query, RecommendQuery, SimilarQuery, query

AnyQuery = TypeVar("AnyQuery", bound=Query)


def parse(kind: type[AnyQuery], _arguments: object) -> AnyQuery:
    return query(kind)


__all__ = ["NoQuery", "RecommendQuery", "SimilarQuery", "parse", "query"]
