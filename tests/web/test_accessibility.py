"""Every view in both themes: axe-core finds nothing serious, a phone does not scroll sideways, and keys suffice."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.running import Running
from tests.web.conftest import PHONE, Look, some

PATHS = (
    "/ui/users/u0042",
    "/ui/items/alien-1979?user=u0042",
    "/ui/search?q=robot",
    "/ui/map?user=u0042",
    "/ui/groups",
    "/ui/anomalies?kind=users",
    "/ui/models",
    "/ui/service",
    "/",
    "/ui/users?guest=true&likes=alien-1979",
    "/ui/items",
    "/ui/groups?tab=segments",
    "/ui/groups?tab=directions",
    "/ui/anomalies",
    "/ui/models?tab=lists&user=u0042",
    "/ui/models?tab=report",
)
N_VIEWS = 8
SERIOUS = ("serious", "critical")


@pytest.mark.parametrize("path", some(PATHS, N_VIEWS))
def test_axe_finds_nothing_serious_and_a_phone_does_not_scroll_sideways(look: Look, site: Running, path: str) -> None:
    seen = look(site)
    seen.open(path)
    expect(seen.page.locator("#view h1").first).to_be_visible()
    for theme in ("light", "dark"):
        seen.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        violations = Axe().run(seen.page).response["violations"]
        found = [(one["id"], one["nodes"][0]["html"]) for one in violations if one["impact"] in SERIOUS]
        assert not found, theme
    seen.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_keys_suffice(look: Look, site: Running) -> None:
    page = look(site).open("/ui/users/u0042")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Users")
    page.keyboard.press("/")
    expect(page.locator(":focus")).to_have_attribute("role", "combobox")
    page.keyboard.type("u004")
    expect(page.get_by_role("option").first).to_contain_text("u004")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("u004")
