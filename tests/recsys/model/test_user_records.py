from __future__ import annotations

from recsys.events.activity import UserEvents
from recsys.events.user_values import UserChange
from recsys.model.extras.user_records import UserRecords
from recsys.recommend.recommender import Recommender
from tests.support import factories

USERS = {"u1": {"age": 34, "languages": ["de"]}, "ü": {"plan": "free"}}


def test_records_are_kept_for_known_and_new_users() -> None:
    part = UserRecords.of(USERS)
    assert part is not None
    opened = UserRecords.open(part.tensors("user_records"), "user_records", {})
    assert {user_id: opened.get(user_id) for user_id in ("u1", "ü", "none")} == {**USERS, "none": {}}
    assert UserRecords.of({}) is None


def test_later_changes_hold_on_top_unless_the_user_was_deleted() -> None:
    part = UserRecords.of(USERS)
    assert part is not None
    recommender = Recommender(factories.model().with_extras(part), "v")
    change = UserChange("u1", "patch", {"age": 35})
    assert recommender.user_attributes("u1") == USERS["u1"]
    assert recommender.user_attributes("u1", UserEvents(change=change)) == {"age": 35, "languages": ["de"]}
    assert recommender.user_attributes("u1", UserEvents(forgotten=True, change=change)) == {"age": 35}
    assert recommender.user_attributes("u1", UserEvents(forgotten=True)) == {}
    assert Recommender(factories.model(), "v").user_attributes("u1") == {}
