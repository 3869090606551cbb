"""A user's history: training data plus events received since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from recsys.data.vectors import Vectors
from recsys.events.activity import NO_EVENTS, Event, EventRules, UserEvents
from recsys.index.exact import NOTHING, Nums
from recsys.model.fold_in import UserSolution
from recsys.model.model import Model
from recsys.recommend.ranking import UserQuery, history_query

MOST_WEIGHT = 1e30  # of an item, so that it stays finite in single precision


@dataclass(frozen=True, eq=False)
class UserState:
    """History of a user or guest; `liked` and `disliked` are row numbers of items, rising."""

    model: Model
    liked: Nums
    weights: Vectors  # (len(liked),)
    disliked: Nums
    user_num: int | None  # row number in the model; None for a guest, an unknown user and a deleted one
    fresh: bool  # whether the history is not that of the training, so that the factors of the model are outdated
    left_out: Nums = field(default_factory=NOTHING.view)  # see :meth:`without`

    @property
    def seen(self) -> Nums:
        """Row numbers of items not to recommend again, rising."""
        others = [nums for nums in (self.disliked, self.left_out) if len(nums)]
        return np.unique(np.concatenate((self.liked, *others))) if others else self.liked

    def without(self, nums: Nums) -> UserState:
        """Return the state as if the items `nums` of the history had never been in it; they stay seen."""
        kept, bad = ~np.isin(self.liked, nums), np.isin(self.disliked, nums)
        left_out = np.union1d(self.liked[~kept], self.disliked[bad]).astype(np.int32)
        if not len(left_out):
            return self
        liked, weights = self.liked[kept], self.weights[kept]
        return replace(self, liked=liked, weights=weights, disliked=self.disliked[~bad], left_out=left_out, fresh=True)

    @cached_property
    def solution(self) -> UserSolution:
        """The factors of the history by fold-in."""
        return self.model.fold_in.solve(self.liked, self.weights, self.disliked)

    @cached_property
    def query(self) -> UserQuery:
        """The query for lists; its vector is zero without data."""
        if self.user_num is not None and not self.fresh:
            return history_query(self.model, self.model.user_factors[self.user_num], self.liked)
        return history_query(self.model, self.solution.factors, self.liked)


def of_user(model: Model, rules: EventRules, user_id: str, events: UserEvents = NO_EVENTS) -> UserState:
    """Return the state of a user: events add to the history; with a threshold the latest rating of an item counts."""
    user_num = None if events.forgotten else model.users.get(user_id)
    if user_num is None:
        return of_history(model, rules, events.events)
    histories = model.histories
    liked, disliked = histories.items_of(user_num), model.seen_only.items_of(user_num)
    weights = histories.weights[histories.indptr[user_num] : histories.indptr[user_num + 1]]
    changes = _changes(model, rules, events.events)
    if not changes:
        return UserState(model, liked, weights, disliked, user_num, fresh=False)
    totals = dict(zip(liked.tolist(), weights.tolist(), strict=True))
    bad = set(disliked.tolist())
    for num, weight in changes.items():
        adds = weight > 0 and rules.threshold is None
        totals[num] = totals.get(num, 0.0) + weight if adds else weight
        (bad.discard if weight > 0 else bad.add)(num)
    return _state(model, totals, bad, user_num)


def of_history(model: Model, rules: EventRules, events: Sequence[Event]) -> UserState:
    """Return the state of a guest whose history is `events`."""
    changes = _changes(model, rules, events)
    return _state(model, changes, {num for num, weight in changes.items() if weight == 0}, None)


def _changes(model: Model, rules: EventRules, events: Sequence[Event]) -> dict[int, float]:
    """Return the weights of items of the catalog, 0 for an item that is not liked."""
    if not events:
        return {}
    numbered = ((model.catalog.items.get(item_id), weight) for item_id, weight in rules.aggregated(events).items())
    return {num: weight for num, weight in numbered if num is not None}


def _state(model: Model, totals: dict[int, float], disliked: set[int], user_num: int | None) -> UserState:
    liked = sorted(num for num, weight in totals.items() if weight > 0)
    return UserState(
        model,
        np.array(liked, dtype=np.int32),
        np.array([min(totals[num], MOST_WEIGHT) for num in liked], dtype=np.float32),
        np.array(sorted(disliked), dtype=np.int32) if disliked else NOTHING,
        user_num,
        fresh=True,
    )
