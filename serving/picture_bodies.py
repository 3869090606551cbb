"""Bodies of requests that are a picture: the file itself, or JSON that holds it in base64."""

from __future__ import annotations

import base64

from flask import g, request
from werkzeug.exceptions import UnsupportedMediaType

from recsys.encoders.pictures import FORMATS, PictureBytes
from recsys.errors import PictureError
from serving.admission import arriving
from serving.bodies import JSON, body, check_plain, read, shown
from serving.picture_schemas import PictureBody


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
        As :func:`serving.bodies.body`.
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
