"""Attributes of users from files and from the event store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recsys.config import Config, DataConfig, StoreConfig
from recsys.errors import DataError
from recsys.events.store import EventStore
from recsys.events.user_values import UserChange
from tests.support.files import table, text
from training.ingest.dataset import Dataset, checksum
from training.ingest.ingest import ingest

PAIRS = [("a", "x"), ("b", "x"), ("b", "y")]


def read(folder: Path, users: object = "", **data: Any) -> Dataset:
    pairs = table(folder / "pairs.csv", PAIRS, ("user_id", "item_id"))
    keys = {"interactions": str(pairs), "users": users, "rejects": "", **data}
    return ingest(Config(data=DataConfig.model_validate(keys), store=StoreConfig(events=str(folder / "events.sqlite"))))


def test_columns_become_attributes_and_each_row_is_accounted_for(tmp_path: Path) -> None:
    rows = [
        ("a", "CH", 34, "de|fr", "0101"),
        ("b", "null", "", "it", "22"),
        ("", "DE", 1, "", ""),
        ("a", "FR", 2, "", ""),
        ("new", "DE", 7.5, "", ""),
        ("blank", "", "", "", ""),
    ]
    path = table(tmp_path / "people.csv", rows, ("member", "country", "age", "languages", "code"))
    dataset = read(tmp_path, {"file": str(path), "user_column": "member"}, max_rejected=0.5)
    assert dataset.users == {
        "a": {"country": "CH", "age": 34, "languages": ["de", "fr"], "code": "0101"},
        "b": {"languages": ["it"], "code": "22"},
        "new": {"country": "DE", "age": 7.5},
    }
    accounting = dataset.accounting
    assert (accounting.read["users"], accounting.kept("users"), accounting.rejected("users")) == (6, 4, 2)
    assert accounting.examples["users", "no member"].startswith("people.csv line 4: ")
    assert accounting.reasons["users", "another record of the same user id; the first counts"] == 1
    assert len(dataset.interactions.users) == 2
    assert checksum(dataset) != checksum(read(tmp_path))


def test_too_many_bad_rows_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "users.csv", [("", "CH"), ("a", "CH")], ("user_id", "country"))
    with pytest.raises(DataError, match=r"1 of 2 rows of users are unusable"):
        read(tmp_path, str(path))
    with pytest.raises(DataError, match=r"data\.users"):
        read(tmp_path, str(tmp_path / "missing.csv"))


def test_other_formats_and_forms_of_ids_are_read(tmp_path: Path) -> None:
    path = text(tmp_path / "users.jsonl", '{"user_id": " A ", "address": {"city": "Bern"}, "age": 3}')
    dataset = read(tmp_path, str(path), id_form=["strip", "lower"])
    assert dataset.users == {"a": {"address.city": "Bern", "age": 3}}


def test_what_the_service_received_wins_over_the_files(tmp_path: Path) -> None:
    rows = [(f"u{n}", n, "CH") for n in range(20)]
    path = table(tmp_path / "users.csv", rows, ("user_id", "age", "country"))
    with EventStore.open(str(tmp_path / "events.sqlite")) as store:
        store.users.apply(UserChange("u1", "patch", {"age": None, "plan": "free"}))
        store.users.apply(UserChange("u2", "put", {"age": "old", "tags": ["x", "y"]}))
        store.users.apply(UserChange("new", "put", {"member": True}))
        store.users.apply(UserChange("gone", "put", {"age": 3}))
        store.forget("gone")
        store.forget("u3")
        store.forget("u4")
        store.users.apply(UserChange("u4", "patch", {"plan": "paid"}))
    dataset = read(tmp_path, str(path))
    found = dataset.users
    assert (found["u0"], found["u1"]) == ({"age": 0, "country": "CH"}, {"country": "CH", "plan": "free"})
    assert found["u2"] == {"age": "old", "tags": ["x", "y"]}, "one other value does not make all ages texts"
    assert found["new"] == {"member": "true"}
    assert found["u4"] == {"plan": "paid"}, "the file has what belonged to the user that was deleted"
    assert not {"gone", "u3"} & found.keys()
    assert dataset.accounting.left_out["users", "of deleted users"] == 2


def test_users_may_all_come_from_the_store(tmp_path: Path) -> None:
    with EventStore.open(str(tmp_path / "events.sqlite")) as store:
        store.users.apply(UserChange("u", "patch", {"age": 34, "plan": None}))
    assert read(tmp_path).users == {"u": {"age": 34}}
