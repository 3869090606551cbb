"""docs/reliability.md names tests that exist, and no promise is missing."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support import factories

TEXT = (factories.ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
ROWS = [line.split("|")[1:-1] for line in TEXT.splitlines() if re.match(r"\| (\d+\.|…) ", line)]
PROMISES = 36


def test_every_promise_has_a_row() -> None:
    numbers = [int(found[1]) for row in ROWS if (found := re.match(r" (\d+)\. ", row[0]))]
    assert numbers == list(range(1, PROMISES + 1))


def test_every_test_that_is_named_exists() -> None:
    named: list[str] = []
    for row in ROWS:
        names = re.findall(r"`([\w/]+\.py)`", row[1])
        named += names or named[-1:]
        assert names or row[1].strip() == "same", row
    missing = [name for name in named if not _path(name).is_file()]
    assert not missing


def _path(name: str) -> Path:
    tests = factories.ROOT / "tests"
    return tests / name if "/" in name else tests / "reliability" / name
