"""The views of groups, anomalies, models and the service show the figures of the API."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from recsys.bundle.store import Store
from tests.support.running import Running, running, wait_until
from tests.web.conftest import Look

ROWS = "table.sortable tbody tr"


@pytest.fixture
def own(store: Path, tmp_path: Path) -> Iterator[Running]:
    """A service over a copy of the store, which a test may switch."""
    shutil.copytree(store, tmp_path / "store", symlinks=True)
    with running(tmp_path / "store", "serve.workers=1", "serve.reload_seconds=0.2") as served:
        yield served


def column(page: Page, number: int) -> list[str]:
    return page.locator(f"{ROWS} td:nth-child({number})").all_inner_texts()


def members(page: Page) -> list[str]:
    return [card.get_attribute("data-item") or "" for card in page.locator("ol.small-cards.two > li").all()]


def test_groups_sort_and_show_their_members(look: Look, site: Running) -> None:
    seen = look(site)
    page = seen.open("/ui/groups")
    groups = seen.api("/clusters")["clusters"]
    assert column(page, 1) == [group["name"] for group in groups]
    assert column(page, 2) == [str(group["size"]) for group in groups]
    assert members(page) == [one["item_id"] for one in seen.api("/clusters/0?k=24")["members"]]
    page.get_by_role("button", name="Cohesion").click()
    by_cohesion = sorted(groups, key=lambda group: -group["cohesion"])
    assert column(page, 5) == [f"{group['cohesion']:.3f}" for group in by_cohesion]
    page.get_by_role("button", name=groups[2]["name"], exact=True).click()
    expect(page).to_have_url(re.compile("group=2"))
    expected = [one["item_id"] for one in seen.api("/clusters/2?k=24")["members"]]
    wait_until(lambda: members(page) == expected, "the members of group 2")
    page.get_by_role("tab", name="Segments of users").click()
    segments = seen.api("/segments")["segments"]
    wait_until(lambda: column(page, 1) == [segment["name"] for segment in segments], "segments")
    page.get_by_role("tab", name="Directions").click()
    expect(page.locator(".directions section")).to_have_count(len(seen.api("/directions")["directions"]))
    page.go_back()
    expect(page.get_by_role("tab", name="Segments of users")).to_have_attribute("aria-selected", "true")


def test_anomalies_have_their_evidence(look: Look, site: Running) -> None:
    seen = look(site)
    for kind in ("items", "users"):
        page = seen.open(f"/ui/anomalies?kind={kind}")
        found = seen.api(f"/anomalies?kind={kind}&k=100")["anomalies"]
        if not found:
            expect(page.get_by_text("Nothing stands out")).to_be_visible()
            continue
        assert column(page, 2) == [f"{one['score']:.3f}" for one in found]
        expect(page.locator(".evidence p").first).to_contain_text(found[0]["evidence"][0]["sentence"])


def test_two_models_stand_side_by_side(look: Look, site: Running) -> None:
    seen = look(site)
    page = seen.open("/ui/models")
    newer, older = (one["model_version"] for one in seen.api("/models")["models"])
    expect(page.locator(ROWS)).to_have_count(2)
    expect(page.locator(ROWS).first).to_contain_text(newer)
    figures = {row["metric"]: row for row in seen.api(f"/models/{newer}")["figures"] if row["model"] == "blended"}
    rows = page.get_by_role("region", name="Figures").locator("tbody tr")
    expect(rows).to_have_count(len(figures))
    for row in rows.all():
        figure = figures[row.locator("th").inner_text()]
        assert (
            f"{figure['value']:.3f} {figure['low']:.3f} to {figure['high']:.3f}"
            in row.locator("td").nth(1).inner_text()
        )
    page.get_by_role("tab", name="Parameters").click()
    parameters = page.get_by_role("region", name="Parameters").locator("tbody tr")
    expect(parameters.filter(has_text="als.factors")).to_contain_text("8")
    expect(parameters.filter(has_text="als.factors")).to_contain_text("12")
    expect(parameters.filter(has_text="als.iterations")).to_have_count(0)
    page = seen.open(f"/ui/models?tab=lists&user=u0042&a={older}&b={newer}")
    for version, panel in zip((older, newer), page.locator(".lists-beside section").all(), strict=True):
        expected = [item["item_id"] for item in seen.api(f"/models/{version}/recommend/u0042?k=10")["items"]]
        assert [card.get_attribute("data-item") for card in panel.locator("ol li").all()] == expected


def test_the_report_is_within(look: Look, site: Running) -> None:
    seen = look(site)
    page = seen.open("/ui/models?tab=report")
    expect(page.get_by_role("heading", name="Model report")).to_be_visible()


def test_a_rollback_asks_once_and_the_worker_follows(look: Look, own: Running) -> None:
    seen = look(own)
    page = seen.open("/ui/models")
    newer, older = (one["model_version"] for one in seen.api("/models")["models"])
    page.locator(ROWS).get_by_role("button", name="Roll back").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(older)
    dialog.get_by_role("button", name="Cancel").click()
    assert Store(own.store).current() == newer
    page.locator(ROWS).get_by_role("button", name="Roll back").click()
    dialog.get_by_role("button", name="Roll back").click()
    wait_until(lambda: Store(own.store).current() == older, "the store points to the older model")
    expect(page.locator(ROWS).filter(has_text=older)).to_contain_text("serving", timeout=20_000)


def test_a_view_says_when_another_model_serves(look: Look, own: Running) -> None:
    seen = look(own)
    page = seen.open("/ui/users/u0042?k=5")
    notice = page.get_by_text("Another model serves now")
    older = seen.api("/models")["models"][1]["model_version"]
    Store(own.store).rollback(older)
    wait_until(lambda: seen.api("/models")["model_version"] == older, "the older model serves")
    expect(notice).to_have_count(0)  # nothing was asked since
    page.get_by_label("Diversity").fill("0.5")
    expect(notice).to_contain_text(older)
    page.get_by_role("button", name="Reload the view").click()
    expect(page.locator(".served")).to_have_attribute("title", f"Model {older}")
    expect(notice).to_have_count(0)
    expect(page).to_have_url(re.compile("diversity=0.5"))


def test_the_service_counts_what_is_asked(look: Look, site: Running) -> None:
    seen = look(site)
    page = seen.open("/ui/service")
    expect(page.get_by_role("heading", name="All is well")).to_be_visible()
    expect(page.locator(".gauge").first).to_contain_text(re.compile(r"\d\.\d"))  # there are two readings
    for _ in range(20):
        seen.api("/similar/alien-1979?k=3")
    row = page.locator(ROWS, has_text="/similar/<item_id>")
    expect(row).to_be_visible(timeout=10_000)
    assert float(row.locator("td").nth(1).inner_text()) > 0
    expect(page.locator(ROWS, has_text="/metrics")).to_have_count(0)
    page.get_by_label("Count the page's own requests").check()
    expect(page.locator(ROWS, has_text="/metrics")).to_have_count(1)
