"""POST /query: items by positive and negative examples."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response

from recsys.data.vectors import Vectors
from recsys.recommend.json import listed_object
from recsys.recommend.recommender import Recommender
from recsys.search.examples import (
    Example,
    VectorQuery,
    item_example,
    search_by_examples,
    text_example,
    user_example,
)
from serving.encoding.service import Encoding
from serving.http.read_body import body
from serving.http.responses import personal
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel
from serving.schemas.queries import NoQuery, query
from serving.schemas.search import ExampleIn, QueryBody


def blueprint(model: ServingModel, view: EventView, encoding: Encoding) -> Blueprint:
    routes = Blueprint("query", __name__)

    @routes.post("/query")
    def query_items() -> Response:
        query(NoQuery)
        given = body(QueryBody)
        recommender = model.get()
        events = view.read("", recommender)
        texts = given.texts()
        vectors = dict(zip(texts, encoding.encode(recommender.encoder, texts), strict=True)) if texts else {}
        examples = _Examples(recommender, view, vectors)
        wanted = VectorQuery(examples.of(given.positive), examples.of(given.negative), given.strategy)
        answer = search_by_examples(recommender, wanted, given.request, events.hidden)
        shown = listed_object(answer, {}, recommender.model_version)
        return personal(answer, shown, events.degraded or examples.degraded)

    return routes


class _Examples:
    """Examples of requests as vectors; `degraded` when fresh events of a user could not be read."""

    def __init__(self, recommender: Recommender, view: EventView, vectors: dict[str, Vectors]) -> None:
        self._recommender, self._view, self._vectors = recommender, view, vectors
        self.degraded = False

    def of(self, given: Sequence[ExampleIn]) -> tuple[Example, ...]:
        return tuple(self._example(one) for one in given)

    def _example(self, one: ExampleIn) -> Example:
        if one.item_id is not None:
            return item_example(self._recommender, one.item_id, one.weight)
        if one.text is not None:
            return text_example(self._recommender, self._vectors[one.text], one.weight)
        assert one.user_id is not None
        events = self._view.read(one.user_id, self._recommender)
        self.degraded |= events.degraded
        return user_example(self._recommender, one.user_id, events, one.weight)
