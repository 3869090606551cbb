"""Values of attributes that an item or a text probably has, by the votes of the items nearest to it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors
from recsys.errors import UnansweredError
from recsys.model.extras.tagging import Measured, Space, Tagging
from recsys.model.model import Model
from recsys.recommend.ranking import rank_by_vector
from recsys.recommend.recommender import NONE, Recommender
from recsys.recommend.text_vectors import content_row
from recsys.score_order import Scores, shown

MOST_TAGS = 10  # of an attribute
MOST_VOTERS = 5  # that are named for a tag


class Voter(NamedTuple):
    """An item that voted, its likeness, and its share of all votes."""

    item_id: str
    title: str
    likeness: float
    share: float


class Tag(NamedTuple):
    """A value with its votes.

    Parameters
    ----------
    value : str
    confidence : float
        How often a value with such votes was right on held-out items, 0 to 1.
    suggested : bool
        Whether it reaches the threshold; of an attribute of one value only the first can.
    votes : int
        How many of the nearest items have it.
    share : float
        Of all votes by likeness.
    voters : tuple of Voter
        The likest items that have it, at most MOST_VOTERS.
    """

    value: str
    confidence: float
    suggested: bool
    votes: int
    share: float
    voters: tuple[Voter, ...]


class Suggestions(NamedTuple):
    """What is suggested for one attribute.

    `known` are the values that the item has already, of those that can be suggested; `asked` is how many items voted.
    """

    attribute: str
    known: tuple[str, ...]
    measured: Measured
    asked: int
    tags: tuple[Tag, ...]


class Suggested(NamedTuple):
    """What is suggested, and by what the nearest items were found."""

    space: Space
    attributes: tuple[Suggestions, ...]


class _Asked(NamedTuple):
    """Where the nearest items are looked for, and who does not vote; `num` is the item that is asked about."""

    model: Model
    vector: Scores
    space: Space
    skip: NDArray[np.int32]
    num: int | None = None


def of_item(recommender: Recommender, item_id: str, hidden: AbstractSet[str] = NONE) -> Suggested:
    """For an item, by the items near it by behaviour and content, by text alone where it has no behaviour.

    Parameters
    ----------
    hidden : set of str
        Ids of items that nobody may see; they do not vote.

    Raises
    ------
    NotFoundError
        When it is not in the catalogue.
    UnansweredError
        When the model suggests no attribute.
    """
    model, num = recommender.model, recommender.item_num(item_id)
    vector = model.items_like_item.table.rows(np.asarray([num]))[0]
    space: Space = "blended" if vector[: model.layout.factors].any() else "text"
    skip = np.union1d(recommender.nums(hidden), [num]).astype(np.int32)
    return _suggested(_Asked(model, vector, space, skip, num))


def of_text(recommender: Recommender, vector: Vectors, hidden: AbstractSet[str] = NONE) -> Suggested:
    """For a text, by its vector as the encoder of the model makes it, (text_dim,); raises as :func:`of_item`."""
    model = recommender.model
    row = content_row(model, vector)
    return _suggested(_Asked(model, row, "text", recommender.nums(hidden)))


def _suggested(asked: _Asked) -> Suggested:
    tagging = asked.model.extra(Tagging)
    if tagging is None:
        raise UnansweredError(
            "the model suggests no attribute: the catalogue has none whose values repeat often enough"
        )
    return Suggested(asked.space, tuple(_of_attribute(asked, attribute) for attribute in range(len(tagging.names))))


def _of_attribute(asked: _Asked, attribute: int) -> Suggestions:
    model, vector, num = asked.model, asked.vector, asked.num
    tagging = model.need(Tagging)
    measured = tagging.measured(attribute, asked.space)
    near, likenesses = np.empty(0, dtype=np.int32), np.empty(0)
    if vector.any():
        mask, factors = tagging.having(attribute), model.layout.factors
        found = rank_by_vector(model.items_like_item, vector, factors, measured.k, asked.skip, eligible=mask).found
        like = found.scores > 0
        near, likenesses = found.nums[like], found.scores[like].astype(np.float64)
    known = () if num is None else tuple(tagging.values[one] for one in tagging.values_of(num, attribute).tolist())
    tags = _tags(model, attribute, asked.space, near, likenesses)
    return Suggestions(tagging.names[attribute], known, measured, len(near), tags)


def _tags(
    model: Model, attribute: int, space: Space, near: NDArray[np.int32], likenesses: NDArray[np.float64]
) -> tuple[Tag, ...]:
    """The values that the items `near` have, by falling confidence."""
    tagging = model.need(Tagging)
    measured = tagging.measured(attribute, space)
    votes: dict[int, list[int]] = {}
    for place, item in enumerate(near.tolist()):
        for value in tagging.values_of(item, attribute).tolist():
            votes.setdefault(value, []).append(place)
    total = float(likenesses.sum()) or 1.0
    values = list(votes)
    if not values:
        return ()
    shares = np.array([likenesses[votes[value]].sum() / total for value in values], dtype=np.float64)
    confidences = tagging.confidences(attribute, space, shares)
    sure = shown(confidences)
    order = np.lexsort((np.array(values), -shown(shares), -sure))[:MOST_TAGS]
    tags = []
    for rank, at in enumerate(order.tolist()):
        allowed = (rank == 0 or not tagging.single[attribute]) and measured.f1 > measured.base_f1
        voters = tuple(_voter(model, int(near[one]), float(likenesses[one]), total) for one in votes[values[at]])
        tags.append(
            Tag(
                tagging.values[values[at]],
                float(confidences[at]),
                allowed and bool(sure[at] >= shown(np.array(measured.threshold))),
                len(voters),
                float(shares[at]),
                voters[:MOST_VOTERS],
            )
        )
    return tuple(tags)


def _voter(model: Model, num: int, likeness: float, total: float) -> Voter:
    return Voter(model.catalog.items.id(num), model.catalog.titles[num], likeness, likeness / total)
