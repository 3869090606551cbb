"""Tables of commands."""

from __future__ import annotations

import pytest

from recsys.cli.output import show_table


def test_a_long_title_is_cut_in_the_heading_and_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    title = "word " * 20_000
    show_table(("item_id", "title"), [("i1", title)], f"{title}: similar (model 20240101T000000Z-69d3)")
    heading, *table = capsys.readouterr().out.strip().splitlines()
    assert len(heading) == 201
    assert heading.endswith(": similar (model 20240101T000000Z-69d3)")
    assert max(map(len, table)) <= 200
