"""Workbooks: the first sheet, with ids and dates as they are shown."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from recsys.errors import DataError
from tests.support.files import read, rows, source, text

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
DATE = 1  # number of the style


def cell(value: object, style: int = 0) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>' if value else "<c/>"
    return f'<c s="{style}"><v>{value}</v></c>'


def workbook(path: Path, *lines: str, sheets: tuple[str, ...] = ("first",)) -> Path:
    """Write a workbook whose first sheet has these rows of cells; the other sheets are empty."""
    names = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1))
    sheet = "".join(f"<row>{line}</row>" for line in lines)
    files = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        f'<Default Extension="xml" ContentType="{TYPE}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{OFFICE}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in range(1, len(sheets) + 1)
        )
        + f'<Relationship Id="s" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet {MAIN}><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
        **{
            f"xl/worksheets/sheet{n}.xml": f"<worksheet {MAIN}><sheetData>{sheet if n == 1 else ''}</sheetData></worksheet>"
            for n in range(1, len(sheets) + 1)
        },
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def header(*names: str) -> str:
    return "".join(map(cell, names))


def test_numbers_texts_and_dates_are_what_excel_shows(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine", reason="the extra `excel` is not installed")
    path = workbook(
        tmp_path / "i.xlsx",
        header("user_id", "item_id", "value", "timestamp"),
        cell(17851.0) + cell("007") + cell(1.5) + cell(45292, DATE),
        cell(""),
        cell("u2") + cell(3) + cell("") + cell(45292.5, DATE),
        sheets=("first", "more"),
    )
    of = source()
    assert rows(path, of) == [("17851", "007", "1.5", "2024-01-01"), ("u2", "3", "", "2024-01-01T12:00:00")]
    assert [list(chunk.lines) for chunk in read(path)] == [[2, 4]]
    assert list(of.accounting.notes) == [f"{path}: read is the sheet 'first', not 'more'"]
    assert rows(path.rename(tmp_path / "i.csv"))[0][0] == "17851"


def test_a_workbook_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine", reason="the extra `excel` is not installed")
    with pytest.raises(DataError, match=r"i\.xlsx: its first sheet is empty; the first row must name the columns"):
        read(workbook(tmp_path / "i.xlsx"))
    with pytest.raises(DataError, match=r"i\.xls: cannot be read as a workbook: "):
        read(text(tmp_path / "i.xls", "user_id,item_id"))


def test_the_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(DataError, match="workbooks need the extra `excel`; install it, or save the sheet as CSV"):
        read(workbook(tmp_path / "i.xlsx", header("user_id", "item_id")))
