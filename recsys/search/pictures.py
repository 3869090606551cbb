"""Search for items by picture; texts and pictures share a vector space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from recsys.data.vectors import Vectors
from recsys.errors import UnansweredError
from recsys.index.exact import NOTHING, ExactIndex, VectorIndex
from recsys.model.extras.picture_tags import Tag, Tags
from recsys.recommend.ranking import Mask, Nums, rank_by_vector
from recsys.recommend.recommender import Recommender
from recsys.search.text import Found, with_vector

PictureMode = Literal["picture"]
PICTURE: Final = "picture"


@dataclass(frozen=True, eq=False)
class PictureQuery:
    """Query for pictures.

    Parameters
    ----------
    vector : float32 array (picture_dim,)
        Encoded query of length 1, or zero for a text without known words.
    text : str or None
        Text of the query; None for a picture.
    """

    vector: Vectors
    text: str | None = None

    @property
    def mode(self) -> PictureMode:
        return PICTURE


def check_pictures(recommender: Recommender) -> None:
    """Raise UnansweredError if the model has no pictures."""
    if not recommender.model.picture_dim:
        raise UnansweredError(
            "the items have no pictures that could be searched; train with content.picture_encoder and a column of pictures"
        )


def by_picture(
    recommender: Recommender,
    query: PictureQuery,
    depth: int,
    skip: Nums = NOTHING,
    eligible: Mask | None = None,
    *,
    exact: bool = False,
) -> Found:
    """Return the best `depth` eligible items with a picture that are not in `skip`, by cosine with the query.

    Raises
    ------
    UnansweredError
        When the model has no pictures.
    """
    check_pictures(recommender)
    index: VectorIndex = recommender.model.items_by_picture
    index = ExactIndex(index.table) if exact else index
    nums, scores = NOTHING, np.empty(0, dtype=np.float32)
    if query.vector.any():
        pictured = with_vector(index.table)
        if pictured is not None:
            eligible = pictured if eligible is None else eligible & pictured
        found = rank_by_vector(index, query.vector, 0, depth, skip, eligible=eligible).found
        nums, scores = found.nums, found.scores
    mark = np.ones(len(nums), dtype=bool)
    return Found(nums, scores, mark, ~mark)


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
