"""The operations that take a picture."""

from __future__ import annotations

from typing import Final

from serving.operation_kind import Operation
from serving.picture_schemas import (
    MEDIA,
    PICTURE_EXAMPLE,
    CaptionAnswer,
    CaptionQuery,
    PictureBody,
    PictureSearchAnswer,
    PictureSearchQuery,
)

PICTURES: Final[tuple[Operation, ...]] = (
    Operation(
        "pictures.search_by_picture",
        "POST",
        "/search",
        "Items for a picture",
        "Those with the likest pictures. The body is a PNG or JPEG file, or JSON that holds one. A picture that cannot be read "
        "is answered with 422.",
        PictureSearchQuery,
        body=PictureBody,
        media=MEDIA,
        answer=PictureSearchAnswer,
        errors=(404, 409),
        example=PICTURE_EXAMPLE,
    ),
    Operation(
        "pictures.caption",
        "POST",
        "/caption",
        "What a picture shows",
        "Of each attribute that describes pictures the value whose words are nearest to the picture. Nothing was trained for "
        "these attributes. The body is as that of `POST /search`.",
        CaptionQuery,
        body=PictureBody,
        media=MEDIA,
        answer=CaptionAnswer,
        errors=(409,),
        example=PICTURE_EXAMPLE,
    ),
)
