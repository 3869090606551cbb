"""A new item is typed in, what came since the training is marked, and attributes of a user are changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Route, expect

from tests.support.running import Running, running
from tests.web.conftest import PHONE, Look, Seen
from tests.web.test_accessibility import SERIOUS


@pytest.fixture(scope="module")
def served(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    events = tmp_path_factory.mktemp("live") / "events.sqlite"
    with running(store, f"store.events={events}", "serve.workers=1") as service:
        yield service


def check(seen: Seen) -> None:
    """Axe finds nothing serious, and a phone does not scroll sideways."""
    violations = Axe().run(seen.page).response["violations"]
    assert not [(one["id"], one["nodes"][0]["html"]) for one in violations if one["impact"] in SERIOUS]
    seen.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("searchable", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_a_new_item_is_typed_in(look: Look, served: Running, searchable: bool) -> None:
    seen, item_id = look(served), f"tides-{searchable}"
    seen.page.route(f"{seen.base}/items/{item_id}", lambda route: answer(route, {"searchable": searchable}))
    page = seen.open("/ui/items")
    page.get_by_role("button", name="New item").click()
    form = page.get_by_role("form", name="Record of the new item")
    form.get_by_label("id", exact=True).fill("alien-1979")
    form.get_by_label("title").fill("Tides")
    form.get_by_label("genres").fill("drama\nsci-fi")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("There is an item with this id")
    form.get_by_label("id", exact=True).fill(item_id)
    check(seen)
    with page.expect_request(lambda request: request.method == "PUT") as sent:
        form.get_by_role("button", name="Save").click()
    assert sent.value.post_data_json == {"title": "Tides", "genres": ["drama", "sci-fi"]}
    if searchable:
        expect(page).to_have_url(re.compile(f"/ui/items/{item_id}$"))
    else:
        expect(page.get_by_role("status").filter(has_text="Tides")).to_contain_text("once its text is encoded")


def answer(route: Route, given: dict[str, Any]) -> None:
    """Store a new item as the service does, and say whether it is searchable."""
    if route.request.method != "PUT":
        return route.continue_()
    stored = route.fetch()
    assert stored.status in (200, 201)
    return route.fulfill(response=stored, json={**stored.json(), **given})


def test_what_came_since_the_training_is_marked(look: Look, served: Running) -> None:
    seen = look(served)
    page = seen.open("/ui/items/up-2009")
    expect(page.locator(".record")).to_be_visible()
    expect(page.get_by_text("changed since the training")).to_have_count(0)
    seen.api("/items/up-2009", "PATCH", price=3)
    seen.api("/events", "POST", user_id="u0042", item_id="up-2009", event="like")
    page = seen.open("/ui/items/up-2009")
    expect(page.locator(".record").get_by_text("changed since the training")).to_be_visible()
    check(seen)
    page = seen.open("/ui/users/u0042")
    expect(page.locator(".history .small-card").first.locator(".new-mark")).to_have_text("new")
    expect(page.locator(".history")).to_contain_text("1 item with events since the training")


def test_the_attributes_of_a_user_are_changed(look: Look, served: Running) -> None:
    assert served.ask("/users/u0042", "PUT", {"attributes": {"country": "CH", "age": 34}})[0] == 200
    seen = look(served)
    page = seen.open("/ui/users/u0042")
    region = page.get_by_role("region", name="Attributes of the user")
    expect(region).to_contain_text("CH")
    region.get_by_role("button", name="Edit").click()
    region.get_by_label("country").fill("")
    region.get_by_label("age").fill("35")
    check(seen)
    region.get_by_role("button", name="Save").click()
    expect(region.get_by_text("35")).to_be_visible()
    assert served.ask("/users/u0042")[1]["attributes"] == {"age": 35}
