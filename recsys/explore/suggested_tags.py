"""Attribute values that an item or a text probably has, by votes of the nearest items."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import NamedTuple

import numpy as np

from recsys.data.vectors import Vectors
from recsys.errors import UnansweredError
from recsys.index.exact import NOTHING, Nums
from recsys.model.extras.tagging import Measured, Space, Tagging
from recsys.model.model import Model
from recsys.recommend.ranking import rank_by_vector
from recsys.recommend.recommender import NONE, Recommender
from recsys.recommend.text_vectors import content_row
from recsys.score_order import Scores, shown

MOST_TAGS = 10  # of an attribute
MOST_VOTERS = 5  # named for a tag


class Voter(NamedTuple):
    """Item that voted, its likeness, and its share of all votes."""

    item_id: str
    title: str
    likeness: float
    share: float


class Tag(NamedTuple):
    """Value with its votes."""

    value: str
    confidence: float  # precision of values with such votes on held-out items, 0 to 1
    suggested: bool  # whether it reaches the threshold; for an attribute with one value per item only the first can
    votes: int  # number of nearest items with the value
    share: float  # of all votes by likeness
    voters: tuple[Voter, ...]  # the most similar items with the value, at most MOST_VOTERS


class Suggestions(NamedTuple):
    """Suggestions for an attribute, the suggestible values that the item has already, and the number of voters (`asked`)."""

    attribute: str
    known: tuple[str, ...]
    measured: Measured
    asked: int
    tags: tuple[Tag, ...]


class Suggested(NamedTuple):
    """Suggestions for all attributes, and the space of the nearest items."""

    space: Space
    attributes: tuple[Suggestions, ...]


class _Query(NamedTuple):
    """Vector whose nearest items vote, items that do not vote, and the item of the request."""

    model: Model
    vector: Scores
    space: Space
    skip: Nums
    num: int | None = None


def of_item(recommender: Recommender, item_id: str, hidden: AbstractSet[str] = NONE) -> Suggested:
    """Return suggestions for an item, by behavior and content, or by text alone if it has no behavior.

    Items whose ids are in `hidden` do not vote.

    Raises
    ------
    NotFoundError
        When the item is not in the catalog.
    UnansweredError
        When the model suggests no attribute.
    """
    model, num = recommender.model, recommender.item_num(item_id)
    vector = model.items_like_item.table.rows(np.asarray([num]))[0]
    space: Space = "blended" if vector[: model.layout.factors].any() else "text"
    skip = np.union1d(recommender.left_out((), hidden), [num]).astype(np.int32)
    return _suggested(_Query(model, vector, space, skip, num))


def of_text(recommender: Recommender, vector: Vectors, hidden: AbstractSet[str] = NONE) -> Suggested:
    """Return suggestions for a text from its encoded vector, (text_dim,); raises UnansweredError."""
    row = content_row(recommender.model, vector)
    return _suggested(_Query(recommender.model, row, "text", recommender.left_out((), hidden)))


def _suggested(query: _Query) -> Suggested:
    tagging = query.model.extra(Tagging)
    if tagging is None:
        raise UnansweredError(
            "the model suggests no attribute: the catalog has none whose values repeat often enough, or explore.tags is off"
        )
    return Suggested(query.space, tuple(_of_attribute(query, attribute) for attribute in range(len(tagging.names))))


def _of_attribute(query: _Query, attribute: int) -> Suggestions:
    model, vector, num = query.model, query.vector, query.num
    tagging = model.need(Tagging)
    measured = tagging.measured(attribute, query.space)
    near, likenesses = NOTHING, np.empty(0)
    if vector.any():
        mask, factors = tagging.having(attribute), model.layout.factors
        neighbors = rank_by_vector(model.items_like_item, vector, factors, measured.k, query.skip, eligible=mask).found
        alike = neighbors.scores > 0
        near, likenesses = neighbors.nums[alike], neighbors.scores[alike].astype(np.float64)
    known = () if num is None else tuple(map(tagging.values.__getitem__, tagging.values_of(num, attribute).tolist()))
    tags = _tags(model, attribute, query.space, near, likenesses)
    return Suggestions(tagging.names[attribute], known, measured, len(near), tags)


def _tags(model: Model, attribute: int, space: Space, near: Nums, likenesses: Scores) -> tuple[Tag, ...]:
    """Return the values of the items `near`, by falling confidence."""
    tagging, catalog = model.need(Tagging), model.catalog
    measured = tagging.measured(attribute, space)
    votes: dict[int, list[int]] = {}
    for place, item in enumerate(near.tolist()):
        for value in tagging.values_of(item, attribute).tolist():
            votes.setdefault(value, []).append(place)
    if not votes:
        return ()
    total, values = float(likenesses.sum()) or 1.0, list(votes)
    shares = np.array([likenesses[votes[value]].sum() / total for value in values], dtype=np.float64)
    confidences = tagging.confidences(attribute, space, shares)
    sure = shown(confidences)
    order = np.lexsort((np.array(values), -shown(shares), -sure))[:MOST_TAGS]
    tags = []
    for rank, at in enumerate(order.tolist()):
        value, confidence, share = values[at], float(confidences[at]), float(shares[at])
        allowed = (rank == 0 or not tagging.single[attribute]) and measured.f1 > measured.base_f1
        suggested = allowed and bool(sure[at] >= shown(np.array(measured.threshold)))
        likest = ((int(near[place]), float(likenesses[place])) for place in votes[value][:MOST_VOTERS])
        voters = (Voter(catalog.items.id(num), catalog.titles[num], like, like / total) for num, like in likest)
        tags.append(Tag(tagging.values[value], confidence, suggested, len(votes[value]), share, tuple(voters)))
    return tuple(tags)
