"""The docs page: complete without a script, and it loads nothing."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from html.parser import HTMLParser

import pytest

from recsys.config import ServeConfig
from serving.app import create_app
from serving.openapi.document import document
from serving.openapi.operations import OPERATIONS
from serving.settings import Settings

DOCUMENT = document(ServeConfig())


class Page(HTMLParser):
    """What a page holds: the texts of styles and scripts, ids, links, and what it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {"style": [], "script": []}
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.handlers: list[str] = []
        self._tag = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        for name, value in attrs:
            if name == "id":
                self.ids.add(value or "")
            elif name == "src" or (name == "href" and tag == "link"):
                self.loads.append(value or "")
            elif name == "href":
                self.links.append(value or "")
            elif name.startswith("on") or name == "style":
                self.handlers.append(name)

    def handle_data(self, data: str) -> None:
        if self._tag in self.found:
            self.found[self._tag].append(data)
            self._tag = ""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, str, str]:
    response = create_app(Settings(tmp_path_factory.mktemp("page"))).test_client().get("/docs")
    assert response.mimetype == "text/html"
    return Page(response.text), response.text, response.headers["Content-Security-Policy"]


def test_the_page_loads_nothing_from_elsewhere(page: tuple[Page, str, str]) -> None:
    found, text, _ = page
    assert found.loads == ["data:,"]  # the icon: none
    assert not re.search(r"https?://(?!127\.0\.0\.1)", text)


def test_its_policy_lets_in_just_its_own_style_and_script(page: tuple[Page, str, str]) -> None:
    found, _, policy = page
    parts = dict(part.split(" ", 1) for part in policy.split("; "))
    assert parts["default-src"] == "'none'"
    for tag in ("style", "script"):
        (text,) = found.found[tag]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert parts[f"{tag}-src"] == f"'sha256-{digest}'"
    assert "unsafe" not in policy
    assert found.handlers == []


def test_the_page_lists_everything_without_a_script(page: tuple[Page, str, str]) -> None:
    found, text, _ = page
    shown = html.unescape(re.sub(r"<script>.*</script>", "", text, flags=re.DOTALL))
    for one in OPERATIONS:
        assert one.endpoint.replace(".", "_") in found.ids
        assert one.path in shown
        assert one.summary in shown
        for name in one.query.model_fields:
            assert f"<code>{name}</code>" in shown
    for name in DOCUMENT["components"]["schemas"]:
        assert f"schema-{name}" in found.ids
    assert "curl http://127.0.0.1:8000/recommend/u17" in shown


def test_every_link_of_the_page_leads_somewhere(page: tuple[Page, str, str]) -> None:
    found, _, _ = page
    assert {link for link in found.links if not link.startswith("#")} == {"openapi.json"}
    assert {link[1:] for link in found.links if link.startswith("#")} <= found.ids
