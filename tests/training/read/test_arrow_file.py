"""Columns of structs in files of Arrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from recsys.errors import DataError
from tests.support.files import config
from training.ingest.dataset import Dataset
from training.ingest.ingest import ingest

ROWS = [
    {"user": {"id": "a", "of": {"age": 30}}, "product": {"sku": 7, "stars": 5}},
    {"user": {"id": "b", "of": None}, "product": {"sku": 8, "stars": 2}},
    {"user": None, "product": {"sku": 9, "stars": 4}},
]


def read(path: Path, **columns: Any) -> Dataset:
    table = pa.Table.from_pylist(ROWS)
    feather.write_feather(table, path) if path.suffix == ".feather" else parquet.write_table(table, path)
    return ingest(config(path, data={"max_rejected": 1.0, **columns}))


@pytest.mark.parametrize("name", ["i.parquet", "i.feather"])
def test_a_path_names_a_field_within_a_column(tmp_path: Path, name: str) -> None:
    found = read(tmp_path / name, user_column="user.id", item_column="product.sku", value_column="product.stars")
    assert sorted(found.interactions.users) == ["a", "b"]
    assert sorted(found.interactions.items) == ["7", "8"]
    assert sorted(found.interactions.weights.tolist()) == [2.0, 5.0]
    assert found.accounting.reasons == {("interactions", "no user.id"): 1}


def test_a_field_that_holds_no_id_and_one_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"column 'user\.of' is of type struct<age: int64>; ids must be strings"):
        read(tmp_path / "i.parquet", user_column="user.of", item_column="product.sku")
    with pytest.raises(DataError, match=r"there is no column 'user\.name'"):
        read(tmp_path / "i.parquet", user_column="user.name", item_column="product.sku")
