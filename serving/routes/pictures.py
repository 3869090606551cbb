"""POST /search: items for a picture. POST /caption: attributes that a picture shows."""

from __future__ import annotations

import base64

from flask import Blueprint, Response, g, jsonify, request

from recsys.encoders.pictures import FORMATS, PictureBytes
from recsys.errors import PictureError
from recsys.search.items import search
from recsys.search.json import caption_object, search_object
from recsys.search.pictures import PictureQuery, captions, check_pictures
from serving.encoding.service import Encoding
from serving.http.admission import arriving
from serving.http.read_body import JSON, body, check_plain, read, wrong_type
from serving.http.responses import list_response
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel
from serving.schemas.pictures import CaptionQuery, PictureBody, PictureSearchQuery
from serving.schemas.queries import query


def blueprint(model: ServingModel, view: EventView, encoding: Encoding, max_picture: int) -> Blueprint:
    routes = Blueprint("pictures", __name__)

    @routes.post("/search")
    def search_by_picture() -> Response:
        params, picture = query(PictureSearchQuery), _read_picture(max_picture)
        recommender = model.get()
        events = view.read(params.user_id or "", recommender)
        check_pictures(recommender)
        sought = PictureQuery(encoding.encode_picture(recommender.picture_encoder, picture))
        answer = search(recommender, sought, params.request, params.user_id, events)
        subject = {} if params.user_id is None else {"user_id": params.user_id}
        shown = search_object(answer, sought, subject, recommender.model_version)
        return list_response(answer, shown, events.degraded, personal=bool(subject))

    @routes.post("/caption")
    def caption() -> Response:
        params, picture = query(CaptionQuery), _read_picture(max_picture)
        recommender = model.get()
        check_pictures(recommender)
        vector = encoding.encode_picture(recommender.picture_encoder, picture)
        return jsonify(caption_object(captions(recommender, vector, params.k), recommender.model_version))

    return routes


def _read_picture(longest: int) -> PictureBytes:
    """Return the picture of the current request, not decoded.

    `longest` bytes are the limit of a body that is not JSON. Raises as :func:`serving.http.read_body.body`, and PictureError
    for an empty body.
    """
    media = request.mimetype
    if media == JSON:
        return PictureBytes(base64.b64decode(body(PictureBody).picture))
    if media not in FORMATS:
        raise wrong_type(f"send a picture as {' or '.join(FORMATS)}, or JSON as {JSON}")
    check_plain()
    request.max_content_length = longest
    with arriving():
        content = read()
    if not content:
        raise PictureError("the body is empty; send a picture")
    g.body_was_read = True
    return PictureBytes(content, media)
