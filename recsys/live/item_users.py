"""Factors of new items by fold-in of the users who took them since the training."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from recsys.data.vectors import Vectors
from recsys.events.activity import Event, UserEvents
from recsys.events.records import StoredEvent
from recsys.model.new_items import ItemFoldIn
from recsys.recommend.recommender import Recommender

Weights = Mapping[str, float]  # of users


@dataclass(frozen=True, eq=False)
class OwnFactors:
    """Factors of an item (factors,) by its n users, whose weights are kept to see whether they changed."""

    factors: Vectors
    weights: Weights

    @property
    def n_users(self) -> int:
        return len(self.weights)


class ItemUsers:
    """Factors of new items, computed anew when their users or weights change.

    `read_user` returns the events of a user since the training of `recommender`, which is without new items.
    """

    def __init__(self, recommender: Recommender, read_user: Callable[[str], UserEvents]) -> None:
        self._recommender, self._read_user = recommender, read_user
        self._fold_in = ItemFoldIn.of(recommender.model, recommender.new_item_rules)

    def factors(self, events: Iterable[StoredEvent], earlier: Mapping[str, OwnFactors]) -> dict[str, OwnFactors]:
        """Return the factors by item id from the events since the training with new items; `earlier` are those known so far."""
        by_pair: defaultdict[str, defaultdict[str, list[Event]]] = defaultdict(lambda: defaultdict(list))
        for stored in events:
            by_pair[stored.event.item_id][stored.user_id].append(stored.event)
        found: dict[str, OwnFactors] = {}
        for item_id, users in sorted(by_pair.items()):
            weights = {user_id: self._weight(item_id, users[user_id]) for user_id in sorted(users)}
            weights = {user_id: weight for user_id, weight in weights.items() if weight > 0}
            known = earlier.get(item_id)
            own = known if known is not None and known.weights == weights else self._solve(weights)
            if own is not None:
                found[item_id] = own
        return found

    def _weight(self, item_id: str, events: list[Event]) -> float:
        return self._recommender.rules.aggregated(events).get(item_id, 0.0)

    def _solve(self, weights: Weights) -> OwnFactors | None:
        users = {user_id: found for user_id in weights if (found := self._user(user_id)) is not None}
        if not users:
            return None
        factors, lengths = zip(*users.values(), strict=True)
        counted = np.array([weights[user_id] for user_id in users])
        own = self._fold_in.solve(
            self._recommender.model, np.stack(factors), counted, np.array(lengths, dtype=np.int64)
        )
        return OwnFactors(own, weights)

    def _user(self, user_id: str) -> tuple[Vectors, int] | None:
        """Return the factors of a user and the number of items that the user likes; None without any that the model knows."""
        model = self._recommender.model
        events = self._read_user(user_id)
        num = None if events.forgotten else model.users.get(user_id)
        if num is not None:
            return model.user_factors[num], len(model.histories.items_of(num))
        state = self._recommender.user_state(user_id, events)
        if not len(state.liked):
            return None
        return np.asarray(state.solution.factors, dtype=np.float32), len(state.liked)
