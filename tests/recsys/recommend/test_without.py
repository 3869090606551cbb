"""A list without items of the history is that of a guest who has the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.events.activity import Event, UserEvents
from recsys.recommend.recommender import PLAIN, Recommender
from recsys.recommend.request import ListRequest
from tests.support import factories

ALL = ListRequest(50, include_seen=True, explain=True)
SINCE = UserEvents(events=(Event("i30"), Event("i31")))


def history(recommender: Recommender, user_id: str, events: UserEvents) -> dict[str, float]:
    return {liked.item_id: liked.weight for liked in recommender.profile(user_id, events).liked}


def guest(rest: dict[str, float]) -> Sequence[Event]:
    return tuple(Event(item_id, value=weight) for item_id, weight in rest.items())


@given(st.integers(0, 28), st.sets(st.integers(0, 12)), st.booleans(), st.booleans(), st.sampled_from([0, 12]))
def test_it_is_the_list_of_a_guest_with_the_rest(
    user: int, places: set[int], annoy: bool, since: bool, text_dim: int
) -> None:
    recommender = Recommender(factories.model(annoy=annoy, text_dim=text_dim), "v1")
    user_id, events = f"u{user}", SINCE if since else UserEvents()
    whole = history(recommender, user_id, events)
    out = [item_id for place, item_id in enumerate(whole) if place in places]
    rest = {item_id: weight for item_id, weight in whole.items() if item_id not in out}
    found = recommender.recommend(user_id, replace(ALL, without=[*out, "i49", "unknown"]), events)
    if out:
        expected = recommender.recommend(guest(rest), ALL)
        assert found.items == expected.items
        assert (found.strategy, found.fallback) == (expected.strategy, expected.fallback)
    else:
        assert found == recommender.recommend(user_id, ALL, events)
    assert sorted(found.without) == sorted(out)
    unseen = recommender.recommend(user_id, ListRequest(50, explain=True, exact=True, without=out), events)
    exact = recommender.recommend(user_id, replace(ALL, exact=True, without=out), events)
    assert unseen.items == tuple(item for item in exact.items if item.item_id not in whole)


def test_the_reasons_name_the_rest_and_add_up() -> None:
    recommender = Recommender(factories.consistent_model(), "v1")
    first, *_ = history(recommender, "u3", UserEvents())
    before = recommender.recommend("u3", ListRequest(20, explain=True))
    assert first in {cause.item_id for item in before.items if item.reason for cause in item.reason.because}
    for item in recommender.recommend("u3", ListRequest(20, explain=True, without=(first,))).items:
        assert item.reason is not None
        assert first not in {cause.item_id for cause in item.reason.because}
        assert item.reason.collaborative + item.reason.content == pytest.approx(item.score, abs=3e-6)


def test_an_item_that_was_not_liked_can_be_taken_out_and_stays_seen() -> None:
    recommender = Recommender(factories.model(), "v1")
    assert recommender.user_state("u29").disliked.tolist() == [48]
    answer = recommender.recommend("u29", ListRequest(50, without=("i48",)))
    assert answer.without == ("i48",)
    assert "i48" not in {item.item_id for item in answer.items}


def test_without_any_history_the_list_is_popular_and_says_so() -> None:
    recommender = Recommender(factories.listed(factories.model(), 20), "v1")
    everything = [*history(recommender, "u3", UserEvents())]
    answer = recommender.recommend("u3", ListRequest(10, without=everything))
    assert (answer.strategy, answer.fallback) == ("popular", True)
    assert not {item.item_id for item in answer.items} & set(everything)
    assert recommender.recommend("u3", PLAIN).strategy == "personalized"
