"""POST /search: items for a picture. POST /caption: what a picture shows."""

from __future__ import annotations

import base64

from flask import Blueprint, Response, g, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from recsys.encoders.pictures import FORMATS, PictureBytes
from recsys.errors import PictureError
from recsys.search.items import search
from recsys.search.json import caption_object, search_object
from recsys.search.pictures import PictureQuery, captions, check_pictures
from serving.encoding.service import Encoding
from serving.http.admission import arriving
from serving.http.read_body import JSON, body, check_plain, read, shown
from serving.http.responses import personal, plain
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel
from serving.schemas.pictures import CaptionQuery, PictureBody, PictureSearchQuery
from serving.schemas.queries import query


def blueprint(model: ServingModel, view: EventView, encoding: Encoding, max_picture: int) -> Blueprint:
    routes = Blueprint("pictures", __name__)

    @routes.post("/search")
    def search_by_picture() -> Response:
        params, sent = query(PictureSearchQuery), picture(max_picture)
        recommender = model.get()
        events = view.read(params.user_id or "", recommender)
        check_pictures(recommender)
        wanted = PictureQuery(encoding.encode_picture(recommender.picture_encoder, sent))
        answer = search(recommender, wanted, params.request, params.user_id, events)
        subject = {} if params.user_id is None else {"user_id": params.user_id}
        shown = search_object(answer, wanted, subject, recommender.model_version)
        return (personal if subject else plain)(answer, shown, events.degraded)

    @routes.post("/caption")
    def caption() -> Response:
        params, sent = query(CaptionQuery), picture(max_picture)
        recommender = model.get()
        check_pictures(recommender)
        vector = encoding.encode_picture(recommender.picture_encoder, sent)
        return jsonify(caption_object(captions(recommender, vector, params.k), recommender.model_version))

    return routes


def picture(longest: int) -> PictureBytes:
    """The picture that the current request brings; nothing of it is decoded.

    Parameters
    ----------
    longest : int
        Bytes of a body that is no JSON; JSON has the limit of all others.

    Raises
    ------
    UnsupportedMediaType
        When the body is neither PNG nor JPEG nor JSON.
    RequestEntityTooLarge, BadRequest, BodyError
        As :func:`serving.http.read_body.body`.
    PictureError
        When it is empty.
    """
    media = request.mimetype
    if media == JSON:
        return PictureBytes(base64.b64decode(body(PictureBody).picture))
    if media not in FORMATS:
        wanted = f"send a picture as {' or '.join(FORMATS)}, or JSON as {JSON}"
        raise UnsupportedMediaType(
            f"the body is {shown(media)}; {wanted}" if media else f"the body has no type; {wanted}"
        )
    check_plain()
    request.max_content_length = longest
    with arriving():
        content = read()
    if not content:
        raise PictureError("the body is empty; send a picture")
    g.body_was_read = True
    return PictureBytes(content, media)
