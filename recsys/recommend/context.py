"""The item in context, such as that of the page that a user is on, as a part of the user's list.

Item i gains ``m_u g(c, i)`` in the list of user u for the context c, where m_u is the largest score that any item has for the
user, seen or not, and::

    g(c, i) = t(c, i) + 0.5 l(c, i)      where c has items of the same baskets
    g(c, i) = l(c, i)                    otherwise

t is the score of :mod:`recsys.model.extras.together`, and l the score for a guest whose history is c alone, each divided by its
largest value of any item. A user without data gets ``l + 2 t`` in units of the guest's scores. docs/context.md has the figures
behind the two weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from recsys.events.activity import Event, EventRules
from recsys.index.exact import Nums
from recsys.model.extras.together import Together
from recsys.model.model import Model
from recsys.model.neighborhood import NearbyScores
from recsys.recommend import user_state
from recsys.recommend.ranking import UserQuery, best_score, score_parts
from recsys.score_order import Scores

LIKENESS_BESIDE_BASKETS = 0.5

ContextBy = Literal["baskets", "likeness", "nothing"]


class ContextItem(NamedTuple):
    """Item in context, and the data by which it counts: its baskets and what is like it, the latter alone, or there is none."""

    item_id: str
    by: ContextBy


@dataclass(frozen=True, eq=False)
class Context:
    """What the item of row number `num` adds to the query of a user."""

    num: int
    item: ContextItem
    added: UserQuery

    def parts(self, model: Model, nums: Nums) -> Scores:
        """Return the behavior and content parts of what it adds to the scores of items, (2, len(nums))."""
        return score_parts(model, self.added, nums)


def context_of(
    model: Model, rules: EventRules, num: int, query: UserQuery, content_weight: float = 1.0, *, exact: bool = False
) -> Context:
    """Return what item `num` adds to the query of a user, whose vector is zero without data.

    `query` has the content weight of the request already; `exact` is that of the request.
    """
    item_id = model.catalog.items.id(num)
    guest = user_state.of_history(model, rules, [Event(item_id)]).query
    guest = guest.weighted(content_weight, model.layout.factors)
    largest = best_score(model, guest, exact=exact)
    best = best_score(model, query, exact=exact) if query.vector.any() else 0.0
    pairs = _pairs(model, num)
    likeness = LIKENESS_BESIDE_BASKETS if len(pairs.nums) else 1.0
    unit = (
        best or largest / likeness
    )  # in the list of a user without data, the scores of the guest are those of the guest
    added = guest.times(unit * likeness / largest) if largest else guest.times(0.0)
    by: ContextBy = "likeness" if largest else "nothing"
    if unit and len(pairs.nums):
        added, by = added.plus(pairs.times(unit)), "baskets"
    return Context(num, ContextItem(item_id, by), added)


def _pairs(model: Model, num: int) -> NearbyScores:
    """Return the items of the same baskets with their scores, of which the largest is 1."""
    part = model.extra(Together)
    if part is None:
        return NearbyScores.none()
    found = part.companions(np.array([num], dtype=np.int32))
    scores = np.maximum(found.scores, 0.0)
    if not scores.any():
        return NearbyScores.none()
    return NearbyScores(found.nums, scores / scores.max(), np.zeros(len(scores)))
