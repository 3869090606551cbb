"""Factors of new items by fold-in of their users: the equations of an item in ALS."""

from __future__ import annotations

import numpy as np

from recsys.events.activity import NO_EVENTS, Event, UserEvents
from recsys.events.records import StoredEvent
from recsys.live.item_users import ItemUsers
from recsys.model.new_items import ItemFoldIn, NewItemRules
from recsys.recommend.recommender import Recommender
from tests.support import factories

RULES = NewItemRules()


def stored(*pairs: tuple[str, str]) -> list[StoredEvent]:
    return [StoredEvent(seq, user, Event(item)) for seq, (user, item) in enumerate(pairs, 1)]


def test_the_equations_are_those_of_the_objective() -> None:
    """At the solution the gradient of the module's objective is zero, summed over all users one by one."""
    model = factories.model()
    fold_in, users = ItemFoldIn.of(model, RULES), [3, 8, 20]
    weights, lengths = np.array([1.0, 2.0, 0.5]), np.array([3, 3, 3])
    q = fold_in.solve(model, model.user_factors[users], weights, lengths).astype(np.float64)
    confidence = model.fold_in.confidence
    strengths = confidence.strengths(weights, lengths, np.array([3, 3, 3]))
    c = dict(zip(users, confidence.of(strengths), strict=True))
    counts = model.fold_in.item_counts
    mean = counts[counts > 0].mean()
    r = RULES.regularization * max(confidence.alpha, 1) * mean
    r *= (confidence.alpha * 3 + 30) / (confidence.alpha * mean + 30)
    gradient = r * q
    for num, p in enumerate(model.user_factors.astype(np.float64)):
        gradient += c.get(num, 1.0) * (p @ q - (num in c)) * p
    assert np.abs(gradient).max() < 1e-4


def test_only_items_with_other_users_are_solved_again() -> None:
    recommender = Recommender(factories.model(), "v1")
    users = ItemUsers(recommender, lambda _: NO_EVENTS)
    events = stored(("u1", "n1"), ("u2", "n1"), ("u3", "n2"))
    first = users.factors(events, {})
    again = users.factors([*events, *stored(("u4", "n2"))], first)
    assert again["n1"] is first["n1"]
    assert (first["n2"].n_users, again["n2"].n_users) == (1, 2)
    assert not np.array_equal(first["n2"].factors, again["n2"].factors)


def test_a_user_whom_the_model_does_not_know_counts_with_the_history_since() -> None:
    recommender = Recommender(factories.model(), "v1")
    histories = {"guest": UserEvents((Event("i1"), Event("i2"), Event("n1")))}
    users = ItemUsers(recommender, lambda user: histories.get(user, NO_EVENTS))
    assert users.factors(stored(("nobody", "n1")), {}) == {}  # nothing is known of this user
    found = users.factors(stored(("guest", "n1")), {})["n1"]
    assert found.factors.any()
    histories["u1"] = UserEvents(forgotten=True)
    assert users.factors(stored(("u1", "n1")), {}) == {}


def test_a_dislike_is_no_user() -> None:
    trained = factories.header(factories.model()).events.model_copy(update={"weights": {"like": 1.0, "dislike": -1.0}})
    users = ItemUsers(Recommender(factories.model(), "v1", trained), lambda _: NO_EVENTS)
    liked = StoredEvent(1, "u1", Event("n1", "like"))
    disliked = StoredEvent(2, "u1", Event("n1", "dislike"))
    assert "n1" in users.factors([liked], {})
    assert users.factors([liked, disliked], {}) == {}
