"""Every row that was read is kept, or rejected for a stated reason in a stated place."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import DataError
from training.read.accounting import SHOWN, Accounting

FILE = Path("some/folder/a.csv")


def listed(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


@given(st.lists(st.tuples(st.sampled_from(["items", "interactions"]), st.sampled_from(["", "one", "two"]))))
def test_read_is_kept_plus_rejected(rows: list[tuple[str, str]]) -> None:
    accounting = Accounting()
    for line, (what, reason) in enumerate(rows, 1):
        accounting.read[what] += 1
        if reason:
            accounting.reject(what, FILE, line, reason, [])
    for what in ("items", "interactions"):
        reasons = [reason for kind, reason in rows if kind == what]
        assert accounting.kept(what) == reasons.count("")
        assert accounting.rejected(what) == len(reasons) - reasons.count("")
        assert accounting.kept(what) + accounting.rejected(what) == accounting.read[what]
    assert accounting.reasons == Counter(row for row in rows if row[1])


def test_rejected_rows_are_listed_with_file_line_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "new" / "rejects.csv"
    with Accounting(path) as accounting:
        accounting.reject("items", FILE, 3, "no item_id", ["", 'say "hi", you'])
        accounting.reject("items", FILE, 70_000, "not a JSON object", '{"a":\r\n\t\x00"b"\n')
    assert listed(path) == [
        ["file", "line", "reason", "row"],
        ["some/folder/a.csv", "3", "no item_id", "['', 'say \"hi\", you']"],
        ["some/folder/a.csv", "70000", "not a JSON object", '{"a": \x00"b"'],
    ]


def test_a_lone_surrogate_can_be_listed(tmp_path: Path) -> None:
    with Accounting(tmp_path / "rejects.csv") as accounting:
        accounting.reject("items", FILE, 1, "bad", "\ud800")
    assert listed(tmp_path / "rejects.csv")[1][3] == "\\ud800"


def test_without_rejects_an_older_list_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    path.write_text("file,line,reason,row\nof,1,yesterday,x\n")
    with Accounting(path):
        pass
    assert not path.exists()


def test_a_file_that_is_no_list_of_rejects_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("user_id,item_id\n")
    with pytest.raises(DataError, match="not a list of rejected rows"), Accounting(path):
        pass
    assert path.read_text() == "user_id,item_id\n"


def test_without_a_path_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Accounting() as accounting:
        accounting.reject("items", FILE, 1, "bad", "row")
    assert list(tmp_path.iterdir()) == []
    assert accounting.rejected("items") == 1


def test_long_rows_are_cut(tmp_path: Path) -> None:
    with Accounting(tmp_path / "rejects.csv") as accounting:
        accounting.reject("items", FILE, 1, "bad", "x" * 1_000_000)
    assert listed(tmp_path / "rejects.csv")[1][3] == "x" * SHOWN


def test_the_list_is_complete_when_reading_fails(tmp_path: Path) -> None:
    def fail() -> None:
        with Accounting(tmp_path / "rejects.csv") as accounting:
            accounting.reject("items", FILE, 1, "bad", "row")
            raise DataError("half-way")

    with pytest.raises(DataError, match="half-way"):
        fail()
    assert len(listed(tmp_path / "rejects.csv")) == 2


@pytest.mark.parametrize(("name", "why"), [("folder", " is not a plain file"), ("file/rejects.csv", ": File exists")])
def test_a_list_that_cannot_be_written_is_told_before_reading(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=rf"data\.rejects = '.*{name}'{why}; set another"):
        Accounting(tmp_path / name).__enter__()


def test_too_many_rejects_name_every_reason_with_count_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    with Accounting(path) as accounting:
        accounting.read["interactions"] += 100
        accounting.hints["rare"] = "do this"
        accounting.reject("interactions", FILE, 7, "rare", ["a"])
        accounting.reject("interactions", FILE, 8, "common", ["b", ""])
        accounting.reject("interactions", FILE, 9, "common", ["c"])
    message = (
        "3 of 100 rows of interactions are unusable, more than data.max_rejected = 0.02: 2 times 'common', "
        "first in a.csv line 8: ['b', '']; 1 times 'rare', first in a.csv line 7: ['a'] (do this); "
        f"data.max_rejected = 0.03 leaves them out; all are listed in {path}"
    )
    with pytest.raises(DataError, match=rf"\A{re.escape(message)}\Z"):
        accounting.refuse_if_many("interactions", 0.02)


@pytest.mark.parametrize(("most", "refused"), [(0.0, True), (0.0099, True), (0.01, False), (1.0, False)])
def test_the_share_itself_is_allowed(most: float, refused: bool) -> None:
    accounting = Accounting()
    accounting.read["interactions"] += 100
    accounting.reject("interactions", FILE, 7, "bad", [])
    accounting.refuse_if_many("items", 0.0)
    if refused:
        with pytest.raises(DataError, match="1 of 100 rows of interactions are unusable"):
            accounting.refuse_if_many("interactions", most)
    else:
        accounting.refuse_if_many("interactions", most)
        assert accounting.kept("interactions") == 99


def test_nothing_read_is_not_too_much_rejected() -> None:
    accounting = Accounting()
    accounting.refuse_if_many("interactions", 0.0)
    assert accounting.kept("interactions") == 0
