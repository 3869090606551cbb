"""POST /query: items by positive and negative examples."""

from __future__ import annotations

from flask import Blueprint, Response

from recsys.recommend.json import listed_object
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
        reads = [view.read("", recommender)]
        texts = given.texts()
        vectors = dict(zip(texts, encoding.encode(recommender.encoder, texts), strict=True)) if texts else {}

        def example(one: ExampleIn) -> Example:
            if one.item_id is not None:
                return item_example(recommender, one.item_id, one.weight)
            if one.text is not None:
                return text_example(recommender, vectors[one.text], one.weight)
            assert one.user_id is not None
            reads.append(view.read(one.user_id, recommender))
            return user_example(recommender, one.user_id, reads[-1], one.weight)

        positive, negative = (tuple(example(one) for one in side) for side in (given.positive, given.negative))
        wanted = VectorQuery(positive, negative, given.strategy)
        answer = search_by_examples(recommender, wanted, given.request, reads[0].hidden)
        shown = listed_object(answer, {}, recommender.model_version)
        return personal(answer, shown, any(events.degraded for events in reads))

    return routes
