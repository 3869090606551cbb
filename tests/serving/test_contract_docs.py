"""The docs page: a packaged viewer, all of it inlined, and it loads nothing from elsewhere."""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from recsys.config import ServeConfig
from serving.app import create_app
from serving.openapi.operations import OPERATIONS
from serving.settings import Settings

LARGEST_BYTES = 500_000  # anyone may ask for it, and the server holds what a client does not read
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Page(HTMLParser):
    """What a page holds: the texts of styles and scripts, links, and what it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {"style": [], "script": []}
        self.links: list[str] = []
        self.loads: list[str] = []
        self.handlers: list[str] = []
        self._tag = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        if tag in self.found:
            self.found[tag].append("")
        for name, value in attrs:
            if name == "src" or (name == "href" and tag == "link"):
                self.loads.append(value or "")
            elif name == "href":
                self.links.append(value or "")
            elif name.startswith("on") or name == "style":
                self.handlers.append(name)

    def handle_endtag(self, tag: str) -> None:
        self._tag = ""

    def handle_data(self, data: str) -> None:
        if self._tag in self.found:
            self.found[self._tag][-1] += data


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    return create_app(Settings(tmp_path_factory.mktemp("page"), serve=ServeConfig(access_log=False))).test_client()


@pytest.fixture(scope="module")
def page(client: FlaskClient) -> tuple[Page, str, str]:
    response = client.get("/docs", headers={"Accept-Encoding": "gzip, deflate"})
    assert response.mimetype == "text/html"
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert len(response.data) < LARGEST_BYTES
    text = gzip.decompress(response.data).decode()
    return Page(text), text, response.headers["Content-Security-Policy"]


def test_the_page_loads_nothing_but_the_document(page: tuple[Page, str, str]) -> None:
    found, _, policy = page
    assert found.loads == ["data:,"]  # the icon: none
    assert found.links == ["openapi.json"]
    sources = {word for part in policy.split("; ") for word in part.split()[1:] if not word.startswith("'sha256-")}
    assert sources == {"'none'", "'self'", "data:"}
    assert "connect-src 'self';" in policy


def test_its_policy_lets_in_just_its_own_style_and_scripts(page: tuple[Page, str, str]) -> None:
    found, _, policy = page
    parts = dict(part.split(" ", 1) for part in policy.split("; "))
    assert parts["default-src"] == "'none'"
    for tag, count in (("style", 1), ("script", 2)):
        digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in found.found[tag]]
        assert len(digests) == count
        assert parts[f"{tag}-src"] == " ".join(f"'sha256-{digest}'" for digest in digests)
    assert "unsafe" not in policy
    assert found.handlers == []


def test_no_text_of_the_viewer_ends_its_element_early(page: tuple[Page, str, str]) -> None:
    _, text, _ = page
    assert text.count("</script") == 2
    assert text.count("</style") == 1


def test_a_client_without_gzip_gets_a_small_page(client: FlaskClient) -> None:
    for headers in ({}, {"Accept-Encoding": "identity"}, {"Accept-Encoding": "gzip;q=0"}):
        response = client.get("/docs", headers=headers)
        found = Page(response.text)
        assert len(response.data) < 2000
        assert "Content-Encoding" not in response.headers
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
        assert "script-src" not in response.headers["Content-Security-Policy"]
        assert found.found == {"style": [], "script": []}
        assert found.links == ["openapi.json"]


@pytest.fixture
def address(client: FlaskClient) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.slow
def test_a_browser_shows_every_operation_and_blocks_nothing(address: str, tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("no Chromium is installed")
    done = subprocess.run(
        [
            browser, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}",
            "--virtual-time-budget=20000", "--enable-logging=stderr", "--dump-dom", f"{address}/docs",
        ],
        capture_output=True, text=True, check=True, timeout=120, env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    shown = re.sub(r"<(script|style)>.*?</\1>", "", done.stdout, flags=re.DOTALL).replace("\u200b", "")
    shown = re.sub(r"<[^>]*>", "", shown)
    assert [one.path for one in OPERATIONS if one.path not in shown] == []
    assert [one.summary for one in OPERATIONS if one.summary.replace("'", "'") not in shown] == []
    assert "Content Security Policy" not in done.stderr
    assert "This page needs a browser" not in shown
