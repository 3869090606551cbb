"""A user's history: training data plus events received since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from recsys.data.vectors import Vectors
from recsys.events.activity import NO_EVENTS, REFUSED, Event, EventRules, Undone, UserEvents
from recsys.index.exact import NOTHING, Nums
from recsys.model.extras.skipped import Skipped
from recsys.model.fold_in import UserSolution
from recsys.model.model import Model
from recsys.recommend.ranking import UserQuery, history_query

NEARLY = 1e-6  # relative difference of weights in single precision that are equal
MOST_WEIGHT = 1e30  # of an item, so that it stays finite in single precision


@dataclass(frozen=True, eq=False)
class UserState:
    """History of a user or guest; `liked`, `disliked` and `skipped` are row numbers of items, rising."""

    model: Model
    liked: Nums
    weights: Vectors  # (len(liked),)
    disliked: Nums
    disliked_weights: Vectors  # (len(disliked),), as in Model.seen_only
    skipped: Nums  # those of `disliked` that lists may show again
    user_num: int | None  # row number in the model; None for a guest, an unknown user and a deleted one
    fresh: bool  # whether the history is not that of the training, so that the factors of the model are outdated
    left_out: Nums = field(default_factory=NOTHING.view)  # see :meth:`without`
    left_out_weights: Vectors = field(default_factory=lambda: np.empty(0, dtype=np.float32))

    @property
    def seen(self) -> Nums:
        """Row numbers of items not to recommend again, rising."""
        disliked = np.setdiff1d(self.disliked, self.skipped) if len(self.skipped) else self.disliked
        others = [nums for nums in (disliked, self.left_out) if len(nums)]
        return np.unique(np.concatenate((self.liked, *others))) if others else self.liked

    @property
    def refused(self) -> Nums:
        """Row numbers of items that the user does not want to see again."""
        own = self.disliked[self.disliked_weights <= REFUSED]
        if not len(self.left_out):
            return own
        return np.concatenate((own, self.left_out[self.left_out_weights <= REFUSED]))

    def without(self, nums: Nums) -> UserState:
        """Return the state as if the items `nums` of the history had never been in it; they stay seen."""
        all_nums = np.concatenate((self.liked, self.disliked))
        weights = np.concatenate((self.weights, self.disliked_weights))
        out = np.isin(all_nums, nums)
        if not out.any():
            return self
        kept, bad = ~out[: len(self.liked)], ~out[len(self.liked) :]
        return replace(
            self,
            liked=self.liked[kept],
            weights=self.weights[kept],
            disliked=self.disliked[bad],
            disliked_weights=self.disliked_weights[bad],
            skipped=self.skipped[~np.isin(self.skipped, nums)],
            left_out=all_nums[out],
            left_out_weights=weights[out],
            fresh=True,
        )

    @cached_property
    def solution(self) -> UserSolution:
        """The factors of the history by fold-in."""
        return self.model.fold_in.solve(self.liked, self.weights, self.disliked, self.disliked_weights)

    @cached_property
    def query(self) -> UserQuery:
        """The query for lists; its vector is zero without data."""
        if self.user_num is not None and not self.fresh:
            return history_query(self.model, self.model.user_factors[self.user_num], self.liked)
        return history_query(self.model, self.solution.factors, self.liked)


def of_user(model: Model, rules: EventRules, user_id: str, events: UserEvents = NO_EVENTS) -> UserState:
    """Return the state of a user: events add to the history; with a threshold the latest event of an item counts."""
    user_num = None if events.forgotten else model.users.get(user_id)
    if user_num is None:
        return of_history(model, rules, events.events)
    liked, weights = model.histories.items_of(user_num), model.histories.weights_of(user_num)
    disliked, disliked_weights, skipped = _disliked(model, user_num)
    changes = _changes(model, rules, events.events)
    if not (changes or events.undone):
        return UserState(model, liked, weights, disliked, disliked_weights, skipped, user_num, fresh=False)
    known = zip(disliked.tolist(), disliked_weights.tolist(), strict=True)
    pairs = _Pairs(dict(zip(liked.tolist(), weights.tolist(), strict=True)), set(), set(skipped.tolist()))
    for num, weight in known:
        pairs.totals[num] = min(weight, 0.0)
        if weight > 0:
            pairs.low.add(num)
    pairs = pairs.without(model, rules, events.undone)
    return pairs.changed(model, rules, events.events, changes).state(model, user_num)


def of_history(model: Model, rules: EventRules, events: Sequence[Event]) -> UserState:
    """Return the state of a guest whose history is `events`."""
    return _Pairs({}, set(), set()).changed(model, rules, events, _changes(model, rules, events)).state(model, None)


def _disliked(model: Model, user_num: int) -> tuple[Nums, Vectors, Nums]:
    """Return the items that a user of the model does not like, their weights, and those of them that were only skipped."""
    seen, weights = model.seen_only.items_of(user_num), model.seen_only.weights_of(user_num)
    part = model.extra(Skipped)
    if part is None:
        return seen, weights, NOTHING
    skipped = part.items_of(user_num)
    nums, both = np.concatenate((seen, skipped)), np.concatenate((weights, part.weights_of(user_num)))
    order = np.argsort(nums)
    return nums[order], both[order], skipped


def _less(total: float, gone: float, left: float | None) -> float | None:
    """Return what is left of the weight of a pair without events of weight `gone`; None: no event of it is left.

    `left` is the weight of the other stored events, None without any. With time decay the trained weight may be less than the
    weights of its events; then it does not fall below that of those which are left.
    """
    rest = total - gone
    if abs(rest) <= NEARLY * abs(gone) or (gone > 0 and rest < 0 and left is None):
        return left
    return max(rest, min(total, left)) if gone > 0 and left is not None else rest


def _changes(model: Model, rules: EventRules, events: Sequence[Event]) -> dict[int, float]:
    """Return the weights of items of the catalog, as :meth:`EventRules.aggregated`."""
    if not events:
        return {}
    numbered = ((model.catalog.items.get(item_id), weight) for item_id, weight in rules.aggregated(events).items())
    return {num: weight for num, weight in numbered if num is not None}


@dataclass(frozen=True)
class _Pairs:
    """Weights of the items of a user, those `low` that were rated under the threshold, and those that were only `skipped`."""

    totals: dict[int, float]
    low: set[int]
    skipped: set[int]

    def without(self, model: Model, rules: EventRules, undone: Sequence[Undone]) -> _Pairs:
        """Return the pairs without events that they were trained with."""
        totals, low, skipped = dict(self.totals), set(self.low), set(self.skipped)
        for pair in undone:
            num = model.catalog.items.get(pair.item_id)
            gone = rules.aggregated(pair.events).get(pair.item_id)
            if num is None or num not in totals or gone is None:
                continue
            left = rules.aggregated(pair.left).get(pair.item_id)
            total = left if rules.threshold is not None else _less(totals[num], gone, left)
            low.discard(num)
            skipped.discard(num)
            if total is None:
                del totals[num]
                continue
            totals[num] = total
            if rules.threshold is not None and total == 0:
                low.add(num)
            if pair.item_id in rules.skipped(pair.left):
                skipped.add(num)
        return _Pairs(totals, low, skipped)

    def changed(self, model: Model, rules: EventRules, events: Sequence[Event], changes: Mapping[int, float]) -> _Pairs:
        """Return the pairs after events, whose weights by item are `changes`."""
        totals, low = dict(self.totals), set(self.low)
        skips: set[int] = set()
        if min(changes.values(), default=0.0) < 0:
            skips.update(model.catalog.items.known(rules.skipped(events)))
        skipped = (self.skipped | (skips - totals.keys())) - (changes.keys() - skips)
        for num, weight in changes.items():
            totals[num] = rules.changed(totals.get(num, 0.0), weight)
            (low.add if rules.threshold is not None and weight == 0 else low.discard)(num)
        return _Pairs(totals, low, skipped)

    def state(self, model: Model, user_num: int | None) -> UserState:
        """Return the state of a user with these pairs and events since training."""
        totals = {num: max(-MOST_WEIGHT, min(total, MOST_WEIGHT)) for num, total in self.totals.items()}
        liked = sorted(num for num, total in totals.items() if total > 0)
        disliked = sorted(num for num, total in totals.items() if total <= 0)
        return UserState(
            model,
            np.array(liked, dtype=np.int32),
            np.array([totals[num] for num in liked], dtype=np.float32),
            np.array(disliked, dtype=np.int32),
            np.array([1.0 if num in self.low else totals[num] for num in disliked], dtype=np.float32),
            np.array(sorted(num for num in self.skipped if REFUSED < totals[num] < 0), dtype=np.int32),
            user_num,
            fresh=True,
        )
