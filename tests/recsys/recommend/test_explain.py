"""Reasons add up to the score, and each is what a loop over the history gives."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.filters import Condition
from recsys.events.activity import Event, UserEvents
from recsys.events.records import EventsInfo
from recsys.index.exact import NOTHING
from recsys.model.model import Model
from recsys.recommend.answer import MOST_CAUSES, Answer, Reason, Recommendation
from recsys.recommend.explain import reasons
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from tests.support import factories
from tests.support.parts import matrices_of

ITEMS = [f"i{num}" for num in range(50)]
EVENTS = st.lists(
    st.builds(Event, st.sampled_from([*ITEMS, "unknown"]), value=st.sampled_from([None, 0.2, 1.0, 30.0])), max_size=12
)
FILTERS = st.sampled_from([(), (Condition("year", ">=", (2010,)),), (Condition("year", "in", ("2001", "2039")),)])
ASKED = st.builds(
    ListRequest,
    st.integers(1, 50),
    offset=st.integers(0, 20),
    include_seen=st.booleans(),
    filters=FILTERS,
    diversity=st.sampled_from([0.0, 0.4]),
    popularity_penalty=st.sampled_from([0.0, 0.5]),
    explain=st.just(True),
)
SHAPES = st.sampled_from(
    [
        {"n_neighbors": 4},
        {"text_dim": 0},
        {"n_neighbors": 0},
        {"text_dim": 0, "n_neighbors": 0},
        {"factors": 12, "annoy": True},
    ]
)


@lru_cache
def made(seed: int, shape: tuple[tuple[str, int], ...]) -> Recommender:
    return Recommender(factories.consistent_model(seed, **dict(shape)), "v1")


def reason_of(item: Recommendation) -> Reason:
    assert item.reason is not None
    return item.reason


def check(answer: Answer, history: set[str]) -> None:
    """All sums, for every item of a personal answer."""
    for item in answer.items:
        reason, about = reason_of(item), pytest.approx(item.score, abs=2e-5 * max(1.0, abs(item.score)))
        assert reason.popularity <= 0
        assert reason.collaborative + reason.content + reason.popularity == about
        assert sum(cause.score for cause in reason.because) + reason.others + reason.popularity == about
        given_ = [cause.score for cause in reason.because]
        assert given_ == sorted(given_, reverse=True)
        assert all(score > 0 for score in given_)
        assert len(given_) <= min(MOST_CAUSES, len(history))
        assert {cause.item_id for cause in reason.because} <= history
        total = reason.collaborative + reason.content
        for cause in reason.because:
            assert cause.share * total == pytest.approx(cause.score, rel=1e-6, abs=1e-9)
            assert cause.title == f"Title {cause.item_id[1:]}"


@given(st.integers(0, 3), SHAPES, st.sampled_from(["u0", "u7", "u29", "nobody"]), EVENTS, ASKED)
def test_reasons_add_up_to_the_score(
    seed: int, shape: dict[str, int], user: str, events: list[Event], asked: ListRequest
) -> None:
    asking = made(seed, tuple(sorted(shape.items())))
    activity = UserEvents(tuple(events))
    known = asking.user_state(user, activity)
    history = {ITEMS[num] for num in known.liked.tolist()}
    answer = asking.recommend(user, asked, activity)
    if not answer.fallback:
        check(answer, history)
    ranked = asking.rank_items(user, ITEMS[::3], activity, explain=True)
    if not ranked.fallback:
        check(ranked, history)
    guest = asking.recommend(events, asked)
    if not guest.fallback:
        check(guest, {event.item_id for event in events})


@given(
    st.integers(0, 3), st.sampled_from(["u0", "u29", "nobody"]), EVENTS, st.lists(st.sampled_from(ITEMS), max_size=4)
)
def test_reasons_add_up_with_dislikes(seed: int, user: str, events: list[Event], disliked: list[str]) -> None:
    """The dislikes lower what the history gives, and are no reason themselves."""
    info = EventsInfo(weights={"view": 1.0, "dislike": -1.0})
    asking = Recommender(factories.consistent_model(seed), "v1", info)
    activity = UserEvents((*events, *(Event(item, "dislike") for item in disliked)))
    known = asking.user_state(user, activity)
    answer = asking.recommend(user, ListRequest(50, explain=True), activity)
    if not answer.fallback:
        check(answer, {ITEMS[num] for num in known.liked.tolist()})


def loop(model: Model, history: Sequence[int], weights: Sequence[float], item: int) -> dict[int, tuple[float, float]]:
    """What each item of a history gives to the score of an item: behavior and content."""
    of, n, factors = model.fold_in, len(history), model.layout.factors
    rows = model.items_for_user.table.rows(np.arange(len(model.catalog), dtype=np.int32)).astype(np.float64)
    known = of.rotated.astype(np.float64) @ of.basis.T
    counts = np.maximum(of.item_counts, 1).astype(float)
    how, confident = of.confidence, np.ones(len(rows))
    for num, weight in zip(history, weights, strict=True):
        strength = weight**how.weight_power * n**-how.user_power * counts[num] ** -how.item_power
        confident[num] = 1 + how.alpha * strength / how.mean_strength
    run = min(int(np.searchsorted(of.run_counts, n)), len(of.run_counts) - 1)
    left = known.T @ np.diag(confident) @ known + of.run_regularization[run] * np.eye(factors)
    emphasis = 1 + model.layout.short_history / n
    length = float(np.linalg.norm(rows[list(history), factors:].sum(axis=0)))
    behavior, words = (matrix.toarray() for matrix in matrices_of(model.neighborhood))
    return {
        num: (
            float(rows[item, :factors] @ np.linalg.solve(left, confident[num] * known[num]))
            + behavior[num, item] / n**0.5,
            emphasis * float(rows[num, factors:] @ rows[item, factors:]) / length
            + emphasis * words[num, item] / n**0.5,
        )
        for num in history
    }


@pytest.mark.parametrize("seed", range(3))
def test_each_reason_is_that_of_a_loop(seed: int) -> None:
    model = factories.consistent_model(seed, n_neighbors=12)
    asking = Recommender(model, "v1")
    events = [Event("i3"), Event("i40", value=9.0), Event("i11", value=0.3), Event("i49")]
    known = asking.user_state(events)
    assert known.liked.tolist() == [3, 11, 40, 49]
    found = reasons(known, np.arange(50, dtype=np.int32), NOTHING)
    for item in range(50):
        truth = loop(model, [3, 11, 40, 49], [1.0, 0.3, 9.0, 1.0], item)
        assert found.collaborative[item] == pytest.approx([one for one, _ in truth.values()], abs=1e-5)
        assert found.content[item] == pytest.approx([other for _, other in truth.values()], abs=1e-5)
    best = asking.recommend(events, ListRequest(1, explain=True)).items[0]
    sums = {num: sum(parts) for num, parts in loop(model, [3, 11, 40, 49], [1.0, 0.3, 9.0, 1.0], num_of(best)).items()}
    expected = sorted((num for num in sums if sums[num] > 0), key=lambda num: -sums[num])
    assert [cause.item_id for cause in reason_of(best).because] == [f"i{num}" for num in expected]


def num_of(item: Recommendation) -> int:
    return int(item.item_id[1:])


def test_the_longest_of_reasons_are_five_and_the_rest_is_told() -> None:
    asking = Recommender(factories.consistent_model(), "v1")
    events = [Event(f"i{num}") for num in range(20)]
    answer = asking.recommend(events, ListRequest(30, explain=True))
    check(answer, {event.item_id for event in events})
    assert {len(reason_of(item).because) for item in answer.items} == {5}
    assert any(abs(reason_of(item).others) > 0.01 for item in answer.items)


def test_dislikes_are_in_no_reason_but_in_the_equations() -> None:
    """User u29 has seen i48 without liking it."""
    asking = Recommender(factories.consistent_model(), "v1")
    answer = asking.recommend("u29", ListRequest(50, include_seen=True, explain=True))
    check(answer, {"i29", "i30", "i31"})


def test_parts_without_a_history_add_up_too() -> None:
    asking = Recommender(factories.model(), "v1")
    alike = asking.similar_items("i4", ListRequest(40, explain=True))
    for item in alike.items:
        reason = reason_of(item)
        assert reason.collaborative + reason.content == pytest.approx(item.score, abs=1e-6)
        assert (reason.because, reason.others, reason.popularity) == ((), 0.0, 0.0)
    assert len({reason_of(item).collaborative != 0 for item in alike.items}) == 2  # the cold item has content alone
    for answer in (
        asking.recommend("nobody", ListRequest(9, explain=True)),
        asking.popular(ListRequest(9, explain=True)),
    ):
        assert [reason_of(item) for item in answer.items] == [
            Reason((), 0.0, 0.0, 0.0, item.score) for item in answer.items
        ]
    ranked = asking.rank_items("nobody", ["i1", "i2"], explain=True)
    assert [reason_of(item).popularity for item in ranked.items] == [item.score for item in ranked.items]


def test_reasons_are_not_given_unasked_and_change_nothing() -> None:
    asking = Recommender(factories.consistent_model(), "v1")
    for ask in (asking.recommend, asking.similar_items):
        name = "u3" if ask == asking.recommend else "i3"
        plain, explained = ask(name, ListRequest(20)), ask(name, ListRequest(20, explain=True))
        assert all(item.reason is None for item in plain.items)
        assert [item._replace(reason=None) for item in explained.items] == list(plain.items)


def test_control_with_factors_of_another_history_the_sums_are_off() -> None:
    asking = Recommender(factories.model(), "v1")
    with pytest.raises(AssertionError, match="comparison failed"):
        check(asking.recommend("u3", ListRequest(20, explain=True)), {"i3", "i4", "i5"})


def test_a_hidden_item_is_a_reason_without_a_name() -> None:
    asking = Recommender(factories.consistent_model(0, n_neighbors=12), "v1")
    events = [Event("i3"), Event("i40", value=9.0), Event("i11", value=0.3), Event("i49")]
    shown = asking.recommend(events, ListRequest(5, explain=True))
    name = reason_of(shown.items[0]).because[0].item_id
    for item in asking.recommend(events, ListRequest(5, explain=True), UserEvents(hidden=frozenset({name}))).items:
        reason = reason_of(item)
        assert name not in {cause.item_id for cause in reason.because}
        assert sum(cause.score for cause in reason.because) + reason.others == pytest.approx(item.score, abs=1e-5)
