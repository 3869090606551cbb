"""CSV files: what Arrow reads is what Python reads, line for line, and what is odd is named with what to set."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.config import Quoting
from recsys.errors import DataError
from tests.support.files import config, read, rows, source, text
from training.cli import summary
from training.ingest.ingest import ingest
from training.read import blocks

FIELDS = st.text(st.sampled_from('ab,;"\n\r\\ \ufeff\t#'), max_size=5)
LINES = st.lists(st.lists(FIELDS, min_size=2, max_size=2), min_size=1, max_size=12)


@pytest.fixture(scope="module", params=[7, 60, 1 << 20])
def size_of_blocks(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@given(lines=LINES, all_quoted=st.booleans(), end=st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=60)
def test_what_a_writer_of_csv_wrote_comes_back_with_its_lines(
    tmp_path_factory: pytest.TempPathFactory,
    size_of_blocks: int,
    lines: list[list[str]],
    all_quoted: bool,
    end: str,
) -> None:
    stream = io.StringIO()
    quoting = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(stream, lineterminator=end, quoting=quoting)
    expected, line = [], 2
    for row in (["user_id", "item_id"], *lines):
        if "\r" in "".join(row):
            csv.writer(stream, lineterminator=end, quoting=csv.QUOTE_ALL).writerow(row)
        else:
            writer.writerow(row)
    path = tmp_path_factory.mktemp("csv") / "i.csv"
    path.write_bytes(stream.getvalue().encode())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blocks, "FIRST_BYTES", size_of_blocks)
        patched.setattr(blocks, "BLOCK_BYTES", size_of_blocks)
        of = source()
        chunks = read(path, of)
        found = [pair for chunk in chunks for pair in zip(*map(chunk.texts, ("user_id", "item_id")), strict=True)]
    fixed = [[field.replace("\r\r\n", "\r\n") for field in row] for row in lines]  # line ends of no system
    assert found == [tuple(row) for row in fixed]
    assert not of.accounting.reasons
    for row in fixed:
        expected.append(line)
        line += 1 + "".join(row).count("\n")
    assert [number for chunk in chunks for number in chunk.lines] == expected


@pytest.mark.parametrize(
    ("quoting", "line", "expected"),
    [
        ("double", '"a ""b""",x', ('a "b"', "x")),
        ("backslash", r'"a \"b\"",x', ('a "b"', "x")),
        ("none", 'a "b,"x', ('a "b', '"x')),
    ],
)
def test_quotes_are_those_of_the_configuration(
    tmp_path: Path, quoting: Quoting, line: str, expected: tuple[str, str]
) -> None:
    path = text(tmp_path / "i.csv", "user_id,item_id", "c,d", line, "e,f")
    assert rows(path, source(quoting=quoting)) == [("c", "d"), expected, ("e", "f")]


def test_quotes_that_backslashes_escape_are_named(tmp_path: Path) -> None:
    of = source()
    rows(text(tmp_path / "i.csv", "user_id,item_id", r'"a \"b\"",x', "e,f"), of)
    assert [reason for _, reason in of.accounting.reasons] == [
        'not CSV: quotes are escaped by backslashes; set data.quoting = "backslash"'
    ]


def test_a_quote_that_swallows_rows_is_refused_with_its_line(tmp_path: Path) -> None:
    lines = [f"i{n}\tTitle {n}\tx" for n in range(40)]
    lines[5], lines[30] = 'i5\t"Heroes\tx', 'i30\tOdd"\tx'
    path = text(tmp_path / "it.tsv", "item_id\ttitle\tz", *lines)
    swallowed = r'it\.tsv line 7: a quote opens here and the next 9 lines, which look like rows.*data\.quoting = "none"'
    with pytest.raises(DataError, match=swallowed):
        rows(path, source(required=("item_id",)))
    assert len(rows(path, source(required=("item_id",), quoting="none"))) == 40


def test_a_record_of_more_than_a_thousand_lines_is_refused(tmp_path: Path) -> None:
    path = text(tmp_path / "i.csv", "user_id,item_id", 'a,"x', *["text"] * 2000, '"')
    with pytest.raises(DataError, match=r"i\.csv line 2: a quote opens here and is not closed within 1000 lines"):
        rows(path)


def test_the_accounting_closes_over_lines_where_records_span_some(tmp_path: Path) -> None:
    path = text(tmp_path / "i.csv", "# an export", "user_id,item_id", "a,x", "", 'b,"y', "", 'y"', "c,z,9", "d,w")
    changed = config(path, data={"max_rejected": 0.5})
    dataset = ingest(changed)
    where = "the longest of 3 lines from i.csv line 5"
    lines = f"9 lines = 2 before the rows + 4 records + 2 further lines of 1 of them, {where} + 1 blank"
    assert dataset.accounting.by_line("interactions") == lines
    shown = CliRunner()
    with shown.isolation() as streams:
        summary.show_dataset(dataset, changed)
        assert f"  {lines}\n" in streams[0].getvalue().decode()


@pytest.mark.parametrize(
    ("first", "width", "named"),
    [("196\t242\t3\t881250949", 4, '"user_id", "item_id", "value", "timestamp"'), ("1\t1", 2, '"user_id", "item_id"')],
)
def test_a_missing_header_is_told_with_what_to_set(tmp_path: Path, first: str, width: int, named: str) -> None:
    path = text(tmp_path / "u.tsv", first, first)
    with pytest.raises(DataError, match=rf"looks like a row and not like names .* data\.columns = \[{named}\]"):
        rows(path)
    columns = ("user_id", "item_id", "value", "timestamp")[:width]
    assert len(rows(path, source(header=columns))) == 2


def test_comments_before_the_header_are_left_out_and_a_header_may_be_one(tmp_path: Path) -> None:
    for name, lines in (("one", ["# exported 2024", "#", "user_id,item_id"]), ("other", ["# user_id,item_id"])):
        of = source()
        assert rows(text(tmp_path / f"{name}.csv", *lines, "a,x", "#b,y"), of) == [("a", "x"), ("#b", "y")]
        assert list(of.accounting.notes) == [f"{name}.csv: {len(lines[:2])} lines of comments come before the rows"]


def test_a_title_before_the_header_is_left_out_and_told(tmp_path: Path) -> None:
    of = source()
    path = text(tmp_path / "i.csv", "Sales report,", "", "Period: 2024,", "user_id,item_id", "a,x")
    assert rows(path, of) == [("a", "x")]
    assert list(of.accounting.notes) == ["i.csv: line 4 names the columns, and the lines before it are left out"]
    assert of.accounting.before["interactions"] == 4


def test_names_far_below_the_first_line_are_no_header(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no column 'user_id'"):
        rows(text(tmp_path / "i.csv", "who,what", *["a,x"] * 50, "user_id,item_id", "b,y"))


def test_a_delimiter_after_the_last_field_is_no_field_and_told(tmp_path: Path) -> None:
    of = source()
    assert rows(text(tmp_path / "i.csv", "user_id,item_id", "a,x,", "b,y,"), of) == [("a", "x"), ("b", "y")]
    assert list(of.accounting.notes) == ["i.csv: the rows have a delimiter more than the header, at their end"]


def test_rows_of_a_further_field_are_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"\(the rows have one field more than the header; name it there\)") as caught:
        ingest(config(text(tmp_path / "i.csv", "user_id,item_id", "1,a,x", "2,b,y")))
    assert "leaves them out" not in str(caught.value)  # there would be no row


@pytest.mark.parametrize("mark", ["::", "^", "~", " ", ";", "\x01"])
def test_the_delimiter_that_is_named_is_that_of_the_file(tmp_path: Path, mark: str) -> None:
    path = text(tmp_path / "i.csv", f"user_id{mark}item_id", f"a{mark}x")
    with pytest.raises(DataError, match=re.escape(f"set data.delimiter = {json.dumps(mark)}")):
        rows(path)
    assert rows(path, source(delimiter=mark)) == [("a", "x")]


def test_the_first_line_of_excel_names_the_delimiter(tmp_path: Path) -> None:
    assert rows(text(tmp_path / "i.csv", "sep=;", "user_id;item_id", "a;x")) == [("a", "x")]


def test_a_delimiter_of_several_characters(tmp_path: Path) -> None:
    assert rows(text(tmp_path / "i.csv", "user_id::item_id", "a::x", "b::y"), source(delimiter="::")) == [
        ("a", "x"),
        ("b", "y"),
    ]
