"""Ids, titles and attributes that are markup, addresses or blank: the page shows them as text, and its layout holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog, Item
from recsys.data.ids import IdMap
from recsys.model.model import Model
from recsys.text.bm25 import Bm25
from recsys.text.name_index import NameIndex
from tests.support import explored, factories
from tests.support.running import Running, running
from tests.web.conftest import PHONE, Look, some

SCRIPT, PICTURE = "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'
LONG, ARABIC = "x" * 300, "كتاب طويل جدا " * 21
PATHS = (
    "a/b?c=d#e&f",
    "%2F",
    "//x",
    "a/../b",
    "line\nbreak",
    " sp ace ",
    "a,b",
    'say "hi"',
    "it's",
    "__proto__",
    "日本語",
)
FOLDERS = (".", "..")
IDS = (SCRIPT, PICTURE, *PATHS, *FOLDERS)
TITLES = (SCRIPT, PICTURE, LONG, ARABIC, "很长的标题" * 60, "", " ", "\n", "\u202eabc")
VIEWS = (
    "/ui/items",
    "/ui/search?mode=keyword&q=text",
    "/ui/map?color=__proto__",
    "/ui/groups",
    "/ui/models",
    "/ui/users",
)


def hostile() -> Model:
    made = factories.model()
    ids = [*IDS, *(f"i{num}" for num in range(len(IDS), len(made.catalog)))]
    values = [(SCRIPT, "a", "k"), ("Drama, Crime", "b", "l")]
    items = [
        Item(
            ids[num],
            TITLES[num % len(TITLES)],
            f"text {num}",
            {"genre": genre, "__proto__": value, "constructor": value, PICTURE: value, "a:b>=c": other, "x,y": other},
        )
        for num, (genre, value, other) in enumerate(values * (len(ids) // 2))
    ]
    catalog = Catalog.from_items(items)
    attributes = Attributes.from_catalog(catalog)
    users = [*IDS, *(f"u{num}" for num in range(len(IDS), len(made.users)))]
    return replace(made, catalog=catalog, attributes=attributes, users=IdMap.from_ids(users)).with_extras(
        Bm25.from_texts(catalog.texts(), list(catalog.titles)),
        NameIndex.from_catalog(catalog, attributes.nums),
        explored.groups(len(items), 3, SCRIPT + LONG),
    )


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("hostile")
    factories.publish(folder / "store", hostile())
    with running(folder / "store", f"store.events={folder / 'events.sqlite'}", "serve.workers=1") as served:
        yield served


@pytest.mark.parametrize("viewport", [None, PHONE])
def test_the_layout_of_all_views_holds(look: Look, hostile_site: Running, viewport: dict[str, int] | None) -> None:
    seen = look(hostile_site, **({"viewport": viewport} if viewport else {}))
    seen.page.on("dialog", lambda dialog: seen.complaints.append(dialog.message))
    one = quote(PICTURE, safe="")
    for path in (*VIEWS, f"/ui/items/{one}?user={one}", f"/ui/users/{one}"):
        seen.page.goto(seen.base + path)
        expect(seen.page.locator("#view .skeleton")).to_have_count(0)
        assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize("one", some([SCRIPT, *PATHS], 4))
def test_an_address_keeps_any_id(look: Look, hostile_site: Running, one: str) -> None:
    seen = look(hostile_site)
    seen.page.goto(f"{seen.base}/ui/items/{quote(one, safe='')}")
    expect(seen.page.locator(".item-page")).to_be_visible()
    seen.page.goto(f"{seen.base}/ui/users/{quote(one, safe='')}")
    expect(seen.page.locator("ol.cards > li")).to_have_count(10)
    assert seen.page.locator("h1 code").text_content() == one


def test_folders_are_ids_without_an_address(look: Look, hostile_site: Running) -> None:
    page = look(hostile_site).open("/ui/users?guest=true&likes=..")
    expect(page.locator(".history .small-card").first).to_contain_text("..")
    expect(page.locator(".history a.title").first).not_to_have_attribute("href", re.compile(""))
    page = look(hostile_site).open("/ui/map?item=..")
    expect(page.locator(".map-view")).to_be_visible()


def test_a_blank_title_gives_way_to_the_id(look: Look, hostile_site: Running) -> None:
    page = look(hostile_site).open("/ui/users/u20?k=50")
    titles = page.locator("ol.cards a.title").all_inner_texts()
    assert titles
    assert all(title.strip() for title in titles)


def test_a_value_with_a_comma_filters_a_list(look: Look, hostile_site: Running) -> None:
    seen = look(hostile_site)
    page = seen.open("/ui/users/u20")
    with page.expect_response(
        lambda answer: answer.request.method == "POST" and answer.url.endswith("/recommend")
    ) as sent:
        page.get_by_role("checkbox", name="Drama, Crime").check()
    listed = [item["attributes"]["genre"] for item in sent.value.json()["items"]]
    assert set(listed) == {"Drama, Crime"}
    expect(page.locator(".facets")).to_contain_text("do not count the filters whose value has a comma")
    expect(page.locator(".facets")).to_contain_text(f"No filters: {PICTURE}, a:b>=c.")


def test_where_commas_cannot_filter_the_page_says_so(look: Look, hostile_site: Running) -> None:
    page = look(hostile_site).open("/ui/search?mode=keyword&q=text&filter=genre:Drama,%20Crime")
    expect(page.locator(".results .notice")).to_contain_text("left out: genre Drama, Crime")
    expect(page.locator(".results ol.cards > li").first).to_be_visible()
    box = page.get_by_role("checkbox", name="Drama, Crime")
    box.uncheck()
    expect(box).to_be_disabled()
    expect(page.locator(".facets")).to_contain_text("Values with a comma cannot filter here.")


def test_filters_of_an_address_with_other_operators_hold(look: Look, hostile_site: Running) -> None:
    seen = look(hostile_site)
    page = seen.open("/ui/users/u20?filter=x,y!:k&filter=genre:Drama,%20Crime")
    answer = seen.api(
        "/recommend",
        "POST",
        user_id="u20",
        filters=[{"attribute": "x,y", "none": ["k"]}, {"attribute": "genre", "any": ["Drama, Crime"]}],
    )
    cards = [card.get_attribute("data-item") for card in page.locator("ol.cards > li").all()]
    assert cards == [item["item_id"] for item in answer["items"]]
