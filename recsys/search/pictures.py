"""Search for items by picture; texts and pictures share a vector space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from recsys.data.vectors import Vectors
from recsys.errors import UnansweredError
from recsys.index.exact import ExactIndex, VectorIndex
from recsys.model.extras.picture_tags import Tag, Tags
from recsys.recommend.ranking import Mask, Nums
from recsys.recommend.recommender import Recommender
from recsys.search.text import Results, nearest

PictureMode = Literal["picture"]
PICTURE: Final = "picture"


@dataclass(frozen=True, eq=False)
class PictureQuery:
    """Query for pictures."""

    vector: Vectors  # (picture_dim,), of length 1, or zero for a text without known words
    text: str | None = None  # None for a picture
    mode: ClassVar[PictureMode] = PICTURE


def check_pictures(recommender: Recommender) -> None:
    """Raise UnansweredError if the model has no pictures."""
    if not recommender.model.picture_dim:
        raise UnansweredError(
            "the items have no pictures that could be searched; train with content.picture_encoder and a column of pictures"
        )


def by_picture(
    recommender: Recommender, query: PictureQuery, depth: int, skip: Nums, eligible: Mask | None, *, exact: bool
) -> Results:
    """Return the best `depth` eligible items with a picture that are not in `skip`, by cosine with the query.

    Raises
    ------
    UnansweredError
        When the model has no pictures.
    """
    check_pictures(recommender)
    index: VectorIndex = recommender.model.items_by_picture
    index = ExactIndex(index.table) if exact else index
    return Results.of(nearest(index, query.vector, depth, skip, eligible), by_meaning=True)


def captions(recommender: Recommender, vector: Vectors, k: int = 1) -> list[Tag]:
    """Return the `k` most likely values of each attribute for a picture vector (picture_dim,).

    Raises
    ------
    UnansweredError
        When the model has no pictures, or no picture tags.
    """
    check_pictures(recommender)
    tags = recommender.model.extra(Tags)
    if tags is None:
        raise UnansweredError("the items have no attribute that pictures could be described by (content.picture_tags)")
    return tags.nearest(vector, k)


def caption(tags: list[Tag]) -> str:
    """Return the first value of each attribute, joined by commas."""
    first: dict[str, str] = {}
    for tag in tags:
        first.setdefault(tag.attribute, tag.value)
    return ", ".join(first.values())
