"""Rows of item files become catalog records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from recsys.config import DataConfig
from recsys.data.catalog import Item
from recsys.errors import ConfigError
from tests.support.files import IDS, read, source, table, text
from training.ingest.items import almost_numbers, build_items
from training.read.accounting import Accounting


def built(
    path: Path, columns: Sequence[str] = (), accounting: Accounting | None = None, separator: str = "|"
) -> list[Item]:
    accounting = accounting or Accounting()
    of = source(("item_id",), accounting=accounting)
    return build_items(read(path, of), DataConfig(list_separator=separator), columns, accounting)


def test_a_record_has_title_text_and_attributes(tmp_path: Path) -> None:
    header = ("item_id", "title", "year", "genres", "director", "description", "rating")
    row = ("x", "Alien", 1979, "Horror|Sci-Fi", "Ridley Scott", "A crew meets a monster.", 8.5)
    (item,) = built(table(tmp_path / "i.csv", [row], header))
    assert item == Item(
        "x",
        "Alien",
        "Alien. A crew meets a monster.. Horror, Sci-Fi",
        {
            "year": 1979,
            "genres": ["Horror", "Sci-Fi"],
            "director": "Ridley Scott",
            "description": "A crew meets a monster.",
            "rating": 8.5,
        },
    )


def test_ids_of_items_come_back_byte_for_byte(tmp_path: Path) -> None:
    items = built(table(tmp_path / "i.csv", [(one, "t") for one in IDS], ("item_id", "title")))
    assert [item.item_id for item in items] == IDS


def test_the_first_record_of_an_id_holds_and_later_ones_are_rejected(tmp_path: Path) -> None:
    accounting = Accounting()
    rows = [("x", "first"), ("y", "other"), ("x", "second"), ("", "nobody"), ("x", "third")]
    items = built(table(tmp_path / "i.csv", rows, ("item_id", "title")), accounting=accounting)
    assert [(item.item_id, item.title) for item in items] == [("x", "first"), ("y", "other")]
    assert accounting.reasons == {
        ("items", "another record of the same item id; the first counts"): 2,
        ("items", "no item_id"): 1,
    }
    assert (
        accounting.examples["items", "another record of the same item id; the first counts"]
        == "i.csv line 4: ['x', 'second']"
    )


def test_a_column_with_one_list_is_a_list_in_every_record(tmp_path: Path) -> None:
    rows = [("x", "a|b", "1|2"), ("y", "c", "3"), ("z", "", "")]
    items = built(table(tmp_path / "i.csv", rows, ("item_id", "genres", "codes")))
    assert [item.attributes for item in items] == [
        {"genres": ["a", "b"], "codes": ["1", "2"]},
        {"genres": ["c"], "codes": ["3"]},
        {},
    ]


def test_prose_is_never_a_list_nor_a_number(tmp_path: Path) -> None:
    (item,) = built(
        table(tmp_path / "i.csv", [("x", "1984", "a|b", "12")], ("item_id", "title", "description", "text"))
    )
    assert item.title == "1984"
    assert item.attributes == {"description": "a|b", "text": "12"}
    assert item.text == "1984. a|b. 12"


def test_the_separator_of_lists_is_the_configured_one(tmp_path: Path) -> None:
    path = table(tmp_path / "i.csv", [("x", "a;b|c")], ("item_id", "genres"))
    assert built(path, separator=";")[0].attributes == {"genres": ["a", "b|c"]}
    assert built(path, separator="")[0].attributes == {"genres": "a;b|c"}


def test_lists_of_json_and_parquet_are_lists(tmp_path: Path) -> None:
    path = text(tmp_path / "i.jsonl", '{"item_id": "x", "genres": ["a", "b"]}', '{"item_id": 7, "year": 1999}')
    assert [item.attributes for item in built(path)] == [{"genres": ["a", "b"]}, {"year": 1999}]
    parquet.write_table(pa.table({"item_id": ["x"], "genres": [["a", "b"]], "year": [1999]}), tmp_path / "i.parquet")
    assert built(tmp_path / "i.parquet")[0].attributes == {"genres": ["a", "b"], "year": 1999}


def test_the_text_is_made_of_the_chosen_columns_in_their_order(tmp_path: Path) -> None:
    path = table(tmp_path / "i.csv", [("x", "Alien", "Scott|Hill", "")], ("item_id", "title", "people", "plot"))
    assert built(path)[0].text == "Alien"
    assert built(path, ("people", "plot", "title"))[0].text == "Scott, Hill. Alien"


def test_a_text_column_that_is_not_there_is_refused_with_its_nearest(tmp_path: Path) -> None:
    path = table(tmp_path / "i.csv", [("x", "Alien", "")], ("item_id", "title", "plot"))
    with pytest.raises(ConfigError, match=r"content\.columns: .* no column 'titel'; did you mean 'title'\?"):
        built(path, ("titel",))


def test_an_item_without_anything_has_empty_title_and_text(tmp_path: Path) -> None:
    assert built(text(tmp_path / "i.csv", "item_id", "x")) == [Item("x")]


def test_records_of_several_kinds_of_files_share_their_columns(tmp_path: Path) -> None:
    text(tmp_path / "a.jsonl", '{"item_id": "x", "plot": "p"}')
    table(tmp_path / "b.csv", [("y", "t")], ("item_id", "title"))
    accounting = Accounting()
    of = source(("item_id",), accounting=accounting)
    chunks = [*read(tmp_path / "a.jsonl", of), *read(tmp_path / "b.csv", of)]
    items = build_items(chunks, DataConfig(), ("title", "plot"), accounting)
    assert items == [Item("x", "", "p", {"plot": "p"}), Item("y", "t", "t", {})]


def test_lists_of_json_do_not_depend_on_the_separator(tmp_path: Path) -> None:
    path = text(tmp_path / "i.jsonl", '{"item_id": "x", "genres": ["a|b", "c"]}')
    assert built(path, separator=";")[0].attributes == {"genres": ["a|b", "c"]}
    assert built(path, separator="")[0].text == "a|b, c"


def test_a_column_is_numbers_only_where_every_value_is_one(tmp_path: Path) -> None:
    rows = [("x", "1999", "7"), ("y", "unknown", "8.5"), ("z", "", "")]
    items = built(table(tmp_path / "i.csv", rows, ("item_id", "year", "price")))
    assert [item.attributes for item in items] == [{"year": "1999", "price": 7}, {"year": "unknown", "price": 8.5}, {}]


def test_what_is_written_as_absent_is_absent(tmp_path: Path) -> None:
    rows = [("x", "12.5", "n/a"), ("y", "NaN", "red"), ("z", "null", "None"), ("w", "3", "")]
    items = built(table(tmp_path / "i.csv", rows, ("item_id", "price", "colour")))
    assert [item.attributes for item in items] == [{"price": 12.5}, {"colour": "red"}, {}, {"price": 3}]
    (prose,) = built(table(tmp_path / "p.csv", [("x", "None", "NaN")], ("item_id", "title", "description")))
    assert (prose.title, prose.text) == ("None", "None. NaN")


def test_a_list_that_is_written_as_json_or_python_is_a_list(tmp_path: Path) -> None:
    deep = "[" * 5000 + "]" * 5000
    rows = [("x", ' ["red", null, "a\\/b"]'), ("y", "['blue']"), ("z", "[]"), ("w", "[red]"), ("v", deep)]
    items = built(table(tmp_path / "i.csv", rows, ("item_id", "colours")))
    colours = [item.attributes.get("colours") for item in items]
    assert colours == [["red", "a/b"], ["blue"], None, ["[red]"], [deep]]


def test_a_column_that_is_almost_numbers_is_told(tmp_path: Path) -> None:
    rows = [(f"i{num}", f"{num}", "red", "a") for num in range(19)] + [("x", "1e3", "7", "b")]
    items = built(table(tmp_path / "i.csv", rows, ("item_id", "price", "colour", "title")))
    assert list(almost_numbers(items)) == [("price", "1e3")]
