"""Files by their first bytes: packed ones, those of other kinds, and those of another name."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import feather, orc, parquet

from recsys.errors import DataError
from tests.support.files import config, read, rows, source, text
from training.ingest.ingest import ingest, n_bytes
from training.read import expand, read_chunks
from training.read.values import LIST_JOINT

HEADER = "user_id,item_id"
PAIRS = [("a", "x"), ("é", "日本")]
LINES = (HEADER, *map(",".join, PAIRS))
PACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lambda data: lzma.compress(data, preset=0),
    ".zst": lambda data: pa.compress(data, "zstd", asbytes=True),
}


def archive(path: Path, **files: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        stream.writestr("__MACOSX/._i.csv", b"\0")
        for name, content in files.items():
            stream.writestr(name.replace("_", "."), content)
    return path


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("name", ["i.csv{}", "I.CSV{}", "part-00000{}", "i.csv"])
def test_packed_files_are_read_by_their_first_bytes(tmp_path: Path, suffix: str, name: str) -> None:
    path = tmp_path / name.format(suffix if name != "I.CSV{}" else suffix.upper())
    path.write_bytes(PACK[suffix](text(tmp_path / "plain", *LINES).read_bytes()))
    assert rows(path) == PAIRS


@pytest.mark.parametrize("suffix", PACK)
def test_packed_parquet(tmp_path: Path, suffix: str) -> None:
    parquet.write_table(pa.table({"user_id": ["a"], "item_id": ["x"]}), tmp_path / "i.parquet")
    path = tmp_path / f"i.parquet{suffix}"
    path.write_bytes(PACK[suffix]((tmp_path / "i.parquet").read_bytes()))
    assert rows(path) == [("a", "x")]


@pytest.mark.parametrize("suffix", PACK)
def test_several_packed_parts_in_a_row_are_all_read(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "i.csv").write_bytes(PACK[suffix](b"user_id,item_id\na,x\n") + PACK[suffix](b"b,y\n"))
    assert rows(tmp_path / "i.csv") == [("a", "x"), ("b", "y")]


@pytest.mark.parametrize("suffix", PACK)
def test_damage_is_one_line_that_says_how_far_the_file_was_read(tmp_path: Path, suffix: str) -> None:
    plain = "".join(f"u{n * n % 9973},i{n * 7919 % 10007}\n" for n in range(200_000))
    packed = PACK[suffix](f"{HEADER}\n{plain}".encode())
    for broken in (packed[: len(packed) * 9 // 10], packed[: len(packed) * 9 // 10] + bytes(99) + packed[-1000:]):
        (tmp_path / "i.csv").write_bytes(broken)
        with pytest.raises(DataError, match=r"i\.csv: cannot be read after line [1-9]\d{3,}: ") as caught:
            read(tmp_path / "i.csv")
        assert "\n" not in str(caught.value)


def test_a_zip_of_one_table_or_of_several_alike(tmp_path: Path) -> None:
    first, second = f"{HEADER}\na,x\n", f"{HEADER}\nb,y\n"
    assert rows(archive(tmp_path / "i.zip", i_csv=first)) == [("a", "x")]
    assert rows(archive(tmp_path / "j.csv.zip", i_csv=first, j_csv=second)) == [("a", "x"), ("b", "y")]
    of = source()
    read(archive(tmp_path / "k.zip", i_jsonl='{"user_id": "a", "item_id": "x"}\n[]\n'), of)
    assert list(of.accounting.examples.values()) == ["i.jsonl line 2: []"]


def test_a_zip_of_other_things_is_refused(tmp_path: Path) -> None:
    for files, problem in [
        (
            {"i_csv": f"{HEADER}\na,x\n", "j_csv": "item_id,title\nx,X\n"},
            r"different columns \(i\.csv, j\.csv\); unpack it",
        ),
        ({}, "different columns|holds"),
    ]:
        with pytest.raises(DataError, match=problem):
            read(archive(tmp_path / "i.zip", **files))
    content = archive(tmp_path / "i.zip", i_csv="user_id,item_id\n" + "a,x\n" * 1000).read_bytes()
    (tmp_path / "i.zip").write_bytes(content[:-30])
    with pytest.raises(DataError, match=r"i\.zip: cannot be read: "):
        read(tmp_path / "i.zip")


def test_kinds_are_found_by_the_first_bytes(tmp_path: Path) -> None:
    for name in ("interactions", "i.txt", "part-0"):
        assert rows(text(tmp_path / name, *LINES)) == PAIRS
        assert rows(text(tmp_path / name, '{"user_id": "a", "item_id": "x"}')) == [("a", "x")]
    parquet.write_table(pa.table({"user_id": ["a"], "item_id": ["x"]}), tmp_path / "i.csv")
    assert rows(tmp_path / "i.csv") == [("a", "x")]
    assert rows(text(tmp_path / "j.csv", "ORCID,user_id,item_id", "1,a,x")) == [("1", "a", "x")]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("i.pkl", b"x", "is a pickle, which can run code; write Parquet"),
        ("i.xml", b"x", "is XML; convert it"),
        ("i.csv", b"\x80\x04\x95\0", "is a pickle"),
        ("i.tar.gz", gzip.compress(b"x", mtime=0), "is an archive; unpack it"),
        ("i.7z", b"x", "is an archive; unpack it"),
        ("i.csv", b"Rar!\x1a\x07\x00", "is an archive; unpack it"),
        ("i.csv", b"\n<!DOCTYPE html>\n<html>", "is a page of HTML"),
        ("i.csv", b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
        ("i.bak", b"x", r"unknown kind of file '\.bak'"),
    ],
)
def test_kinds_that_are_not_read_are_one_line(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=problem):
        read(tmp_path / name)


def test_equal_files_of_an_archive_are_told(tmp_path: Path) -> None:
    content, of = "\n".join(LINES), source()
    path = archive(tmp_path / "i.zip", a_csv=content, b_csv=content, c_csv=f"{HEADER}\na,x")
    assert len(rows(path, of)) == 2 * len(PAIRS) + 1
    assert list(of.accounting.notes) == ["b.csv has the content of a.csv; its rows count twice"]


def test_the_name_of_a_table_is_no_query(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "i.db") as connection:
        connection.execute("CREATE TABLE t (user_id, item_id)")
    connection.close()
    keys = {"interactions": {"file": f"sqlite:///{tmp_path / 'i.db'}", "query": "t"}}
    with pytest.raises(DataError, match=r"the query failed: .*; a query is a SELECT and not the name of a table"):
        ingest(config("", data=keys))


def test_a_file_of_sqlite_names_the_url(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "i.csv") as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    with pytest.raises(
        DataError, match=r"is a database; set data\.interactions to sqlite:///FILE and data\.interactions\.query"
    ):
        read(tmp_path / "i.csv")


@pytest.mark.parametrize("name", ["i.feather", "i.arrow", "i.orc", "i.parquet"])
def test_types_of_arrow_files(tmp_path: Path, name: str) -> None:
    table = pa.table(
        {
            "user_id": pa.array([b"a", b"b"]),
            "item_id": pa.array([1, 2]),
            "nothing": pa.array([None, None], pa.string()),
            "price": pa.array(["1.50", "2.00"]).cast(pa.decimal128(10, 2)),
            "tags": [["p", "q"], []],
            "day": pa.array([0, 1], pa.date32()),
        }
    )
    {".orc": orc.write_table, ".parquet": parquet.write_table}.get(Path(name).suffix, feather.write_feather)(
        table, str(tmp_path / name)
    )
    expected = [("a", "1", "", "1.50", f"p{LIST_JOINT}q", "1970-01-01"), ("b", "2", "", "2.00", "", "1970-01-02")]
    assert rows(tmp_path / name) == expected


def test_decimal_ids_without_a_fraction_are_ids(tmp_path: Path) -> None:
    ids = pa.array([17, 18]).cast(pa.decimal128(38, 0))
    parquet.write_table(pa.table({"user_id": ids, "item_id": ids}), tmp_path / "i.parquet")
    assert rows(tmp_path / "i.parquet") == [("17", "17"), ("18", "18")]
    parquet.write_table(pa.table({"user_id": ids, "item_id": ids.cast(pa.float64())}), tmp_path / "i.parquet")
    with pytest.raises(DataError, match=r'type double; ids .* df\["item_id"\] = df\["item_id"\]\.astype\("Int64"\)'):
        read(tmp_path / "i.parquet")


def test_a_partitioned_folder_has_its_partitions_as_columns(tmp_path: Path) -> None:
    for day in ("2024-01-05", "__HIVE_DEFAULT_PARTITION__", "a%2Fb"):
        folder = tmp_path / f"p/day={day}"
        folder.mkdir(parents=True)
        parquet.write_table(pa.table({"user_id": ["a"], "item_id": ["x"]}), folder / "part-0.parquet")
    (tmp_path / "p/_SUCCESS").touch()
    (tmp_path / "p/_metadata.parquet").touch()
    for pattern in ("p", "p/**/part*.parquet"):
        chunks = read_chunks(expand(str(tmp_path / pattern), "data.interactions"), source())
        assert [chunk.texts("day") for chunk in chunks] == [["2024-01-05"], [""], ["a/b"]]


def test_a_file_without_a_byte_among_others_is_left_out_and_copies_are_noted(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        text(tmp_path / name, *LINES)
    (tmp_path / "c.csv").touch()
    dataset = ingest(config(tmp_path / "*.csv"))
    assert dataset.accounting.read["interactions"] == 4
    assert "b.csv has the content of a.csv; its rows count twice" in dataset.notes


@pytest.mark.parametrize("suffix", ["", *PACK])
def test_all_bytes_on_the_disk_are_counted(tmp_path: Path, suffix: str) -> None:
    plain = text(tmp_path / "plain", HEADER, *(f"u{n % 97},i{n % 89}" for n in range(20_000))).read_bytes()
    path = tmp_path / f"i.csv{suffix}"
    path.write_bytes(PACK[suffix](plain) if suffix else plain)
    parquet.write_table(pa.table({"item_id": ["i1"], "more": [1.5]}), tmp_path / "items.parquet")
    settings, steps = config(path, tmp_path / "items.parquet"), list[int]()
    ingest(settings, steps.append)
    assert sum(steps) == n_bytes(settings) == path.stat().st_size + (tmp_path / "items.parquet").stat().st_size


def test_a_home_folder_is_found_and_several_names_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    text(tmp_path / "i.csv", "user_id,item_id", "a,x")
    assert expand("~/i.csv", "data.interactions") == [tmp_path / "i.csv"]
    with pytest.raises(DataError, match=r"'i\.csv,j\.csv': there is no such file; for several files give a glob"):
        expand("i.csv,j.csv", "data.interactions")


def test_spaces_around_the_names_of_a_header_are_told(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match="no column 'item_id'; the header has spaces around its names, such as ' item_id'"
    ):
        rows(text(tmp_path / "i.csv", "user_id, item_id", "a, x"))
