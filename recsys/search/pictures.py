"""Items by their pictures: for words or for a picture, which stand in one space."""

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
    """What is searched for among pictures.

    Parameters
    ----------
    vector : float32 array (picture_dim,)
        As the picture encoder makes it, of length 1, or zero where it knows no word of a text.
    text : str or None
        The words; None for a picture.
    """

    vector: Vectors
    text: str | None = None

    @property
    def mode(self) -> PictureMode:
        return PICTURE


def check_pictures(recommender: Recommender) -> None:
    """Raise UnansweredError where the model has no pictures."""
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
    """The best `depth` items with a picture that are not in `skip` and eligible, by the cosine of their picture and the query.

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
    """The `k` values of each attribute that a picture shows most likely, by its vector (picture_dim,).

    Raises
    ------
    UnansweredError
        When the model has no pictures, or no attribute whose values its encoder has words for.
    """
    check_pictures(recommender)
    tags = recommender.model.extra(Tags)
    if tags is None:
        raise UnansweredError("the items have no attribute that pictures could be described by (content.picture_tags)")
    return tags.nearest(vector, k)


def caption(tags: list[Tag]) -> str:
    """The first value of each attribute, in a line."""
    first: dict[str, str] = {}
    for tag in tags:
        first.setdefault(tag.attribute, tag.value)
    return ", ".join(first.values())
