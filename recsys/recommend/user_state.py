"""What is known of somebody: the history in the model, and what happened since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors
from recsys.events.activity import NOTHING, Activity, Event, EventRules
from recsys.index.exact import NOTHING as NO_ITEMS
from recsys.model.fold_in import UserSolution
from recsys.model.model import Model
from recsys.recommend.ranking import UserQuery, history_query

MOST_WEIGHT = 1e30  # of one item, so that it stays a number in single precision

Nums = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class UserState:
    """A history on which lists are made.

    Parameters
    ----------
    model : Model
    liked, disliked : int32 arrays
        Row numbers of items, rising.
    weights : float32 array (len(liked),)
    user_num : int or None
        The user in the model; None for somebody whom it does not know, or must not.
    fresh : bool
        Something happened since the model was trained, so its own factors of the user are of yesterday.
    """

    model: Model
    liked: Nums
    weights: Vectors
    disliked: Nums
    user_num: int | None
    fresh: bool

    @property
    def seen(self) -> Nums:
        """What must not be recommended, rising."""
        return np.union1d(self.liked, self.disliked).astype(np.int32) if len(self.disliked) else self.liked

    @cached_property
    def solution(self) -> UserSolution:
        """The factors of the history by fold-in."""
        return self.model.fold_in.solve(self.liked, self.weights, self.disliked)

    @cached_property
    def query(self) -> UserQuery:
        """What is asked for the lists; its vector is zero where nothing is known."""
        if self.user_num is not None and not self.fresh:
            return history_query(self.model, self.model.user_factors[self.user_num], self.liked)
        return history_query(self.model, self.solution.factors, self.liked)


def of_user(model: Model, rules: EventRules, user_id: str, activity: Activity = NOTHING) -> UserState:
    """The taste of a user: without a threshold events add to the history, with one the later rating of an item holds."""
    user_num = None if activity.forgotten else model.users.get(user_id)
    if user_num is None:
        return of_history(model, rules, activity.events)
    histories = model.histories
    start, stop = histories.indptr[user_num], histories.indptr[user_num + 1]
    liked, weights = histories.item_nums[start:stop], histories.weights[start:stop]
    disliked = model.seen_only.items_of(user_num)
    changes = _changes(model, rules, activity.events)
    if not changes:
        return UserState(model, liked, weights, disliked, user_num, fresh=False)
    totals = dict(zip(liked.tolist(), weights.tolist(), strict=True))
    bad = set(disliked.tolist())
    for num, weight in changes.items():
        if weight > 0 and rules.threshold is None:
            totals[num] = totals.get(num, 0.0) + weight
        else:
            totals[num] = weight
        (bad.discard if weight > 0 else bad.add)(num)
    return _taste(model, totals, bad, user_num)


def of_history(model: Model, rules: EventRules, events: Sequence[Event]) -> UserState:
    """The taste of somebody who did nothing but `events`."""
    changes = _changes(model, rules, events)
    return _taste(model, changes, {num for num, weight in changes.items() if weight == 0}, None)


def _changes(model: Model, rules: EventRules, events: Sequence[Event]) -> dict[int, float]:
    """The weight of each item that is in the catalogue, 0 for one that is not liked."""
    if not events:
        return {}
    numbered = ((model.catalog.items.get(item_id), weight) for item_id, weight in rules.aggregated(events).items())
    return {num: weight for num, weight in numbered if num is not None}


def _taste(model: Model, totals: dict[int, float], disliked: set[int], user_num: int | None) -> UserState:
    liked = sorted(num for num, weight in totals.items() if weight > 0)
    return UserState(
        model,
        np.array(liked, dtype=np.int32),
        np.array([min(totals[num], MOST_WEIGHT) for num in liked], dtype=np.float32),
        np.array(sorted(disliked), dtype=np.int32) if disliked else NO_ITEMS,
        user_num,
        fresh=True,
    )
