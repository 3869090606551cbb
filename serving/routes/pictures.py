"""POST /search: items for a picture. POST /caption: what a picture shows."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from recsys.recommend.user_state import of_user
from recsys.search.items import search
from recsys.search.json import caption_object, search_object
from recsys.search.pictures import PictureQuery, captions, check_pictures
from serving.encoding import Encoding
from serving.knowledge import Knowledge
from serving.picture_bodies import picture
from serving.picture_schemas import CaptionQuery, PictureSearchQuery
from serving.query_schemas import query
from serving.responses import personal, plain
from serving.serving_model import ServingModel


def blueprint(model: ServingModel, knowledge: Knowledge, encoding: Encoding, max_picture: int) -> Blueprint:
    routes = Blueprint("pictures", __name__)

    @routes.post("/search")
    def search_by_picture() -> Response:
        asked, sent = query(PictureSearchQuery), picture(max_picture)
        recommender = model.get()
        known = knowledge.look(asked.user_id or "", recommender)
        check_pictures(recommender.model)
        wanted = PictureQuery(encoding.encode_picture(recommender.picture_encoder, sent))
        taste = None
        if asked.user_id is not None:
            taste = of_user(recommender.model, recommender.rules, asked.user_id, known.look.activity)
        answer = search(recommender, wanted, asked.asked, known.look.hidden, taste)
        subject = {} if asked.user_id is None else {"user_id": asked.user_id}
        shown = search_object(answer, wanted, subject, recommender.model_version)
        return (plain if taste is None else personal)(answer, shown, known.degraded)

    @routes.post("/caption")
    def caption() -> Response:
        asked, sent = query(CaptionQuery), picture(max_picture)
        recommender = model.get()
        check_pictures(recommender.model)
        vector = encoding.encode_picture(recommender.picture_encoder, sent)
        return jsonify(caption_object(captions(recommender.model, vector, asked.k), recommender.model_version))

    return routes
