from __future__ import annotations

import csv
import gzip
import io
import json
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.table_files import FORMATS, Row, check_format, write_rows
from recsys.errors import ConfigError, DataError
from tests.support.odd_ids import ODD_IDS

COLUMNS = ("user_id", "rank", "item_id", "score")
TYPES = {"rank": "int32", "score": "float32"}
EVERY_FORMAT = pytest.mark.parametrize("kind", FORMATS)
FULL_DISK = Path("/dev/full")


def read(path: Path) -> list[dict[str, Any]]:
    """What any other program reads from a file; the values of a CSV file are strings."""
    if path.name.endswith(".parquet"):
        from pyarrow import parquet

        found: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
        return found
    content = gzip.decompress(path.read_bytes()) if path.name.endswith(".gz") else path.read_bytes()
    if path.name.endswith(".jsonl"):
        return [json.loads(line) for line in content.split(b"\n") if line]
    text = content.decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def written(path: Path, ids: list[str]) -> list[dict[str, Any]]:
    rows: list[Row] = [
        (one, rank, other, rank / 7) for rank, (one, other) in enumerate(zip(ids, ids[::-1], strict=True))
    ]
    assert write_rows(path, COLUMNS, rows, TYPES) == len(rows)
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def same(found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert tuple(one) == COLUMNS
        assert (one["user_id"], one["item_id"]) == (other["user_id"], other["item_id"])
        assert int(one["rank"]) == other["rank"]
        assert math.isclose(float(one["score"]), other["score"], rel_tol=1e-5)


@EVERY_FORMAT
def test_odd_ids_come_back_byte_for_byte(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows{kind}"
    wanted = written(path, list(ODD_IDS))
    same(read(path), wanted)


@EVERY_FORMAT
@given(ids=st.lists(st.text(min_size=1)))
def test_any_ids_come_back(kind: str, tmp_path: Path, ids: list[str]) -> None:
    path = tmp_path / f"rows{kind}"
    wanted = written(path, ids)
    same(read(path), wanted)


@EVERY_FORMAT
def test_no_rows_leave_a_readable_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows{kind}"
    assert write_rows(path, COLUMNS, [], TYPES) == 0
    assert read(path) == []


@EVERY_FORMAT
def test_an_absent_value_stays_absent(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows{kind}"
    write_rows(path, ("item_id", "score"), [("a", None), ("b", 0.5)], {"score": "float32"})
    absent, present = read(path)
    assert absent["score"] == ("" if ".csv" in kind else None)
    assert float(present["score"]) == 0.5


def test_columns_of_a_parquet_file_have_their_types(tmp_path: Path) -> None:
    from pyarrow import parquet

    written(tmp_path / "rows.parquet", ["a"])
    schema = parquet.read_schema(tmp_path / "rows.parquet")
    assert [(field.name, str(field.type)) for field in schema] == [
        ("user_id", "string"),
        ("rank", "int32"),
        ("item_id", "string"),
        ("score", "float"),
    ]


def test_more_rows_than_a_chunk_are_all_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.data.table_files.CHUNK_ROWS", 3)
    wanted = written(tmp_path / "rows.parquet", [f"i{num}" for num in range(10)])
    same(read(tmp_path / "rows.parquet"), wanted)


@pytest.mark.parametrize("kind", [".csv", ".csv.gz", ".jsonl"])
def test_the_same_rows_give_the_same_bytes(kind: str, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        written(tmp_path / folder / f"rows{kind}", list(ODD_IDS))
    assert (tmp_path / "one" / f"rows{kind}").read_bytes() == (tmp_path / "two" / f"rows{kind}").read_bytes()


def test_a_gzip_file_holds_no_time(tmp_path: Path) -> None:
    written(tmp_path / "rows.csv.gz", ["a"])
    assert (tmp_path / "rows.csv.gz").read_bytes()[4:8] == bytes(4)  # MTIME in RFC 1952


def test_missing_folders_are_made(tmp_path: Path) -> None:
    written(tmp_path / "a" / "b" / "rows.csv", ["x"])
    assert (tmp_path / "a" / "b" / "rows.csv").is_file()


def breaks_off(error: BaseException) -> Iterator[Row]:
    yield "a", 1, "b", 0.5
    yield "c", 2, "d", 0.25
    raise error


@EVERY_FORMAT
@pytest.mark.parametrize(
    "error", [OSError("gone"), DataError("bad row"), RuntimeError("bug"), KeyboardInterrupt("stop")]
)
def test_a_write_that_breaks_off_leaves_the_old_file_and_nothing_else(
    kind: str, error: BaseException, tmp_path: Path
) -> None:
    path = tmp_path / f"rows{kind}"
    path.write_bytes(b"as it was")
    wanted = DataError if isinstance(error, OSError) else type(error)
    with pytest.raises(wanted, match=str(error)):
        write_rows(path, COLUMNS, breaks_off(error), TYPES)
    assert path.read_bytes() == b"as it was"
    assert list(tmp_path.iterdir()) == [path]


@EVERY_FORMAT
@pytest.mark.skipif(not FULL_DISK.exists(), reason="needs /dev/full, which always says that the disk is full")
def test_a_full_disk_leaves_the_old_file_and_nothing_else(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows{kind}"
    path.write_bytes(b"as it was")
    (tmp_path / f".rows{kind}.{os.getpid()}.partial").symlink_to(FULL_DISK)
    rows: list[Row] = [(f"u{num}", num, f"i{num}", 0.5) for num in range(20_000)]
    with pytest.raises(DataError, match=r"cannot be written: .*[Nn]o space left on device"):
        write_rows(path, COLUMNS, rows, TYPES)
    assert path.read_bytes() == b"as it was"
    assert list(tmp_path.iterdir()) == [path]


@EVERY_FORMAT
def test_a_name_that_is_a_folder_is_told(kind: str, tmp_path: Path) -> None:
    (tmp_path / f"rows{kind}").mkdir()
    with pytest.raises(DataError, match="cannot be written: Is a directory"):
        write_rows(tmp_path / f"rows{kind}", COLUMNS, [], TYPES)
    assert [path.name for path in tmp_path.iterdir()] == [f"rows{kind}"]


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    with pytest.raises(DataError, match=r"file/rows\.csv: cannot be written: "):
        write_rows(tmp_path / "file" / "rows.csv", COLUMNS, [], TYPES)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.csv", ".csv"), ("a.csv.gz", ".csv.gz"), ("a.b.jsonl", ".jsonl"), ("x/a.parquet", ".parquet")],
)
def test_the_name_tells_the_format(name: str, kind: str) -> None:
    assert check_format(Path(name)) == kind


@pytest.mark.parametrize("name", ["a", "a.txt", "a.gz", "a.csv.zip", "a.jsonl.gz", "csv"])
def test_an_unknown_kind_of_file_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown kind of file; use one of \.csv, \.csv\.gz, \.parquet, \.jsonl"):
        write_rows(tmp_path / name, COLUMNS, [], TYPES)
    assert list(tmp_path.iterdir()) == []


def test_parquet_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match="writing Parquet needs pyarrow; install the extra `parquet`"):
        check_format(Path("a.parquet"))
