"""The documentation names every operation and every command, and its links lead somewhere."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from serving.openapi.operations import OPERATIONS
from tests.support import factories

DOCS = factories.ROOT / "docs"
PAGES = sorted([*factories.ROOT.glob("*.md"), *DOCS.glob("**/*.md"), factories.ROOT / "data" / "README.md"])


def test_every_operation_is_documented() -> None:
    text = (DOCS / "http.md").read_text(encoding="utf-8")
    paths = {re.sub(r"\{[^}]+\}", "<", operation.path).split("<")[0].rstrip("/") for operation in OPERATIONS}
    assert [path for path in sorted(paths) if not re.search(rf"`[^`]*{re.escape(path)}[^`]*`", text)] == []


def test_every_command_is_documented() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    commands = {point.name for point in entry_points(group="recsys.commands")}
    assert "recommend" in commands
    assert [name for name in sorted(commands) if f"`recsys {name}" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(factories.ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    assert [target for target in linked(page) if not target.exists()] == []


def test_every_page_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [factories.ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page.is_dir():
            waiting += page.glob("*.md")
        elif page.suffix == ".md" and page not in seen:
            seen.add(page)
            waiting += linked(page)
    assert set(PAGES) <= seen


def linked(page: Path) -> list[Path]:
    """The files that a page links to, as absolute paths."""
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    return [(page.parent / link).resolve() for link in links if "://" not in link]
