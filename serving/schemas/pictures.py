"""Requests and answers of ``POST /search`` and ``POST /caption``."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from recsys.encoders.pictures import FORMATS
from recsys.search.pictures import PictureMode
from serving.schemas.answers import AttributeValue, ForUser, ModelAnswer, RankedList
from serving.schemas.base import Share, StrictObject
from serving.schemas.queries import ListQuery, Query, UserId, WholeNumber

MEDIA: Final = tuple(FORMATS)
MOST_TAGS = 100


def _check_base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"it must be base64: {error}") from error
    return text


Base64 = Annotated[str, Field(pattern="^[A-Za-z0-9+/]+={0,2}$"), AfterValidator(_check_base64)]


class PictureBody(StrictObject):
    """A picture as JSON. The whole body can be an `image/png` or `image/jpeg` instead."""

    picture: Base64 = Field(
        description="a PNG or JPEG file in base64, of up to 16,777,216 pixels", json_schema_extra={"format": "picture"}
    )


class PictureSearchQuery(ListQuery):
    """Parameters of ``POST /search``."""

    user_id: UserId = None


class CaptionQuery(Query):
    """Parameters of ``POST /caption``."""

    k: Annotated[int, Field(ge=1, le=MOST_TAGS, description="how many values of each attribute"), WholeNumber] = 1


class PictureSearchAnswer(RankedList, ForUser):
    """Answer of ``POST /search``."""

    mode: PictureMode


class PictureTag(AttributeValue):
    """A value of an attribute that the picture may show."""

    score: float = Field(description="cosine of the picture and the words of the value")
    share: Share = Field(description="relative to the other values of the attribute")


class CaptionAnswer(ModelAnswer):
    """Answer of ``/caption``."""

    caption: str = Field(description="the most probable value of each attribute", examples=["red, circle"])
    tags: list[PictureTag]
