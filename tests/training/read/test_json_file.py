"""JSON as exports write it: arrays, objects around arrays, objects of several lines, paths, and what is nearly JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recsys.errors import DataError
from tests.support.files import config, read, rows, source, text
from training.ingest.ingest import ingest
from training.read import blocks

PAIRS = [("a", "x"), ("b", "y"), ("c", "z")]
OBJECTS = [{"user_id": user, "item_id": item} for user, item in PAIRS]


@pytest.mark.parametrize("size", [4, 64, 1 << 20])
@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_is_read_whatever_its_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, indent: int | None, size: int
) -> None:
    monkeypatch.setattr(blocks, "FIRST_BYTES", size)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", size)
    of = source()
    assert rows(text(tmp_path / "i.json", json.dumps(OBJECTS, indent=indent)), of) == PAIRS
    assert of.accounting.read["interactions"] == 3
    assert not of.accounting.reasons


def test_objects_of_several_lines_have_the_line_of_their_beginning(tmp_path: Path) -> None:
    path = text(tmp_path / "i.json", *(json.dumps(one, indent=1) for one in OBJECTS))
    assert rows(path) == PAIRS
    assert [line for chunk in read(path) for line in chunk.lines] == [1, 5, 9]


@pytest.mark.parametrize("indent", [None, 2])
def test_an_object_around_a_list_is_its_objects(tmp_path: Path, indent: int | None) -> None:
    wrapped = {"next": None, "count": 3, "data": OBJECTS}
    assert rows(text(tmp_path / "i.json", json.dumps(wrapped, indent=indent))) == PAIRS


def test_a_path_names_a_value_within_objects(tmp_path: Path) -> None:
    path = text(tmp_path / "i.jsonl", '{"user":{"id":17},"product":{"brand":{"name":"B"},"id":"x"}}')
    of = source(required=("user.id", "product.id"), wanted=("product.brand.name",))
    assert rows(path, of) == [("17", "B", "x")]


def test_each_object_of_a_list_on_a_path_is_a_row(tmp_path: Path) -> None:
    order = {"buyer": "a", "at": 5, "lines": [{"sku": "x", "n": 2}, {"sku": "y", "n": 1}]}
    path = text(tmp_path / "i.jsonl", json.dumps(order))
    names = {"user_column": "buyer", "item_column": "lines.sku", "value_column": "lines.n", "timestamp_column": "at"}
    dataset = ingest(config(path, data=names))
    assert dataset.accounting.read["interactions"] == 2
    assert list(dataset.interactions.items) == ["x", "y"]
    assert dataset.interactions.weights.tolist() == [2.0, 1.0]


def test_a_path_through_a_list_within_a_list_gives_a_row_for_each_inner_object(tmp_path: Path) -> None:
    hits = [
        {"time": 5, "product": [{"sku": "x"}, {"sku": "y"}]},
        {"time": 6, "product": []},
        {"time": 7, "product": [{"sku": "z"}]},
    ]
    path = text(tmp_path / "i.jsonl", json.dumps({"visitor": "v", "hits": hits}))
    of = source(required=("visitor", "hits.product.sku"), wanted=("hits.time",))
    assert rows(path, of) == [("v", "5", "x"), ("v", "5", "y"), ("v", "6", ""), ("v", "7", "z")]


def test_values_of_mongodb_are_plain(tmp_path: Path) -> None:
    ids = '"_id":{"$oid":"9"},"user_id":{"$numberLong":"7"},"item_id":{"$oid":"5f"}'
    line = f'{{{ids},"timestamp":{{"$date":"2024-01-01T00:00:00Z"}}}}'
    dataset = ingest(config(text(tmp_path / "i.jsonl", line)))
    assert (list(dataset.interactions.users), list(dataset.interactions.items)) == (["7"], ["5f"])
    assert dataset.interactions.timestamps is not None
    assert dataset.interactions.timestamps.tolist() == [1_704_067_200]


def test_lines_of_python_dicts_are_read_and_named(tmp_path: Path) -> None:
    path = text(tmp_path / "i.json", "{'user_id': 'a', 'item_id': \"x's\"}", "{'user_id': 2, 'item_id': None}")
    dataset = ingest(config(path, data={"max_rejected": 0.5}))
    assert list(dataset.interactions.items) == ["x's"]
    assert "i.json: the lines are Python dicts and no JSON, and are read as such" in dataset.notes


def test_nested_objects_of_items_are_attributes(tmp_path: Path) -> None:
    items = text(tmp_path / "items.jsonl", '{"item_id":"x","title":"T","product":{"brand":"B","size":{"cm":30}}}')
    dataset = ingest(config(text(tmp_path / "i.csv", "user_id,item_id", "a,x"), items))
    assert dataset.catalog[0].attributes == {"product.brand": "B", "product.size.cm": 30}


def test_after_a_broken_object_of_an_array_the_next_line_begins_anew(tmp_path: Path) -> None:
    of, lines = source(), [json.dumps(one) + "," for one in OBJECTS]
    assert rows(text(tmp_path / "i.json", "[", lines[0], '{"user_id": oops},', *lines[1:], "]"), of) == PAIRS
    assert of.accounting.reasons == {("interactions", "not a JSON object"): 1}
    assert of.accounting.examples["interactions", "not a JSON object"].startswith("i.json line 3: ")


@pytest.mark.parametrize("around", ["%s", '{"next": null, "data": %s}'])
@pytest.mark.parametrize("indent", [None, 1])
def test_a_file_longer_than_a_record_is_read_whatever_its_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, indent: int | None, around: str
) -> None:
    monkeypatch.setattr(blocks, "FIRST_BYTES", 1000)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1001)
    many = [{"user_id": f"u\u00fc{n}", "item_id": f"\u65e5{n}"} for n in range(500)]
    path = text(tmp_path / "i.json", around % json.dumps(many, indent=indent, ensure_ascii=False))
    of = source(longest=300)
    assert rows(path, of) == [(one["user_id"], one["item_id"]) for one in many]
    assert not of.accounting.reasons


def test_an_array_of_one_line_that_breaks_is_refused_and_does_not_vanish(tmp_path: Path) -> None:
    many = json.dumps([{"user_id": str(n), "item_id": "x"} for n in range(100)])
    path = text(tmp_path / "i.json", many.replace("}, {", "}, oops {", 1))
    with pytest.raises(DataError, match=r"i\.json line 1: no JSON begins with"):
        rows(path)


@pytest.mark.parametrize("constant", ["NaN", "-Infinity"])
def test_what_is_no_number_is_rejected_where_it_is_needed(tmp_path: Path, constant: str) -> None:
    lines = [f'{{"user_id": "a", "item_id": "x", "value": 1, "price": {constant}}}'] * 3
    bad = f'{{"user_id": "b", "item_id": "y", "value": {constant}}}'
    path = text(tmp_path / "i.jsonl", *lines, bad)
    with pytest.raises(
        DataError, match=rf"1 of 4 rows .*'value is not a number', first in i\.jsonl line 4.*{constant}"
    ):
        ingest(config(path))


def test_a_path_with_brackets_names_the_one_without(tmp_path: Path) -> None:
    path = text(tmp_path / "i.jsonl", '{"user_id": "a", "lines": [{"sku": "x"}, {"sku": "y"}]}')
    with pytest.raises(DataError, match=r"no column 'lines\[\]\.sku'; paths have no brackets: set it to 'lines\.sku'"):
        rows(path, source(required=("user_id", "lines[].sku")))
    assert [row[:2] for row in rows(path, source(required=("user_id", "lines.sku")))] == [("a", "x"), ("a", "y")]


def test_orders_without_the_columns_name_those_that_they_have(tmp_path: Path) -> None:
    order = '{"customer": {"id": "a"}, "lines": [{"sku": "x"}]}'
    with pytest.raises(DataError, match=r"no column 'user_id'.*customer\.id"):
        rows(text(tmp_path / "i.jsonl", order, order))
