"""POST /query: items by positive and negative examples."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response

from recsys.recommend.json import listed_object
from recsys.search.examples import Example, VectorQuery, item_example, search_by_examples, text_example, user_example
from serving.encoding.service import Encoding
from serving.http.read_body import body
from serving.http.responses import list_response
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel
from serving.schemas.queries import NoQuery, query
from serving.schemas.search import ExampleIn, QueryBody


def blueprint(model: ServingModel, view: EventView, encoding: Encoding) -> Blueprint:
    routes = Blueprint("query", __name__)

    @routes.post("/query")
    def query_items() -> Response:
        query(NoQuery)
        examples = body(QueryBody)
        recommender = model.get()
        reads = [view.read("", recommender)]
        texts = examples.texts()
        vectors = dict(zip(texts, encoding.encode(recommender.encoder, texts), strict=True)) if texts else {}

        def example(sent: ExampleIn) -> Example:
            if sent.item_id is not None:
                return item_example(recommender, sent.item_id, sent.weight)
            if sent.text is not None:
                return text_example(recommender, vectors[sent.text], sent.weight)
            assert sent.user_id is not None
            reads.append(view.read(sent.user_id, recommender))
            near = partial(view.near_users, recommender)
            return user_example(recommender, sent.user_id, reads[-1], sent.weight, near)

        positive, negative = (tuple(map(example, side)) for side in (examples.positive, examples.negative))
        vector_query = VectorQuery(positive, negative, examples.strategy)
        answer = search_by_examples(recommender, vector_query, examples.request, reads[0].hidden)
        shown = listed_object(answer, {}, recommender.model_version)
        return list_response(answer, shown, any(events.degraded for events in reads))

    return routes
