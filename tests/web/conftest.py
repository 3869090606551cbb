"""A browser, and services that it looks at.

The browser is Debian's Chromium. It ends with each module: while it runs, its client holds an event loop of this thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.support import factories
from tests.support.commands import run_command
from tests.support.running import Running, running

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-background-networking", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PATIENCE_MS = 20_000
NOT_AN_ANSWER = "Failed to load resource"  # what Chromium says of every status from 400 on


def some(cases: Iterable[str], usual: int = 2) -> list[Any]:
    """The first cases in each run, the others in `make soak`: a case takes a second or two."""
    return [case if place < usual else pytest.param(case, marks=pytest.mark.soak) for place, case in enumerate(cases)]


@dataclass
class Seen:
    """A page of the browser, and what its scripts complained about."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    under_way: list[Request] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Open a path of the service and wait until it is shown."""
        self.page.goto(self.base + path)
        self.settle()
        return self.page

    def settle(self) -> None:
        """Wait until the view has started, and two frames were drawn while no request was on its way."""
        self.page.locator("#starting").wait_for(state="detached")
        quiet = 0
        while quiet < 2:
            self.page.evaluate("new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)))")
            quiet = 0 if self.under_way else quiet + 1

    def api(self, path: str, method: str = "GET", **body: Any) -> Any:
        """The answer of the service itself, asked beside the page."""
        options = {"data": body} if body else {}
        answer = self.page.request.fetch(self.base + path, method=method, **options)
        assert answer.ok, answer.text()
        return answer.json() if answer.body() else None

    def note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(NOT_AN_ANSWER):
            self.complaints.append(message.text)

    def request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss"):
            self.hosts.add(parts.netloc)
            self.under_way.append(request)

    def answered(self, request: Request) -> None:
        if request in self.under_way:
            self.under_way.remove(request)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    if not Path(CHROMIUM).exists():
        pytest.skip(f"{CHROMIUM} is not installed (Debian: chromium)")
    with sync_playwright() as client:
        launched = client.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two small models of the sample, with groups, a map and anomalies; trained once."""
    shared = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if shared else base) / "page"
    folder.mkdir(exist_ok=True)
    with FileLock(folder / "lock"):
        if not (folder / "store").exists():
            _train(folder)
    return folder / "store"


def _train(folder: Path) -> None:
    settings = {
        "data.interactions": factories.SAMPLE / "interactions.csv",
        "data.items": factories.SAMPLE / "items.csv",
        "data.rejects": "",
        "events.watch": 1.0,
        "events.like": 2.0,
        "content.encoder": "lsa",
        "content.cache": "",
        "als.iterations": 5,
        "store.path": folder / "training",
        "store.events": "",
    }
    for factors in (8, 12):
        options = [("--set", f"{name}={value}") for name, value in {**settings, "als.factors": factors}.items()]
        run_command("train", "--force", *(word for pair in options for word in pair), cwd=folder)
    (folder / "training").rename(folder / "store")


@pytest.fixture(scope="session")
def site(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service over the two models, with an event store of its own."""
    events = tmp_path_factory.mktemp("events") / "events.sqlite"
    with running(store, f"store.events={events}", "serve.workers=1") as served:
        yield served


Look = Callable[..., Seen]


@pytest.fixture
def look(browser: Browser) -> Iterator[Look]:
    """Opens pages of a service; at the end of the test no script may have complained, and no other host was asked."""
    made: list[Seen] = []

    def open_page(served: Running, **options: Any) -> Seen:
        context = browser.new_context(viewport=options.pop("viewport", WIDE), reduced_motion="reduce", **options)
        context.set_default_timeout(PATIENCE_MS)
        seen = Seen(context.new_page(), f"http://127.0.0.1:{served.port}")
        seen.page.on("console", seen.note)
        seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        seen.page.on("request", seen.request)
        seen.page.on("requestfinished", seen.answered)
        seen.page.on("requestfailed", seen.answered)
        made.append(seen)
        return seen

    yield open_page
    for seen in made:
        seen.page.context.close()
        assert not seen.complaints
        assert seen.hosts <= {urlsplit(seen.base).netloc}


@pytest.fixture
def user(look: Look, site: Running) -> Seen:
    """A page at the view of a user."""
    seen = look(site)
    seen.open("/ui/users/u0042")
    return seen
