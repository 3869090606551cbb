"""The views of an item and of search: answers of the API, reasons against an item, and a conversation that is taken back."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from tests.support.running import Running, running
from tests.web.conftest import Look


def test_an_item_shows_its_similar_items_and_why_a_list_lacks_it(look: Look, site: Running) -> None:
    seen = look(site)
    why = seen.api("/why?user_id=u0042&item_id=avatar-2009")
    page = seen.open("/ui/items/avatar-2009?user=u0042")
    for number, by in enumerate(("blended", "behavior", "content")):
        expected = [item["item_id"] for item in seen.api(f"/similar/avatar-2009?by={by}")["items"]]
        rows = page.locator(".column").nth(number).locator("li[data-item]")
        expect(rows).to_have_count(len(expected))
        assert [row.get_attribute("data-item") for row in rows.all()] == expected
    expect(page.locator(".verdict")).to_contain_text(f"rank {why['rank']}")
    page.locator(".near-item.shared a").first.focus()
    assert page.locator(".near-item.lit").count() > 1


def test_an_unknown_item_leads_to_near_ones(look: Look, site: Running) -> None:
    page = look(site).open("/ui/items/interstellar")
    expect(page.get_by_role("link", name="interstellar-2014")).to_be_visible()


def test_a_conversation_is_taken_back_and_survives_a_reload(look: Look, site: Running) -> None:
    page = look(site).open("/ui/search")
    page.keyboard.press("/")
    expect(page.get_by_label("Search the items")).to_be_focused()
    page.get_by_label("Message", exact=True).fill("films from the 1990s like Interstellar")
    page.keyboard.press("Enter")
    chip = page.get_by_role("button", name="Take back: year from 1990 up to 1999")
    chip.click()
    expect(page.get_by_role("button", name="Count again: year from 1990 up to 1999")).to_be_visible()
    page.reload()
    expect(page.locator(".said.user")).to_have_text("You: films from the 1990s like Interstellar")
    expect(page.get_by_role("button", name="Count again: year from 1990 up to 1999")).to_be_visible()


def test_another_color_of_the_map_reads_one_column(look: Look, site: Running) -> None:
    seen = look(site)
    page = seen.open("/ui/map")
    expect(page.locator(".map-head p")).to_have_text(f"{seen.api('/map?k=1')['n_items']} items")
    with page.expect_response(lambda response: "/map?" in response.url) as answered:
        page.locator(".map-select select").select_option("year")
    asked = parse_qs(urlsplit(answered.value.url).query)
    assert asked == {"k": ["10000"], "attribute": ["year"], "fields": ["attribute"]}
    expect(page.locator(".map-ramp")).to_be_visible()
    expect(page.get_by_text("Reading the values")).to_have_count(0)


def test_a_record_is_edited_and_an_item_deleted(look: Look, store: Path, tmp_path: Path) -> None:
    with running(store, f"store.events={tmp_path / 'events.sqlite'}", "serve.workers=1") as served:
        seen = look(served)
        page = seen.open("/ui/items/alien-1979?user=u0042")
        page.get_by_role("button", name="Edit").click()
        form = page.get_by_role("form", name="Edit the record")
        expect(form.get_by_role("button", name="Save")).to_be_disabled()
        form.get_by_label("title").fill("Alien, restored")
        form.get_by_label("year").fill("2003")
        form.get_by_role("button", name="Add a value").click()
        form.get_by_label("Name of the value").fill("price")
        form.get_by_label("Value", exact=True).fill("9.5")
        form.get_by_role("button", name="Save").click()
        expect(page.locator("h2.name")).to_have_text("Alien, restored")
        record = seen.api("/items/alien-1979")
        assert (record["attributes"]["year"], record["attributes"]["price"]) == (2003, 9.5)
        assert record["attributes"]["genres"]
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.locator("#view")).to_contain_text("was deleted")
        assert "alien-1979" not in {item["item_id"] for item in seen.api("/popular?k=600")["items"]}
