"""What the page shows while the service refuses, fails, is slow or is away, and what it does about it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support import factories
from tests.support.commands import run_command
from tests.support.running import RECSYS, Running, running, wait_until
from tests.web.conftest import Look, some

CARDS = "ol.cards > li"
TRY_AGAIN = """
for (const button of document.querySelectorAll("#view button")) if (button.innerText === "Try again") button.click();
"""
AGAIN_MS = 15_000  # the page asks again every four seconds
VIEWS = ("users", "items", "search?q=title&mode=keyword", "map", "groups", "anomalies", "models", "service")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with an event store over a small model."""
    folder = tmp_path_factory.mktemp("small")
    factories.publish(folder / "store")
    with running(folder / "store", f"store.events={folder / 'events.sqlite'}", "serve.workers=1") as served:
        yield served


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, dict[str, str]]]:
    """A service that needs keys, and its keys by scope."""
    folder = tmp_path_factory.mktemp("locked")
    factories.publish(folder / "store")
    option = ("--set", "serve.keys=keys.json")
    keys = {
        scope: run_command("keys", "add", scope, "--scope", scope, *option, cwd=folder).stdout.strip()
        for scope in ("read", "admin")
    }
    all_scopes = [word for scope in ("read", "write", "admin") for word in ("--scope", scope)]
    keys["all"] = run_command("keys", "add", "all", *all_scopes, *option, cwd=folder).stdout.strip()
    events = f"store.events={folder / 'events.sqlite'}"
    with running(folder / "store", events, "serve.keys=keys.json", "serve.workers=1") as served:
        yield served, keys


def use_key(page: Page, key: str) -> None:
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Use this key").click()


def answering(status: int, **rest: Any) -> Callable[[Route], None]:
    """Answers a request as the service does when it fails."""
    body = {"title": "Failed", "status": status, "detail": "a reason", "request_id": "abc"}
    return lambda route: route.fulfill(status=status, json=body, **rest)


@pytest.mark.parametrize("view", some(VIEWS))
def test_each_view_asks_for_a_key_and_shows_itself_with_one(
    look: Look, locked: tuple[Running, dict[str, str]], view: str
) -> None:
    served, keys = locked
    page = look(served).open(f"/ui/{view}")
    dialog = page.get_by_role("dialog", name="API key")
    expect(dialog).to_be_visible()
    use_key(page, keys["all"])
    expect(dialog).to_be_hidden()
    expect(page.locator("#view .failed")).to_have_count(0)
    expect(page.locator("#view .skeleton")).to_have_count(0)
    assert keys["all"] not in page.url


def test_a_wrong_key_is_refused_and_a_right_one_is_not_kept_beyond_the_tab(
    look: Look, locked: tuple[Running, dict[str, str]]
) -> None:
    served, keys = locked
    page = look(served).open("/ui/users/u1")
    dialog = page.get_by_role("dialog", name="API key")
    use_key(page, "ключ")
    expect(dialog).to_contain_text("This is no key")
    use_key(page, "nonsense")
    expect(dialog).to_contain_text("not known")
    use_key(page, keys["all"])
    expect(dialog).to_be_hidden()
    expect(page.locator(CARDS).first).to_be_visible()
    assert keys["all"] not in page.evaluate("JSON.stringify(localStorage)")
    code = page.locator(".as-code pre").text_content() or ""
    assert keys["all"] not in code
    assert "$RECSYS_KEY" in code
    page.get_by_role("button", name="API key").click()
    page.get_by_role("button", name="Forget the key").click()
    expect(page.locator(CARDS)).to_have_count(0)


@pytest.mark.parametrize("view", some(["users/u1", "groups?tab=segments", "items/i1?user=u1", *VIEWS]))
def test_what_a_read_key_may_not_see_is_a_state(look: Look, locked: tuple[Running, dict[str, str]], view: str) -> None:
    served, keys = locked
    seen = look(served)
    seen.page.goto(f"{seen.base}/ui/{view}")
    use_key(seen.page, keys["read"])
    seen.page.wait_for_timeout(300)
    expect(seen.page.get_by_role("dialog", name="API key")).to_be_hidden()
    expect(seen.page.locator("#view .failed")).to_have_count(0)
    expect(seen.page.locator("#view .skeleton")).to_have_count(0)


def test_a_like_without_the_scope_is_refused_in_a_line(look: Look, locked: tuple[Running, dict[str, str]]) -> None:
    served, keys = locked
    page = look(served).open("/ui/users/u1")
    use_key(page, keys["read"])
    page.get_by_role("button", name="Like ").first.click()
    expect(page.locator(".toast")).to_contain_text("Not stored:")
    expect(page.get_by_role("dialog", name="API key")).to_be_hidden()


def test_the_list_stays_while_the_service_is_away_and_follows_when_it_is_back(look: Look, tmp_path: Path) -> None:
    factories.publish(tmp_path / "store")
    with running(tmp_path / "store", "serve.workers=1") as served:
        seen = look(served)
        page = seen.open("/ui/users/u1")
    page.get_by_label("Diversity").fill("0.5")
    expect(page.locator(".list .notice.warn")).to_contain_text("this is its last answer")
    expect(page.locator(CARDS)).to_have_count(10)
    command = (
        str(RECSYS),
        "serve",
        "--port",
        str(served.port),
        "--set",
        f"store.path={served.store}",
        "--set",
        "serve.workers=1",
    )
    with running(tmp_path / "store", command=command, ready=False):
        expect(page.locator(".list .notice.warn")).to_have_count(0, timeout=AGAIN_MS)
        assert "diversity=0.5" in page.url
    seen.complaints.clear()


def test_a_slow_answer_says_so(look: Look, small: Running) -> None:
    seen = look(small)
    held: list[Route] = []
    seen.page.route("**/recommend/**", lambda route: held.append(route))  # noqa: PLW0108 (the client marks the handler)
    seen.page.goto(f"{seen.base}/ui/users/u1")
    expect(seen.page.locator(".list")).to_contain_text("This takes longer than usual")
    for route in held:
        route.continue_()
    expect(seen.page.locator(CARDS)).to_have_count(10)
    expect(seen.page.locator(".list")).not_to_contain_text("This takes longer than usual")


def test_too_many_requests_are_sent_again_after_the_named_time(look: Look, small: Running) -> None:
    seen = look(small)
    times: list[float] = []

    def refuse_once(route: Route) -> None:
        times.append(time.monotonic())
        if len(times) == 1:
            answering(429, headers={"Retry-After": "2"})(route)
        else:
            route.continue_()

    seen.page.route("**/recommend/**", refuse_once)
    seen.page.goto(f"{seen.base}/ui/users/u1")
    expect(seen.page.locator(".list .failed")).to_contain_text("Trying again")
    expect(seen.page.locator(CARDS)).to_have_count(10)
    assert times[1] - times[0] >= 1.9


@pytest.mark.parametrize("view", some(VIEWS))
def test_a_failure_of_the_service_is_a_state_of_each_view(look: Look, small: Running, view: str) -> None:
    seen = look(small)
    seen.page.route(lambda url: "/ui/" not in url, answering(500))
    seen.page.goto(f"{seen.base}/ui/{view}")
    expect(seen.page.locator("#view")).to_contain_text("a reason")
    seen.page.unroute_all()
    seen.page.evaluate(TRY_AGAIN)
    expect(seen.page.locator("#view")).not_to_contain_text("a reason")


def test_an_answer_that_breaks_off_is_asked_again(look: Look, small: Running) -> None:
    seen = look(small)
    tries: list[str] = []

    def break_once(route: Route) -> None:
        tries.append(route.request.url)
        if len(tries) == 1:
            route.fulfill(status=200, content_type="application/json", body='{"items": [')
        else:
            route.continue_()

    seen.page.route("**/recommend/**", break_once)
    seen.page.goto(f"{seen.base}/ui/users/u1")
    expect(seen.page.locator(CARDS)).to_have_count(10)


def test_a_like_that_is_not_stored_leaves_the_list(look: Look, small: Running) -> None:
    seen = look(small)
    page = seen.open("/ui/users/u2")
    page.route("**/events", answering(503))
    page.get_by_role("button", name="Like ").first.click()
    expect(page.locator(".toast")).to_contain_text("Not stored: a reason")
    expect(page.locator(CARDS)).to_have_count(10)


def test_two_quick_clicks_are_one_like(look: Look, small: Running) -> None:
    seen = look(small)
    page = seen.open("/ui/users/u3")
    sent: list[str] = []
    page.route("**/events", lambda route: (sent.append(route.request.post_data or ""), route.continue_()))
    page.get_by_role("button", name="Like ").first.dblclick()
    expect(page.locator(".toast")).to_contain_text("Stored")
    seen.settle()
    assert len(sent) == 1


def test_without_an_event_store_a_like_says_why_not(look: Look, tmp_path: Path) -> None:
    factories.publish(tmp_path / "store")
    with running(tmp_path / "store", "serve.workers=1") as served:
        page = look(served).open("/ui/users/u1")
        page.get_by_role("button", name="Like ").first.click()
        expect(page.locator(".toast")).to_contain_text("Not stored:")
        expect(page.locator(".toast")).to_contain_text("store.events")


@pytest.mark.soak
def test_the_page_waits_for_the_first_model(look: Look, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    with running(tmp_path / "store", "serve.workers=1", ready=False) as served:
        wait_until(lambda: served.answers("/livez"), "the server answers")
        seen = look(served)
        seen.page.goto(f"{seen.base}/")
        expect(seen.page.locator("#view .failed").first).to_contain_text("Trying again")
        factories.publish(tmp_path / "store")
        expect(seen.page.locator(CARDS)).to_have_count(10, timeout=AGAIN_MS)
        expect(seen.page.locator("#view .failed")).to_have_count(0)


def test_back_and_forward_go_through_filters(look: Look, small: Running) -> None:
    page = look(small).open("/ui/users/u4")
    page.get_by_role("button", name="Not for me").first.click()
    expect(page.locator(".list")).to_contain_text("1 item left out")
    page.get_by_role("button", name="Not for me").first.click()
    expect(page.locator(".list")).to_contain_text("2 items left out")
    page.go_back()
    expect(page.locator(".list")).to_contain_text("1 item left out")
    page.go_back()
    expect(page.locator(".list")).not_to_contain_text("left out")
    page.go_forward()
    expect(page.locator(".list")).to_contain_text("1 item left out")
    page.reload()
    expect(page.locator(".list")).to_contain_text("1 item left out")


def test_if_all_items_are_left_out_they_can_be_taken_back(look: Look, small: Running) -> None:
    everything = "&".join(f"exclude=i{num}" for num in range(50))
    page = look(small).open(f"/ui/users/u4?{everything}")
    expect(page.locator(".list")).to_contain_text("No item is left")
    page.get_by_role("button", name="Take them back").click()
    expect(page.locator(CARDS)).to_have_count(10)


def test_a_dialog_that_was_closed_stays_closed(look: Look, locked: tuple[Running, dict[str, str]]) -> None:
    served, _ = locked
    page = look(served).open("/ui/service")
    dialog = page.get_by_role("dialog", name="API key")
    dialog.get_by_role("button", name="Cancel").click()
    page.wait_for_timeout(2500)  # the view looks every two seconds
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Enter a key").click()
    expect(dialog).to_be_visible()
