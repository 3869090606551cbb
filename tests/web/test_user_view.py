"""The view of a user: the list of the API, its knobs, likes that move it, and links that keep it."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.support.running import Running, wait_until
from tests.web.conftest import PHONE, Look, Seen

CARDS = "ol.cards > li"


def listed(page: Page) -> list[str]:
    return [card.get_attribute("data-item") or "" for card in page.locator(CARDS).all()]


def wait_for_list(page: Page, expected: list[str]) -> None:
    """Wait until the list has these items, in this order."""
    wait_until(lambda: listed(page) == expected, f"a list of {expected}, not {listed(page)}")


def ids(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [item["item_id"] for item in answer["items"]]


def test_the_list_and_its_numbers_are_those_of_the_api(user: Seen) -> None:
    answer = user.api("/recommend/u0042?k=10&explain=true")
    assert listed(user.page) == ids(answer)
    for card, item in zip(user.page.locator(CARDS).all(), answer["items"], strict=True):
        assert card.locator(".score .number").inner_text() == f"{item['score']:.3f}"
        assert card.locator(".rank").inner_text() == str(item["rank"])
        first = item["reason"]["because"][0]
        assert first["title"] in card.locator(".because").inner_text()
        assert f"{100 * first['share']:.0f}%" in card.locator(".because").inner_text()


def test_the_parts_of_an_opened_card_add_up(user: Seen) -> None:
    card = user.page.locator(CARDS).first
    card.get_by_role("button", name="Why, and what would change it").click()
    for table in card.locator(".arithmetic table").all():
        *parts, total = [float(cell) for cell in table.locator("tr td:last-child").all_inner_texts()]
        assert abs(sum(parts) - total) <= 0.0005 * (len(parts) + 1)
    rows = card.locator(".what-ifs tr")
    expect(rows.first).to_contain_text("rank")
    rank = user.api(f"/why?user_id=u0042&item_id={listed(user.page)[0]}&popularity_penalty=0.3")["rank"]
    expect(rows.filter(has_text="Popularity penalty")).to_contain_text(f"rank {rank}")


def test_the_shares_of_a_reason_add_up_with_the_rest_of_the_history(user: Seen) -> None:
    because = user.page.locator(f"{CARDS} .because").first
    expect(because).to_contain_text("the rest of the history")
    shares = [int(text.rstrip("%")) for text in because.locator("b").all_inner_texts()]
    assert abs(sum(shares) - 100) <= len(shares) / 2


def test_a_card_says_what_most_of_its_score_is_and_the_colors_say_what_they_mean(user: Seen) -> None:
    expect(user.page.locator(".list .legend")).to_contain_text("users with a similar history")
    card = user.page.locator(CARDS).first
    card.get_by_role("button", name="Why, and what would change it").click()
    reason = user.api("/recommend/u0042?k=1&explain=true")["items"][0]["reason"]
    near = reason["neighbors"]
    parts = {"behavior": reason["collaborative"] - near, "neighbors": near, "content": reason["content"]}
    name = max(parts, key=lambda part: parts[part])
    expect(card.locator(".leading")).to_contain_text(f"{name}, {100 * parts[name] / sum(parts.values()):.0f}%")


def test_a_what_if_sets_its_knob(user: Seen) -> None:
    card = user.page.locator(CARDS).first
    card.get_by_role("button", name="Why, and what would change it").click()
    card.get_by_role("button", name="Popularity penalty 0.3").click()
    expect(user.page).to_have_url(re.compile(r"popularity_penalty=0\.3"))
    wait_for_list(user.page, ids(user.api("/recommend/u0042?k=10&popularity_penalty=0.3")))
    user.page.go_back()
    wait_for_list(user.page, ids(user.api("/recommend/u0042?k=10")))


def test_a_list_without_an_item_of_the_history(user: Seen) -> None:
    before = ids(user.api("/recommend/u0042?k=10"))
    first = user.api("/recommend/u0042?k=1&explain=true")["items"][0]["reason"]["because"][0]
    history = user.page.locator(f'.history [data-item="{first["item_id"]}"]')
    user.page.locator(CARDS).first.get_by_role("button", name="Why, and what would change it").click()
    user.page.locator(CARDS).first.get_by_role("button", name=f"Without {first['title']}", exact=True).first.click()
    expect(user.page).to_have_url(re.compile(rf"without={first['item_id']}"))
    after = user.api(f"/recommend/u0042?k=10&explain=true&without={first['item_id']}")
    assert ids(after) != before
    wait_for_list(user.page, ids(after))
    expect(user.page.locator(".changes")).to_contain_text("Compared with the list before")
    expect(user.page.locator(".as-code pre")).to_contain_text(f"without={first['item_id']}")
    expect(history).to_have_class(re.compile("out"))
    user.page.locator(".list").get_by_role("button", name=f"Take {first['title']} back").click()
    wait_for_list(user.page, before)


def test_a_phone_has_the_knobs_beside_the_list(look: Look, site: Running) -> None:
    seen = look(site, viewport=PHONE)
    seen.open("/ui/users/u0042")
    knobs = seen.page.get_by_text("Knobs and filters")
    expect(knobs).to_be_in_viewport()
    knobs.click()
    seen.page.get_by_label("Popularity penalty").fill("0.5")
    wait_for_list(seen.page, ids(seen.api("/recommend/u0042?k=10&popularity_penalty=0.5")))
    expect(seen.page.locator(CARDS).first).to_be_in_viewport()


def test_the_bar_says_since_when_its_model_serves(user: Seen) -> None:
    served = user.page.get_by_role("link", name="Model trained")
    expect(served).to_have_attribute("title", f"Model {user.api('/models')['model_version']}")


def test_a_knob_redraws_the_list_and_says_what_moved(user: Seen) -> None:
    before = listed(user.page)
    user.page.get_by_label("Popularity penalty").fill("0.5")
    expect(user.page.locator(".changes")).to_contain_text("Compared with the list before")
    answer = user.api("/recommend/u0042?k=10&popularity_penalty=0.5")
    wait_for_list(user.page, ids(answer))
    assert listed(user.page) != before
    for card in user.page.locator(CARDS).all():
        item, rank = card.get_attribute("data-item"), int(card.locator(".rank").inner_text())
        move = card.locator(".move")
        was = before.index(item) + 1 if item in before else 0
        expected = "new" if not was else "" if was == rank else f"{'▲' if was > rank else '▼'}{abs(was - rank)}"
        assert (move.inner_text() if move.count() else "") == expected
    gone = [item for item in before if item not in listed(user.page)]
    assert [card.get_attribute("data-item") for card in user.page.locator(".gone li").all()] == gone


def test_a_filter_is_a_facet_with_its_count(user: Seen) -> None:
    facet = user.page.locator(".facets details", has_text="genres").locator("li", has_text="Comedy")
    genres = next(one for one in user.api("/attributes")["attributes"] if one["attribute"] == "genres")
    n = next(one["n_items"] for one in genres["values"] if one["value"] == "Comedy")
    expect(facet.locator(".note")).to_have_text(str(n))
    facet.get_by_role("checkbox").check()
    expect(user.page).to_have_url(re.compile("filter=genres%3AComedy"))
    wait_for_list(user.page, ids(user.api("/recommend/u0042?k=10&filter=genres:Comedy")))


def test_a_link_keeps_the_whole_state_and_back_undoes_a_filter(user: Seen, look: Look, site: Running) -> None:
    user.page.get_by_label("Diversity").fill("0.5")
    user.page.locator(".facets li", has_text="Drama").first.get_by_role("checkbox").check()
    expect(user.page).to_have_url(re.compile("filter=genres%3ADrama"))
    shown, link = ids(user.api("/recommend/u0042?k=10&filter=genres:Drama&diversity=0.5")), user.page.url
    wait_for_list(user.page, shown)
    assert parse_qs(urlsplit(link).query) == {"diversity": ["0.5"], "filter": ["genres:Drama"]}
    other = look(site)
    other.open(link.removeprefix(other.base))
    wait_for_list(other.page, shown)
    assert other.page.get_by_label("Diversity").input_value() == "0.5"
    user.page.go_back()
    expect(user.page).not_to_have_url(re.compile("filter"))
    wait_for_list(user.page, ids(user.api("/recommend/u0042?k=10&diversity=0.5")))


def test_a_like_is_stored_and_the_list_moves(look: Look, site: Running) -> None:
    seen = look(site)
    seen.open("/ui/users/u0007")
    liked = listed(seen.page)[2]
    seen.page.locator(f'{CARDS}[data-item="{liked}"]').get_by_role("button", name="Like").click()
    expect(seen.page.get_by_role("status").filter(has_text="Stored")).to_be_visible()
    expect(seen.page.locator(f'{CARDS}[data-item="{liked}"]')).to_have_count(0)
    assert seen.api("/users/u0007")["events"][0]["item_id"] == liked
    expect(seen.page.locator(f'.history [data-item="{liked}"]')).to_be_visible()
    answer = seen.api("/recommend/u0007?k=10")
    assert answer["strategy"] == "fold_in"
    wait_for_list(seen.page, ids(answer))


def test_a_like_can_be_undone(look: Look, site: Running) -> None:
    seen = look(site)
    seen.open("/ui/users/u0008")
    before = listed(seen.page)
    seen.page.get_by_role("button", name="Like ").first.click()
    expect(seen.page.locator(f'{CARDS}[data-item="{before[0]}"]')).to_have_count(0)
    seen.page.get_by_role("button", name="Undo").click()
    wait_for_list(seen.page, before)
    assert not seen.api("/users/u0008")["events"]


def test_a_guest_picks_items_by_title(look: Look, site: Running) -> None:
    seen = look(site)
    seen.open("/")
    seen.page.get_by_role("link", name="Be a guest").click()
    field = seen.page.get_by_role("combobox", name="Add an item by title")
    field.fill("spirited aw")
    seen.page.get_by_role("option", name="Spirited Away").click()
    expect(seen.page).to_have_url(re.compile("likes=spirited-away-2001"))
    answer = seen.api("/recommend", "POST", history=["spirited-away-2001"])
    wait_for_list(seen.page, ids(answer))


def test_hiding_can_be_undone(look: Look, site: Running) -> None:
    seen = look(site)
    seen.open("/ui/users/u0100")
    first = listed(seen.page)[0]
    seen.page.locator(CARDS).first.get_by_role("button", name="Hide").click()
    expect(seen.page.locator(f'{CARDS}[data-item="{first}"]')).to_have_count(0)
    seen.page.get_by_role("button", name="Undo").click()
    expect(seen.page.locator(CARDS).first).to_have_attribute("data-item", first)


def test_the_request_as_code_gives_the_same_list(user: Seen) -> None:
    user.page.get_by_text("This request as code").click()
    command = user.page.locator(".as-code pre").inner_text()
    address = command.split("'")[-2]
    assert ids(user.page.request.get(address).json()) == listed(user.page)


def test_an_unknown_user_gets_popular_items_and_is_told_so(look: Look, site: Running) -> None:
    seen = look(site)
    seen.open("/ui/users/who-is-this")
    expect(seen.page.locator(".notice.warn")).to_contain_text("popular items")
    expect(seen.page.locator(".history")).to_contain_text("Nothing is known of this user")
    assert listed(seen.page) == ids(seen.api("/popular?k=10"))
