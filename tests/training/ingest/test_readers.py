"""Files come back byte for byte, whatever their kind."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from recsys.errors import DataError
from tests.support.files import IDS, config, read, rows, source, table, text
from training.ingest.ingest import ingest
from training.read import arrow_file, blocks, expand, json_file, read_chunks
from training.read.values import LIST_JOINT

PAIRS = [(user, item) for user, item in zip(IDS, reversed(IDS), strict=True)]
COLUMNS = ("user_id", "item_id")


def as_csv(path: Path) -> Path:
    return table(path, PAIRS, COLUMNS)


def as_tsv(path: Path) -> Path:
    return table(path, PAIRS, COLUMNS, delimiter="\t")


def as_jsonl(path: Path) -> Path:
    return text(path, *(json.dumps(dict(zip(COLUMNS, pair, strict=True)), ensure_ascii=False) for pair in PAIRS))


def as_parquet(path: Path) -> Path:
    parquet.write_table(pa.table(dict(zip(COLUMNS, zip(*PAIRS, strict=True), strict=True))), path)
    return path


KINDS = pytest.mark.parametrize(
    ("name", "write"),
    [("i.csv", as_csv), ("i.jsonl", as_jsonl), ("i.parquet", as_parquet), ("i.tsv", as_tsv), ("i.ndjson", as_jsonl)],
)


def zipped(path: Path) -> Path:
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return packed


@KINDS
def test_ids_come_back_byte_for_byte(tmp_path: Path, name: str, write: Callable[[Path], Path]) -> None:
    assert rows(write(tmp_path / name)) == PAIRS


@KINDS
def test_ids_come_back_byte_for_byte_from_gzip(tmp_path: Path, name: str, write: Callable[[Path], Path]) -> None:
    assert rows(zipped(write(tmp_path / name))) == PAIRS


@KINDS
def test_ids_stay_what_they_are_up_to_the_interactions(
    tmp_path: Path, name: str, write: Callable[[Path], Path]
) -> None:
    found = ingest(config(write(tmp_path / name))).interactions
    assert list(found.users) == IDS
    assert sorted(found.items) == sorted(IDS)


@given(st.lists(st.tuples(*[st.text(st.characters(codec="utf-8"), min_size=1)] * 2), min_size=1))
def test_any_text_survives_csv_and_jsonl(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    assert rows(table(tmp_path / "i.csv", pairs, COLUMNS, csv.QUOTE_ALL)) == pairs
    lines = [json.dumps({"user_id": user, "item_id": item}) for user, item in pairs]
    assert rows(text(tmp_path / "i.jsonl", *lines)) == pairs


def test_integers_of_json_and_parquet_keep_every_digit(tmp_path: Path) -> None:
    long = "7" * 5000
    lines = [
        '{"user_id": 9007199254740993, "item_id": 12345678901234567890123}',
        f'{{"user_id": -0, "item_id": {long}}}',
    ]
    expected = [("9007199254740993", "12345678901234567890123"), ("-0", long)]
    assert rows(text(tmp_path / "i.jsonl", *lines)) == expected
    numbers = pa.table(
        {"user_id": pa.array([9007199254740993, None]), "item_id": pa.array([2**64 - 1, 0], pa.uint64())}
    )
    parquet.write_table(numbers, tmp_path / "i.parquet")
    assert rows(tmp_path / "i.parquet") == [("9007199254740993", "18446744073709551615"), ("", "0")]


def test_floats_are_no_ids_in_parquet(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"user_id": [1.0], "item_id": ["a"]}), tmp_path / "i.parquet")
    with pytest.raises(DataError, match="column 'user_id' is of type double; ids must be strings or integers"):
        read(tmp_path / "i.parquet")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_parquet_are_seconds(tmp_path: Path, unit: str) -> None:
    moments = pa.array([1_700_000_000, None], pa.timestamp("s", "Europe/Paris")).cast(
        pa.timestamp(unit, "Europe/Paris")
    )
    parquet.write_table(pa.table({"user_id": ["a", "b"], "item_id": ["x", "y"], "at": moments}), tmp_path / "i.parquet")
    assert rows(tmp_path / "i.parquet") == [("a", "x", "1700000000"), ("b", "y", "")]


def test_dictionary_and_large_strings_of_parquet(tmp_path: Path) -> None:
    users = pa.array(["NA", "00", "NA"]).dictionary_encode()
    parquet.write_table(
        pa.table({"user_id": users, "item_id": pa.array(["a", "b", "c"], pa.large_string())}), tmp_path / "i.parquet"
    )
    assert rows(tmp_path / "i.parquet") == [("NA", "a"), ("00", "b"), ("NA", "c")]


def test_lists_of_json_and_parquet_are_joined(tmp_path: Path) -> None:
    wanted = [("a", "x", f"Drama{LIST_JOINT}War"), ("a", "y", ""), ("a", "z", "")]
    lines = ['{"user_id":"a","item_id":"x","genres":["Drama","War"]}', '{"user_id":"a","item_id":"y","genres":[]}']
    assert rows(text(tmp_path / "i.jsonl", *lines, '{"user_id":"a","item_id":"z"}')) == wanted
    genres = pa.array([["Drama", "War"], [], None])
    parquet.write_table(
        pa.table({"user_id": ["a"] * 3, "item_id": ["x", "y", "z"], "genres": genres}), tmp_path / "i.parquet"
    )
    assert rows(tmp_path / "i.parquet") == wanted


def test_json_values_of_other_types_are_written_as_json(tmp_path: Path) -> None:
    line = '{"user_id":"a","item_id":"x","flag":true,"none":null,"big":1e5,"long":0.10000000000000000001}'
    assert rows(text(tmp_path / "i.jsonl", line)) == [("a", "x", "true", "", "1e5", "0.10000000000000000001")]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", [True, False], ids=["final newline", "no final newline"])
def test_byte_order_mark_and_line_ends_leave_no_trace(tmp_path: Path, end: str, mark: str, last: bool) -> None:
    lines = ["user_id,item_id", "a,x", "b,y"]
    (tmp_path / "i.csv").write_bytes((mark + end.join(lines) + end * last).encode())
    assert rows(tmp_path / "i.csv") == [("a", "x"), ("b", "y")]
    lines = ['{"user_id":"a","item_id":"x"}', '{"user_id":"b","item_id":"y"}']
    (tmp_path / "i.jsonl").write_bytes((mark + end.join(lines) + end * last).encode())
    assert rows(tmp_path / "i.jsonl") == [("a", "x"), ("b", "y")]


def test_a_mark_inside_the_file_is_data(tmp_path: Path) -> None:
    assert rows(text(tmp_path / "i.csv", "user_id,item_id", "\ufeffa,x")) == [("\ufeffa", "x")]


def test_line_numbers_are_those_of_the_file(tmp_path: Path) -> None:
    path = text(tmp_path / "i.csv", "user_id,item_id", "a,x", "", 'b,"y', 'y"', "c,z")
    assert read(path)[0].lines == [2, 4, 6]


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    record = '{"user_id":"a","item_id":"x"}'
    text(tmp_path / "i.jsonl", record, "", " ", record)
    text(tmp_path / "i.csv", "user_id,item_id", "a,x", "", "", "a,x")
    for name, lines in (("i.jsonl", [1, 4]), ("i.csv", [2, 5])):
        of = source()
        assert read(tmp_path / name, of)[0].lines == lines
        assert of.accounting.read["interactions"] == 2
        assert not of.accounting.reasons


def test_quoted_fields_may_span_lines(tmp_path: Path) -> None:
    assert rows(text(tmp_path / "i.csv", "user_id,item_id", '"a\nb","x ""y"", z"')) == [("a\nb", 'x "y", z')]


@pytest.mark.parametrize(("delimiter", "named"), [(";", '";"'), ("\t", r'"\\t"'), ("\x01", r'"\\u0001"')])
def test_another_delimiter_is_told(tmp_path: Path, delimiter: str, named: str) -> None:
    path = text(tmp_path / "i.csv", delimiter.join(("user_id", "item_id")), delimiter.join(("a", "b")))
    with pytest.raises(DataError, match=rf"i\.csv: its columns are separated by .*; set data\.delimiter = {named}"):
        rows(path, source())


def test_the_delimiter_is_the_configured_one(tmp_path: Path) -> None:
    path = text(tmp_path / "i.csv", "user_id;item_id", 'a,b;"c;d"')
    assert rows(path, source(delimiter=";")) == [("a,b", "c;d")]


def test_a_header_can_be_given_from_outside(tmp_path: Path) -> None:
    path = text(tmp_path / "u.dat", '1::"one::x', "", "2::two::y")
    assert rows(path, source(delimiter="::", header=("user_id", "item_id", "z"))) == [
        ("1", '"one', "x"),
        ("2", "two", "y"),
    ]


def test_chunks_hold_all_rows_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "FIRST_BYTES", 40)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 20)
    monkeypatch.setattr(json_file, "CHUNK_ROWS", 3)
    monkeypatch.setattr(arrow_file, "CHUNK_ROWS", 3)
    pairs = [(f"u{n}", f"i{n}") for n in range(10)]
    table(tmp_path / "i.csv", pairs, COLUMNS)
    text(tmp_path / "i.jsonl", *(json.dumps({"user_id": user, "item_id": item}) for user, item in pairs))
    parquet.write_table(pa.table(dict(zip(COLUMNS, zip(*pairs, strict=True), strict=True))), tmp_path / "i.parquet")
    for name in ("i.csv", "i.jsonl", "i.parquet"):
        of = source()
        chunks = read(tmp_path / name, of)
        assert len(chunks) > 2
        assert rows(tmp_path / name) == pairs
        assert of.accounting.read["interactions"] == 10
        first = 2 if name == "i.csv" else 1
        assert [line for chunk in chunks for line in chunk.lines] == list(range(first, first + 10))


def test_files_of_a_glob_are_sorted(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "10.csv", "9.csv", "c.jsonl"):
        text(tmp_path / name, "user_id,item_id", f"{name},x")
    (tmp_path / "folder.csv").mkdir()
    files = expand(str(tmp_path / "*.csv"), "data.interactions")
    assert [file.name for file in files] == ["10.csv", "9.csv", "a.csv", "b.csv"]
    users = [user for chunk in read_chunks(files, source()) for user in chunk.texts("user_id")]
    assert users == ["10.csv", "9.csv", "a.csv", "b.csv"]


def test_a_name_with_the_signs_of_a_glob_is_a_name(tmp_path: Path) -> None:
    path = text(tmp_path / "a[1]*.csv", "user_id,item_id")
    assert expand(str(path), "data.items") == [path]


def test_missing_files_are_named() -> None:
    with pytest.raises(DataError, match=r"data\.items = '/no/such/\*\.csv': there is no such file"):
        expand("/no/such/*.csv", "data.items")
    with pytest.raises(
        DataError, match=r"data\.interactions is not set; give the file .* --set data\.interactions=FILE"
    ):
        expand("", "data.interactions")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "part-0.csv").touch()
    with pytest.raises(DataError, match=r"is a folder without Parquet files; give a glob such as '.*/\*\.csv'"):
        expand(str(tmp_path), "data.interactions")
