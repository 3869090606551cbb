"""What is sent to and answered by ``POST /search`` and ``POST /caption``."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from recsys.encoders.pictures import FORMATS
from recsys.search.pictures import PictureMode
from serving.schemas.answers import AnswerObject, RankedList, Version
from serving.schemas.answers import Id as AnsweredId
from serving.schemas.base import StrictObject
from serving.schemas.queries import ListQuery, Query, WholeNumber

MEDIA: Final = tuple(FORMATS)
MOST_TAGS = 100
BASE64 = "^[A-Za-z0-9+/]+={0,2}$"


def _is_base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"it must be base64: {error}") from error
    return text


class PictureBody(StrictObject):
    """A picture as JSON. It may as well be the whole body, as `image/png` or `image/jpeg`."""

    picture: Annotated[
        str,
        Field(
            pattern=BASE64,
            description="a PNG or JPEG file in base64, of up to 16,777,216 pixels",
            json_schema_extra={"format": "picture"},
        ),
        AfterValidator(_is_base64),
    ]


class PictureSearchQuery(ListQuery):
    """Parameters of ``POST /search``."""

    user_id: Annotated[str | None, Field(min_length=1, description="in the order of this user's taste")] = None


class CaptionQuery(Query):
    """Parameters of ``POST /caption``."""

    k: Annotated[int, Field(ge=1, le=MOST_TAGS, description="how many values of each attribute"), WholeNumber] = 1


class PictureSearchAnswer(RankedList):
    """Answer of ``POST /search``."""

    mode: PictureMode
    user_id: Annotated[AnsweredId, Field(default=None, description="whose taste was asked for")]


class PictureTag(AnswerObject):
    """A value of an attribute that the picture may show."""

    attribute: str
    value: str
    score: Annotated[float, Field(description="cosine of the picture and the value's words")]
    share: Annotated[float, Field(ge=0, le=1, description="beside the attribute's other values")]


class CaptionAnswer(AnswerObject):
    """Answer of ``/caption``."""

    model_version: Version
    caption: Annotated[str, Field(description="the likeliest value of each attribute", examples=["red, circle"])]
    tags: list[PictureTag]


PICTURE_EXAMPLE: Final = {
    "picture": "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAIAAAAmkwkpAAAAFElEQVR42mO8IyfHAANMDEgANwcAOHIBID2Vy4IAAAAASUVORK5CYII="
}
