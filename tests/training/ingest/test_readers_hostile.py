"""Files that nobody should have sent: one clear line, no crash, no explosion."""

from __future__ import annotations

import gzip
import random
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from recsys.errors import DataError, RecsysError
from tests.support.files import config, read, rows, source, table, text
from training.ingest.ingest import ingest
from training.read.values import LIST_JOINT

GOOD = "user_id,item_id"
ALWAYS = {"max_rejected": 1.0}


def refused(path: Path, match: str) -> None:
    """Both the reader and the whole of ingest refuse the file in one line."""
    with pytest.raises(DataError, match=match) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match=match):
        ingest(config(path))


def test_a_missing_column_is_named_with_its_nearest(tmp_path: Path) -> None:
    refused(
        text(tmp_path / "i.csv", "userid,item_id", "a,x"),
        r"i\.csv: there is no column 'user_id'; did you mean 'userid'\?",
    )
    refused(text(tmp_path / "j.csv", "who,item_id"), "no column 'user_id'; known are item_id, who")
    parquet.write_table(pa.table({"user": ["a"], "item_id": ["x"]}), tmp_path / "i.parquet")
    refused(tmp_path / "i.parquet", r"no column 'user_id'; did you mean 'user'\?")


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    refused(text(tmp_path / "i.csv", "user_id,item_id,user_id", "a,x,b"), "column 'user_id' is twice in the header")
    twice = pa.table([["a"], ["x"], ["b"]], names=["user_id", "item_id", "item_id"])
    parquet.write_table(twice, tmp_path / "i.parquet")
    refused(tmp_path / "i.parquet", "column 'item_id' is twice in the header")


@pytest.mark.parametrize("content", [b"", b"\n\r\n\n", b"\xef\xbb\xbf"])
def test_a_file_without_a_usable_header_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "i.csv").write_bytes(content)
    refused(tmp_path / "i.csv", "the file is empty or not CSV; the first line must name the columns")


@pytest.mark.parametrize("name", ["i.csv", "i.jsonl", "i.parquet"])
def test_a_file_without_rows_is_told_apart(tmp_path: Path, name: str) -> None:
    if name == "i.parquet":
        parquet.write_table(
            pa.table({"user_id": pa.array([], pa.string()), "item_id": pa.array([], pa.string())}), tmp_path / name
        )
    else:
        text(tmp_path / name, *([GOOD] if name == "i.csv" else []))
    assert read(tmp_path / name) == []
    with pytest.raises(DataError, match=f"{name}: no usable interaction"):
        ingest(config(tmp_path / name))


def test_one_row_is_enough(tmp_path: Path) -> None:
    assert len(ingest(config(text(tmp_path / "i.csv", GOOD, "a,x"))).interactions) == 1


def test_an_open_quote_is_refused_with_its_line(tmp_path: Path) -> None:
    refused(
        text(tmp_path / "i.csv", GOOD, "a,x", 'b,"y', "c,z"), r"i\.csv: a quote that opens at line 3 is never closed"
    )


def test_an_open_quote_does_not_swallow_a_large_file(tmp_path: Path) -> None:
    path = text(tmp_path / "i.csv", GOOD, "a,x", 'b,"y', *["c,z"] * 100_000)
    refused(
        path, "line 3: a quote opens here and the next 9 lines, which look like rows, are in its field; .* data.quoting"
    )


def test_text_after_a_closing_quote_is_rejected_with_its_line(tmp_path: Path) -> None:
    of = source()
    assert rows(text(tmp_path / "i.csv", GOOD, "a,x", '"b"c,y', "d,z"), of) == [("a", "x"), ("d", "z")]
    assert of.accounting.reasons == {("interactions", "not CSV: ',' expected after '\"'"): 1}
    assert list(of.accounting.examples.values()) == ['i.csv line 3: "b"c,y']


@pytest.mark.parametrize("name", ["i.csv", "i.jsonl"])
def test_a_line_of_two_megabytes_is_rejected_and_the_others_are_read(tmp_path: Path, name: str) -> None:
    good = {"i.csv": ("a,x", "b,y"), "i.jsonl": [f'{{"user_id":"{user}","item_id":"x"}}' for user in "ab"]}[name]
    of = source()
    path = text(tmp_path / name, *([GOOD] if name == "i.csv" else []), good[0], "x" * 2_000_000, good[1])
    assert [user for user, _ in rows(path, of)] == ["a", "b"]
    assert of.accounting.reasons == {("interactions", "longer than data.max_record = 1048576 bytes"): 1}


@pytest.mark.parametrize("name", ["i.csv.gz", "i.jsonl.gz", "i.dat.gz"])
def test_a_gzip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, name: str) -> None:
    with gzip.open(tmp_path / name, "wb", compresslevel=9) as stream:
        for _ in range(100):
            stream.write(bytes(1 << 20))
    assert (tmp_path / name).stat().st_size < 200_000
    tracemalloc.start()
    try:
        refused(tmp_path / name, "line 1: longer than 1048576 bytes")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["i.csv.gz", "i.jsonl.gz", "i.parquet.gz"])
def test_a_gzip_file_that_is_cut_or_damaged_is_refused(tmp_path: Path, name: str) -> None:
    table(tmp_path / "i.csv", [(f"u{n}", f"i{n % 7}") for n in range(5000)], ("user_id", "item_id"))
    parquet.write_table(
        pa.table({"user_id": [f"u{n}" for n in range(5000)], "item_id": ["x"] * 5000}), tmp_path / "i.parquet"
    )
    text(tmp_path / "i.jsonl", *['{"user_id":"a","item_id":"x"}'] * 5000)
    plain = (tmp_path / name.removesuffix(".gz")).read_bytes()
    packed = gzip.compress(plain)
    for broken in (packed[:-10], packed[: len(packed) // 2], packed[:-8] + bytes(8), b"\x1f\x8b"):
        (tmp_path / name).write_bytes(broken)
        refused(tmp_path / name, "cannot be read")


def test_latin_1_is_refused_with_line_and_byte(tmp_path: Path) -> None:
    (tmp_path / "i.csv").write_bytes("user_id,item_id\na,x\nJosé,y\n".encode("latin-1"))
    refused(
        tmp_path / "i.csv", r"i\.csv line 3: byte 0xe9 is not utf-8; looks like cp1252: set data.encoding = \"cp1252\"$"
    )


def test_rows_of_another_width_are_rejected_never_shifted(tmp_path: Path) -> None:
    of = source()
    assert rows(text(tmp_path / "i.csv", GOOD, "a,x", "b", "c,y,9", '"d\nd",z,', "  ", "e,z"), of) == [
        ("a", "x"),
        ("e", "z"),
    ]
    assert of.accounting.reasons == {("interactions", "wrong number of fields"): 4}
    assert of.accounting.read["interactions"] == 6
    assert list(of.accounting.examples.values()) == ["i.csv line 3: b"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[1, 2]", "not a JSON object"),
        ('"text"', "not a JSON object"),
        ("{user_id: 1}", "not a JSON object"),
        ('{"user_id": "a", "item_id": "x"', "not a JSON object"),
        ('{"user_id": "a", "item_id": "x"} {}', "not a JSON object"),
        ('{"user_id": "a", "item_id": "\\ud800"}', "not a JSON object"),
        ('{"user_id": "a", "item_id": "x", "\\ud800": 1}', "not a JSON object"),
        ('{"user_id": "a", "item_id": ' + "[" * 100_000 + "}", "not a JSON object"),
        ('{"user_id": "a", "item_id": {"id": "x"}}', "value of item_id is a list or an object"),
    ],
)
def test_a_line_that_is_no_record_is_rejected_with_its_line(tmp_path: Path, line: str, reason: str) -> None:
    path = text(tmp_path / "i.jsonl", '{"user_id": "a", "item_id": "x"}', line)
    of = source()
    assert rows(path, of) == [("a", "x")]
    assert of.accounting.reasons == {("interactions", reason): 1}
    assert len(ingest(config(path, data=ALWAYS)).interactions) == 1
    with pytest.raises(DataError, match=f"1 of 2 rows .* {reason!r}, first in i.jsonl line 2: ") as caught:
        ingest(config(path))
    assert "\n" not in str(caught.value)


def test_a_list_that_json_nests_is_flat(tmp_path: Path) -> None:
    path = text(tmp_path / "i.jsonl", '{"user_id": "a", "item_id": "x", "tags": [["p", "q"], 1, null, true]}')
    assert rows(path) == [("a", "x", LIST_JOINT.join(["p", "q", "1", "", "true"]))]


@pytest.mark.parametrize("name", ["i.docx", "i.csv.bak", "i.bak.gz"])
def test_an_unknown_kind_of_file_is_refused(tmp_path: Path, name: str) -> None:
    refused(
        text(tmp_path / name, GOOD),
        r"unknown kind of file .*; use \.csv, \.jsonl, \.parquet or \.xlsx, also compressed",
    )


def test_parquet_that_is_none_is_refused(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"user_id": ["a"], "item_id": ["x"]}), tmp_path / "i.parquet")
    good = (tmp_path / "i.parquet").read_bytes()
    for broken in (b"", b"PAR1", good[:-1], good[1:], good[: len(good) // 2], b"user_id,item_id\na,x\n"):
        (tmp_path / "j.parquet").write_bytes(broken)
        refused(tmp_path / "j.parquet", r"j\.parquet: cannot be read as Parquet: ")


def test_flipped_bits_never_crash_a_reader(tmp_path: Path) -> None:
    pairs = [(f"u{n}", f"i{n % 7}") for n in range(50)]
    table(tmp_path / "i.csv", pairs, ("user_id", "item_id"))
    parquet.write_table(
        pa.table({"user_id": [u for u, _ in pairs], "item_id": [i for _, i in pairs]}), tmp_path / "i.parquet"
    )
    text(tmp_path / "i.jsonl", *(f'{{"user_id":"{user}","item_id":"{item}"}}' for user, item in pairs))
    chance = random.Random(20)
    outcomes = {"read": 0, "refused": 0}
    for name in ("i.csv", "i.jsonl", "i.parquet"):
        sound = (tmp_path / name).read_bytes()
        for packed in (False, True):
            for _ in range(60):
                broken = bytearray(gzip.compress(sound) if packed else sound)
                broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
                path = tmp_path / f"broken{name}{'.gz' * packed}"
                path.write_bytes(broken)
                try:
                    ingest(config(path, data=ALWAYS))
                    outcomes["read"] += 1
                except RecsysError as error:
                    assert "\n" not in str(error)  # noqa: PT017
                    outcomes["refused"] += 1
    assert outcomes["read"] > 50
    assert outcomes["refused"] > 100
