"""What is known of somebody, against a dict of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.histories import Histories
from recsys.events.activity import NO_EVENTS, Event, EventRules, Undone, UserEvents
from recsys.events.records import EventsInfo
from recsys.model.extras.skipped import Skipped
from recsys.model.model import Model
from recsys.recommend import user_state
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.recommend.user_state import UserState
from tests.support import factories

WEIGHTS = {"view": 1.0, "buy": 5.0, "ignored": 0.0}
COUNTS = EventRules(WEIGHTS)
RATINGS = EventRules({}, threshold=4.0)
ITEMS = [f"i{num}" for num in range(50)]
EVENTS = st.lists(
    st.builds(
        Event,
        st.sampled_from([*ITEMS[:8], "i48", "i49", "unknown"]),
        st.sampled_from(["", "view", "buy", "ignored", "unheard of"]),
        st.one_of(st.none(), st.sampled_from([0.5, 1.0, 3.5, 4.0, 5.0])),
    ),
    max_size=8,
)
USERS = st.sampled_from(["u0", "u3", "u29", "nobody"])


@pytest.fixture(scope="module")
def rated() -> Model:
    """User u29 has seen i48 without liking it."""
    return factories.model()


def dumb(
    model: Model, rules: EventRules, user_id: str, activity: UserEvents = NO_EVENTS
) -> tuple[dict[int, float], set[int]]:
    """Weights of what is liked, and what is not, event after event."""
    liked: dict[int, float] = {}
    disliked: set[int] = set()
    num = None if activity.forgotten else model.users.get(user_id)
    if num is not None:
        row = slice(model.histories.indptr[num], model.histories.indptr[num + 1])
        liked.update(zip(model.histories.item_nums[row].tolist(), model.histories.weights[row].tolist(), strict=True))
        disliked.update(model.seen_only.items_of(num).tolist())
    for event in activity.events:
        weight = 1.0 if not rules.weights or not event.event else rules.weights.get(event.event, 0.0)
        item = model.catalog.items.get(event.item_id)
        if weight == 0 or item is None:
            continue
        if rules.threshold is None:
            liked[item] = liked.get(item, 0.0) + weight * (1.0 if event.value is None else event.value)
            disliked.discard(item)
        elif event.value is None or event.value >= rules.threshold:
            liked[item] = weight
            disliked.discard(item)
        else:
            liked.pop(item, None)
            disliked.add(item)
    return liked, disliked


def known_of(found: UserState) -> tuple[dict[int, float], set[int]]:
    assert found.liked.tolist() == sorted(set(found.liked.tolist()))
    assert found.disliked.tolist() == sorted(set(found.disliked.tolist()))
    weights = dict(zip(found.liked.tolist(), found.weights.tolist(), strict=True))
    return weights, set(found.disliked.tolist())


@given(USERS, EVENTS, st.booleans(), st.booleans(), st.booleans())
def test_a_taste_is_the_history_and_the_events_one_after_another(
    rated: Model, user: str, events: list[Event], forgotten: bool, ratings: bool, weighted: bool
) -> None:
    rules = EventRules(WEIGHTS if weighted else {}, 4.0 if ratings else None)
    activity = UserEvents(tuple(events), forgotten)
    found = user_state.of_user(rated, rules, user, activity)
    weights, disliked = dumb(rated, rules, user, activity)
    assert known_of(found) == (pytest.approx(weights), disliked)
    assert set(found.seen.tolist()) == {*weights, *disliked}
    assert found.seen.tolist() == sorted(found.seen.tolist())
    assert (found.liked.dtype, found.disliked.dtype, found.seen.dtype) == (np.int32, np.int32, np.int32)
    alone = user_state.of_history(rated, rules, events)
    assert known_of(alone) == (
        pytest.approx(dumb(rated, rules, "nobody", activity)[0]),
        dumb(rated, rules, "nobody", activity)[1],
    )


def liked_by(model: Model, rules: EventRules, user: str, *events: Event) -> tuple[dict[int, float], set[int]]:
    return known_of(user_state.of_user(model, rules, user, UserEvents(events)))


def test_weights_of_events_add_to_the_history_where_values_are_counts(rated: Model) -> None:
    assert liked_by(rated, COUNTS, "u0") == ({0: 1.0, 1: 1.0, 2: 1.0}, set())
    events = (Event("i1", "buy"), Event("i1", "view", 3.0), Event("i9", "buy", 2.0), Event("i9"))
    assert liked_by(rated, COUNTS, "u0", *events) == ({0: 1.0, 1: 9.0, 2: 1.0, 9: 11.0}, set())


def test_the_later_rating_holds_where_there_is_a_threshold(rated: Model) -> None:
    liking, disliking = Event("i1", value=5.0), Event("i1", value=2.0)
    assert liked_by(rated, RATINGS, "u0", disliking) == ({0: 1.0, 2: 1.0}, {1})
    assert liked_by(rated, RATINGS, "u0", disliking, liking) == ({0: 1.0, 1: 1.0, 2: 1.0}, set())
    assert liked_by(rated, RATINGS, "u0", liking, disliking) == ({0: 1.0, 2: 1.0}, {1})
    assert liked_by(rated, RATINGS, "u29", Event("i48", value=4.5))[1] == set()


def test_what_does_not_count_changes_nothing(rated: Model) -> None:
    for event in (Event("i1", "ignored"), Event("i1", "unheard of"), Event("unknown", "buy")):
        found = user_state.of_user(rated, COUNTS, "u0", UserEvents((event,)))
        assert known_of(found) == ({0: 1.0, 1: 1.0, 2: 1.0}, set())
        assert not found.fresh
        assert found.query.vector.tolist() == user_state.of_user(rated, COUNTS, "u0").query.vector.tolist()
        assert not user_state.of_history(rated, COUNTS, [event]).query.vector.any()


def test_the_factors_are_those_of_the_training_until_something_happens(rated: Model) -> None:
    of = rated.layout.factors
    still = user_state.of_user(rated, COUNTS, "u3")
    assert not still.fresh
    assert still.query.vector[:of].tolist() == rated.user_factors[3].tolist()
    moved = user_state.of_user(rated, COUNTS, "u3", UserEvents((Event("i20"),)))
    assert moved.fresh
    weights, nothing = np.ones(4, np.float32), np.empty(0, np.int32)
    expected = rated.fold_in.solve(np.array([3, 4, 5, 20], np.int32), weights, nothing)
    assert moved.query.vector[:of].tolist() == expected.factors.tolist()


def test_of_somebody_who_is_forgotten_only_the_events_since_are_known(rated: Model) -> None:
    forgotten = user_state.of_user(rated, COUNTS, "u3", UserEvents(forgotten=True))
    assert (known_of(forgotten), forgotten.user_num) == (({}, set()), None)
    assert not forgotten.query.vector.any()
    since = user_state.of_user(rated, COUNTS, "u3", UserEvents((Event("i20", "buy"),), forgotten=True))
    assert (known_of(since), since.user_num) == (({20: 5.0}, set()), None)
    guest = user_state.of_history(rated, COUNTS, [Event("i20", "buy")])
    assert since.query.vector.tolist() == guest.query.vector.tolist()


UNWANTED = EventRules({"view": 1.0, "buy": 5.0, "skip": -0.2, "dislike": -1.0})
TYPED = st.lists(
    st.builds(
        Event,
        st.sampled_from([*ITEMS[:8], "i48"]),
        st.sampled_from([*UNWANTED.weights]),
        st.sampled_from([None, 0.5, 3.0]),
    ),
    max_size=8,
)


@pytest.fixture(scope="module")
def disliking() -> Model:
    """User u0 dislikes i30, has cancelled i31 and skipped i32."""
    model = factories.model()
    pairs = np.array([0, 0], np.int32), np.array([30, 31], np.int32)
    skipped = Skipped.from_pairs(
        np.array([0], np.int32), np.array([32], np.int32), 30, 50, np.array([-0.2], np.float32)
    )
    weights = np.array([-1.0, 0.0], np.float32)
    return replace(model, seen_only=Histories.from_pairs(*pairs, 30, 50, weights)).with_extras(skipped)


@given(st.sampled_from(["u0", "u3", "nobody"]), TYPED)
def test_weights_below_zero_add_up_and_decide_what_is_shown_again(
    disliking: Model, user: str, events: list[Event]
) -> None:
    events = [*events, Event("i32", "view")] if len(events) > 4 else events
    totals = {} if user == "nobody" else dict.fromkeys((int(user[1:]) + step for step in range(3)), 1.0)
    used = set(totals)
    if user == "u0":
        totals |= {30: -1.0, 31: 0.0, 32: -0.2}
        used |= {30, 31}
    for event in events:
        num, weight = int(event.item_id[1:]), UNWANTED.weights[event.event]
        totals[num] = totals.get(num, 0.0) + weight * (1.0 if event.value is None else event.value)
        used |= {num} if weight > 0 else set()
    totals = {num: 0.0 if abs(total) < 1e-6 else total for num, total in totals.items()}
    found = user_state.of_user(disliking, UNWANTED, user, UserEvents(tuple(events)))
    assert known_of(found)[0] == pytest.approx({num: total for num, total in totals.items() if total > 0}, abs=1e-6)
    unliked = {num: total for num, total in totals.items() if total <= 0}
    assert dict(zip(found.disliked.tolist(), found.disliked_weights.tolist(), strict=True)) == pytest.approx(
        unliked, abs=1e-6
    )
    refused = {num for num, total in unliked.items() if total < -0.499}
    assert set(found.refused.tolist()) == refused
    assert set(found.seen.tolist()) == used | refused
    answer = recommender_of(disliking, UNWANTED).recommend(user, ListRequest(60), UserEvents(tuple(events)))
    assert {int(item.item_id[1:]) for item in answer.items} == set(range(50)) - used - refused
    everything = ListRequest(60, include_seen=True)
    answer = recommender_of(disliking, UNWANTED).recommend(user, everything, UserEvents(tuple(events)))
    assert {int(item.item_id[1:]) for item in answer.items} == set(range(50)) - refused


def test_items_like_a_disliked_one_fall_and_a_skip_lowers_less() -> None:
    model = factories.consistent_model()
    asking = recommender_of(model, UNWANTED)

    def scores(*events: Event) -> dict[str, float]:
        answer = asking.recommend("u3", ListRequest(50, include_seen=True, include_refused=True), UserEvents(events))
        return {item.item_id: item.score for item in answer.items}

    before = scores(Event("i20", "view"))
    best = next(item for item in before if item not in ("i3", "i4", "i5", "i20"))
    factors = model.items_for_user.table.rows(np.arange(50, dtype=np.int32))[:, : model.layout.factors]
    alike = np.argsort(-(factors @ factors[int(best[1:])]))[:5].tolist()
    falls = []
    for event in ("skip", "dislike"):
        after = scores(Event("i20", "view"), Event(best, event))
        assert after[best] < before[best]
        falls.append(sum(before[f"i{num}"] - after[f"i{num}"] for num in alike))
    assert 0 < falls[0] < falls[1]


def test_a_profile_has_the_weights_of_what_is_not_liked(disliking: Model) -> None:
    profile = recommender_of(disliking, UNWANTED).profile("u0")
    assert [(item.item_id, item.weight) for item in profile.disliked] == [
        ("i30", -1.0),
        ("i31", 0.0),
        ("i32", pytest.approx(-0.2)),
    ]


def without(model: Model, rules: EventRules, *undone: Undone) -> UserState:
    return user_state.of_user(model, rules, "u0", UserEvents(undone=undone))


@pytest.mark.parametrize(
    ("undone", "left", "weight"),
    [
        (["view"], [], None),
        (["buy"], [], None),  # decayed since to a weight of 1
        (["view"], ["view"], 1.0),  # the same: less than both
        (["skip"], [], 1.2),
        (["dislike"], ["view"], 2.0),
        (["ignored"], [], 1.0),
    ],
)
def test_an_undone_event_is_taken_from_the_trained_weight(
    rated: Model, undone: list[str], left: list[str], weight: float | None
) -> None:
    """The model has i1 with a weight of 1."""
    gone, kept = (tuple(Event("i1", name) for name in names) for names in (undone, left))
    found = without(rated, UNWANTED, Undone("i1", gone, kept), Undone("unknown", (Event("unknown"),), ()))
    expected = {0: 1.0, 1: weight, 2: 1.0}
    assert known_of(found) == ({num: pytest.approx(w) for num, w in expected.items() if w is not None}, set())
    assert found.fresh
    assert found.user_num == 0


def test_an_undone_dislike_is_no_dislike(disliking: Model) -> None:
    found = without(disliking, UNWANTED, Undone("i30", (Event("i30", "dislike"),), ()))
    assert found.disliked.tolist() == [31, 32]
    cancelled = without(disliking, UNWANTED, Undone("i31", (Event("i31", "dislike"),), (Event("i31", "view"),)))
    assert known_of(cancelled)[0] == {0: 1.0, 1: 1.0, 2: 1.0, 31: 1.0}
    skipped = without(disliking, UNWANTED, Undone("i30", (Event("i30", "skip", 4.0),), (Event("i30", "skip"),)))
    assert (skipped.disliked.tolist(), skipped.skipped.tolist()) == ([30, 31, 32], [30, 32])
    none = without(disliking, UNWANTED, Undone("i32", (Event("i32", "skip"),), ()))
    assert (none.disliked.tolist(), none.skipped.tolist()) == ([30, 31], [])


def test_of_ratings_the_last_one_that_is_left_holds(rated: Model) -> None:
    high, low = Event("i1", value=5.0), Event("i1", value=1.0)
    assert known_of(without(rated, RATINGS, Undone("i1", (high,), ()))) == ({0: 1.0, 2: 1.0}, set())
    assert known_of(without(rated, RATINGS, Undone("i1", (high,), (high, low)))) == ({0: 1.0, 2: 1.0}, {1})
    assert known_of(without(rated, RATINGS, Undone("i1", (low,), (high,)))) == ({0: 1.0, 1: 1.0, 2: 1.0}, set())


def test_events_since_count_beside_undone_ones(rated: Model) -> None:
    events = UserEvents((Event("i1", "buy"),), undone=(Undone("i1", (Event("i1", "view"),), ()),))
    assert known_of(user_state.of_user(rated, UNWANTED, "u0", events))[0] == {0: 1.0, 1: 5.0, 2: 1.0}


def test_an_undone_item_is_listed_again_though_there_are_precomputed_lists() -> None:
    model = factories.listed(factories.consistent_model(), 12)
    asking = recommender_of(model, UNWANTED)
    assert "i1" not in {item.item_id for item in asking.recommend("u0", ListRequest(48)).items}
    events = UserEvents(undone=(Undone("i1", (Event("i1", "view"),), ()),))
    answer = asking.recommend("u0", ListRequest(48), events)
    assert "i1" in {item.item_id for item in answer.items}
    assert answer.strategy == "fold_in"


def recommender_of(model: Model, rules: EventRules) -> Recommender:
    return Recommender(model, "v1", EventsInfo(weights=dict(rules.weights), threshold=rules.threshold))


def answered(model: Model, rules: EventRules, user: str | None, events: Sequence[Event], **asked: bool) -> list[str]:
    asking, everything = recommender_of(model, rules), ListRequest(60, **asked)
    if user is None:
        return [item.item_id for item in asking.recommend(events, everything).items]
    return [item.item_id for item in asking.recommend(user, everything, UserEvents(tuple(events))).items]


@given(st.one_of(USERS, st.none()), EVENTS, st.booleans(), st.booleans())
def test_what_was_seen_is_never_recommended_and_everything_else_is(
    rated: Model, user: str | None, events: list[Event], ratings: bool, exact: bool
) -> None:
    """By liking or disliking, in the model or in an event."""
    rules = RATINGS if ratings else COUNTS
    weights, disliked = dumb(rated, rules, user or "nobody", UserEvents(tuple(events)))
    seen = {ITEMS[num] for num in {*weights, *disliked}}
    assert set(answered(rated, rules, user, events, exact=exact)) == set(ITEMS) - seen
    assert set(answered(rated, rules, user, events, include_seen=True)) == set(ITEMS)


@pytest.mark.parametrize("value", [1e-45, 1e-30, 1e15, 1e38, 1e300])
@pytest.mark.parametrize("user", ["u3", "nobody"])
def test_any_count_is_survived(rated: Model, user: str, value: float) -> None:
    events = (Event("i20", value=value), Event("i20", value=value), Event("i21"))
    answer = recommender_of(rated, COUNTS).recommend(user, ListRequest(40), UserEvents(events))
    assert answer.strategy == "fold_in"
    assert len({item.item_id for item in answer.items} - {"i20", "i21"}) == 40
    assert all(np.isfinite(item.score) for item in answer.items)


def test_a_guest_and_a_new_user_get_personal_lists_from_their_first_event(rated: Model) -> None:
    asking = recommender_of(rated, COUNTS)
    empty = asking.recommend("nobody", ListRequest(10))
    assert (empty.strategy, empty.fallback) == ("popular", True)
    new = asking.recommend("nobody", ListRequest(10), UserEvents((Event("i7", "buy"),)))
    guest = asking.recommend([Event("i7", "buy")], ListRequest(10))
    other = asking.recommend([Event("i8", "buy")], ListRequest(10))
    assert (new.strategy, new.fallback) == ("fold_in", False)
    assert new == guest
    assert [item.item_id for item in other.items] != [item.item_id for item in new.items]
    assert asking.recommend([], ListRequest(10)).fallback
