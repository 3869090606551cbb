"""Columns from another file by an id."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recsys.errors import DataError
from tests.support.files import config, pairs_of, table, text
from training.ingest.dataset import Dataset
from training.ingest.ingest import ingest

LINES = [("o1", "x", 2), ("o2", "x", 1), ("o1", "y", 1)]
ORDERS = [("o1", "ann", 100, 9), ("o2", "bob", 200, 9), ("o3", "cid", 300, 9)]


def read(folder: Path, orders: Path, lines: list[tuple[object, ...]] = LINES, **keys: Any) -> Dataset:  # type: ignore[assignment]
    path = table(folder / "lines.csv", lines, ("order_id", "item_id", "value"))
    joined = {"file": str(path), "join": str(orders), "join_on": "order_id"} | keys
    return ingest(config(path, data={"interactions": joined}))


def orders_of(folder: Path, rows: list[tuple[object, ...]] = ORDERS, key: str = "order_id") -> Path:  # type: ignore[assignment]
    return table(folder / "orders.csv", rows, (key, "user_id", "timestamp", "value"))


def test_lines_of_orders_take_the_user_and_the_time_of_their_order(tmp_path: Path) -> None:
    dataset = read(tmp_path, orders_of(tmp_path))
    assert pairs_of(dataset.interactions) == {
        ("ann", "x"): (2.0, 100),
        ("bob", "x"): (1.0, 200),
        ("ann", "y"): (1.0, 100),
    }
    assert dataset.accounting.read == {"joined": 3, "interactions": 3}


def test_the_ids_may_be_numbers_under_another_name(tmp_path: Path) -> None:
    rows = [{"id": number, "user_id": user, "timestamp": time} for number, (_, user, time, _) in enumerate(ORDERS)]
    orders = text(tmp_path / "orders.jsonl", *map(json.dumps, rows))
    dataset = read(tmp_path, orders, [(2, "x", 1), (0, "x", 1)], join_key="id")
    assert pairs_of(dataset.interactions) == {("cid", "x"): (1.0, 300), ("ann", "x"): (1.0, 100)}


def test_a_line_without_its_order_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 times 'no user_id', first in lines\.csv line 5: o9,x,1"):
        read(tmp_path, orders_of(tmp_path), [*LINES, ("o9", "x", 1)])


def test_orders_with_an_id_twice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"orders\.csv: order_id 'o2' is there twice; a file to join has a row for each id"
    ):
        read(tmp_path, orders_of(tmp_path, [*ORDERS, ORDERS[1]]))


def test_a_row_of_the_orders_that_cannot_be_read_counts(tmp_path: Path) -> None:
    orders = text(tmp_path / "orders.csv", "order_id,user_id", "o1,ann", "o2,bob", "o3,cid,7")
    with pytest.raises(
        DataError, match=r"1 of 3 rows of joined are unusable.*'wrong number of fields', first in orders\.csv line 4"
    ):
        read(tmp_path, orders)


def test_a_file_to_join_needs_the_column_of_its_ids(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"data\.interactions\.join = '.*orders\.csv' needs data\.interactions\.join_on"
    ):
        read(tmp_path, orders_of(tmp_path), join_on=None)


def test_records_of_items_take_names_of_their_categories(tmp_path: Path) -> None:
    items = table(tmp_path / "items.csv", [("x", 1), ("y", 2)], ("item_id", "department_id"))
    names = table(tmp_path / "departments.csv", [(1, "pets"), (2, "tea")], ("department_id", "department"))
    joined = {"file": str(items), "join": str(names), "join_on": "department_id"}
    path = table(tmp_path / "i.csv", [("a", "x"), ("b", "y")], ("user_id", "item_id"))
    catalog = ingest(config(path, data={"items": joined})).catalog
    assert [item.attributes["department"] for item in catalog] == ["pets", "tea"]
