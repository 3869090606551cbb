"""Tables of the training report in a browser: none is clipped, alone and inside the view of the models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.support.report_example import example, hostile
from tests.support.running import Running
from tests.web.conftest import PHONE, WIDE, Look
from training.evaluation.results import Figure
from training.report.data import ReportData
from training.report.render import render

TABLES = """() => {
  const roots = [document, ...[...document.querySelectorAll("*")].flatMap((one) => one.shadowRoot || [])];
  for (const root of roots) for (const folded of root.querySelectorAll("details")) folded.open = true;
  const tables = roots.flatMap((root) => [...root.querySelectorAll(".wide > table")]);
  const edges = (one) => one.getBoundingClientRect();
  return tables.map((table) => {
    const box = table.parentElement, section = edges(table.closest("section"));
    box.scrollLeft = box.scrollWidth;
    const first = edges(table.querySelector("tbody th")), last = edges(table.querySelector("thead th:last-child"));
    const found = {
      name: box.ariaLabel,
      scrolls: ["auto", "scroll"].includes(getComputedStyle(box).overflowX),
      wide: box.scrollWidth > box.clientWidth + 1,
      inside: edges(box).left >= section.left && edges(box).right <= section.right,
      reached: last.right <= edges(box).right + 1,
      sticky: first.left >= edges(box).left - 1 && first.width < 0.6 * box.clientWidth + 1,
    };
    box.scrollLeft = 0;
    return found;
  });
}"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def check_tables(page: Page) -> list[dict[str, Any]]:
    """Check that each table is inside its section or can be scrolled to its end, and that the page does not scroll sideways."""
    tables: list[dict[str, Any]] = page.evaluate(TABLES)
    assert tables
    for table in tables:
        assert table["inside"], table
        assert table["scrolls"] or not table["wide"], table
        assert table["reached"], table
        assert table["sticky"] or not table["wide"], table
    assert page.evaluate(SIDEWAYS) <= 0
    return tables


def with_twelve_columns() -> ReportData:
    """The report of an example with twelve metrics and long names."""
    data = example()
    assert data.comparison is not None
    figures = {f"metric_number_{n}@10": Figure(0.1, 0.09, 0.11) for n in range(12)}
    ways = tuple(
        replace(way, name=f"{way.name} with many more words {'x' * 60}", figures=figures)
        for way in data.comparison.measured
    )
    return replace(data, comparison=replace(data.comparison, measured=ways))


CASES = {"example": example, "twelve": with_twelve_columns, "long": lambda: hostile(example(), "a_long_name" * 20)}


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("case", CASES)
def test_no_table_is_clipped(browser: Browser, tmp_path: Path, case: str, viewport: Any) -> None:
    (tmp_path / "report.html").write_text(render(CASES[case]()))
    page = browser.new_page(viewport=viewport)
    page.goto((tmp_path / "report.html").as_uri())
    tables = check_tables(page)
    if case == "example" and viewport == WIDE:
        assert not [table["name"] for table in tables if table["wide"]]
    page.close()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_no_table_is_clipped_inside_the_page_and_the_theme_is_the_one_of_the_page(
    look: Look, site: Running, viewport: Any
) -> None:
    seen = look(site, viewport=viewport, color_scheme="light")
    page = seen.open("/ui/models?tab=report")
    page.get_by_role("heading", name="Model report").wait_for()
    check_tables(page)
    card = page.locator(".report section").first
    for theme in ("Light", "Dark"):
        page.get_by_role("button", name="theme; change").click()
        page.get_by_role("button", name=f"{theme} theme; change").wait_for()
        surface = page.evaluate("getComputedStyle(document.querySelector('.scroll')).backgroundColor")
        assert card.evaluate("(one) => getComputedStyle(one).backgroundColor") == surface
        dark_rules = card.evaluate(
            "(one) => one.getRootNode().adoptedStyleSheets.flatMap((sheet) => [...sheet.cssRules])"
            ".filter((rule) => rule.media?.mediaText === 'screen' && rule.cssText.includes('rgb(61, 159, 220)')).length"
        )
        assert dark_rules == (theme == "Dark")
