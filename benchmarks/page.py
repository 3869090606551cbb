"""Screenshots and figures of the page, in Debian's Chromium.

    python -m benchmarks.page screenshots [--address http://127.0.0.1:8000] [--output var/page]
    python -m benchmarks.page figures [--store var/store]
    python -m benchmarks.page picture [--store var/store]

`screenshots` takes all views of a running service at two widths in both themes. `figures` prints Markdown for
docs/page.md, `picture` draws docs/page.webp; both serve the store themselves, with an empty event store and the browser on
the same cores. The models are those of `make train`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks import page_picture
from benchmarks.clients import get
from benchmarks.figures import WARM_UP_SECONDS, Turn, measure, spread, table
from benchmarks.served import Served, served
from recsys.bundle.store import Store

ROOT = Path(__file__).parent.parent
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-background-networking", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
SIZES = {1440: 900, 390: 844}
THEMES = ("light", "dark")
VIEWS = {
    "users": "/ui/users/u0042",
    "guest": "/ui/users?guest=true&likes=alien-1979&likes=spirited-away-2001",
    "items": "/ui/items/alien-1979?user=u0042",
    "search": "/ui/search?q=a+lonely+robot+in+space",
    "map": "/ui/map?user=u0042",
    "groups": "/ui/groups",
    "segments": "/ui/groups?tab=segments",
    "anomalies": "/ui/anomalies",
    "models": "/ui/models",
    "service": "/ui/service",
}
FIRST_CARD = """
window.firstCard = new Promise((done) => {
  new MutationObserver((_, observer) => {
    if (!document.querySelector("ol.cards > li")) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now())));
  }).observe(document, { childList: true, subtree: true });
});
"""
REDRAWN = """(value) => new Promise((done) => {
  const scores = () => [...document.querySelectorAll("ol.cards .number")].map((one) => one.textContent).join();
  const before = scores(), knob = document.getElementById("knob-popularity_penalty"), started = performance.now();
  new MutationObserver((_, observer) => {
    if (scores() === before) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - started)));
  }).observe(document.querySelector(".list"), { childList: true, characterData: true, subtree: true });
  knob.value = value;
  knob.dispatchEvent(new Event("input", { bubbles: true }));
})"""
TURNS = 9
ROUNDS = 7
SECONDS = 3.0
SETTLE_MS = 1500


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as client:
        browser = client.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def shoot(browser: Browser, address: str, views: dict[str, str], folder: Path) -> list[Path]:
    """Write a picture of each view, width and theme to `folder`; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    for width, height in SIZES.items():
        page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
        for name, path in views.items():
            page.goto(address + path)
            page.wait_for_timeout(SETTLE_MS)
            for theme in THEMES:
                page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                page.wait_for_timeout(SETTLE_MS / 10)
                taken.append(folder / f"{name}-{width}-{theme}.png")
                page.screenshot(path=taken[-1], full_page=width == min(SIZES))
        page.close()
    return taken


def first_list(browser: Browser, address: str) -> float:
    """Return the milliseconds from the navigation to the first card of a list, with an empty cache."""
    page = browser.new_page()
    page.add_init_script(FIRST_CARD)
    page.goto(address + VIEWS["users"])
    milliseconds = float(page.evaluate("window.firstCard"))
    page.close()
    return milliseconds


def received(browser: Browser, address: str, path: str) -> tuple[int, int]:
    """Return the bytes of a view with an empty cache until it is drawn: files of the page, and answers of operations."""
    page = browser.new_page()
    session: CDPSession = page.context.new_cdp_session(page)
    urls: dict[str, str] = {}
    sizes: dict[str, int] = {}
    session.on("Network.responseReceived", lambda event: urls.update({event["requestId"]: event["response"]["url"]}))
    session.on(
        "Network.loadingFinished", lambda event: sizes.update({event["requestId"]: int(event["encodedDataLength"])})
    )
    session.send("Network.enable")
    page.goto(address + path)
    page.wait_for_timeout(SETTLE_MS)
    page.close()
    files = sum(size for one, size in sizes.items() if "/ui/" in urls.get(one, ""))
    return files, sum(sizes.values()) - files


def redrawn(browser: Browser, address: str) -> list[float]:
    """Return the milliseconds from a change of the popularity penalty to the redrawn list, for several changes."""
    page = browser.new_page()
    page.goto(address + VIEWS["users"])
    page.wait_for_selector("ol.cards > li")
    found = []
    for number in range(1, TURNS + 1):
        page.wait_for_timeout(SETTLE_MS / 5)
        found.append(float(page.evaluate(REDRAWN, str(number / 20))))
    page.close()
    return found


def polled(browser: Browser, server: Served, address: str, users: list[str]) -> tuple[list[Turn], list[Turn]]:
    """Measure /recommend without and with an open page that polls, in turns."""
    requests = [get(f"/recommend/{user}?k=10") for user in users]
    page = browser.new_page()
    alone, beside = [], []
    measure(server, requests, WARM_UP_SECONDS)
    for _ in range(ROUNDS):
        page.goto("about:blank")
        alone.append(measure(server, requests, SECONDS))
        page.goto(address + VIEWS["service"])
        page.wait_for_timeout(SETTLE_MS)
        beside.append(measure(server, requests, SECONDS))
    page.close()
    return alone, beside


def figures(browser: Browser, server: Served, address: str) -> str:
    """Measure the page; return Markdown tables."""
    users = list(Store(server.store).load().model.users)
    first_list(browser, address)  # workers that have answered
    firsts = [first_list(browser, address) for _ in range(TURNS)]
    turned = redrawn(browser, address)
    weights = {name: received(browser, address, path) for name, path in VIEWS.items()}
    alone, beside = polled(browser, server, address, users)
    times = [
        ["navigation to the first card, empty cache", _ms(firsts)],
        ["change of a knob to the redrawn list (60 ms of it wait for the hand to rest)", _ms(turned)],
    ]
    loads = [
        ["`/recommend`", _rate(alone), "1"],
        [
            "`/recommend`, the service view open",
            _rate(beside),
            spread([with_page.rate / without.rate for with_page, without in zip(beside, alone, strict=True)]),
        ],
    ]
    rows = [[name, f"{files / 1000:.0f}", f"{answers / 1000:.0f}"] for name, (files, answers) in weights.items()]
    return "\n".join(
        [
            table("Times", ["", f"ms, median of {TURNS} (min-max)"], times),
            table("Bytes of the first view", ["view", "page, kB", "answers, kB"], rows),
            table("Load", ["", "answers/s", "ratio"], loads),
        ]
    )


def _ms(values: list[float]) -> str:
    return f"{statistics.median(values):.0f} ({min(values):.0f}-{max(values):.0f})"


def _rate(turns: list[Turn]) -> str:
    return f"{statistics.median(turn.rate for turn in turns):,.0f}"


def on_store(store: Path, work: Callable[[Browser, Served, str], None], workers: int) -> None:
    """Serve a store with an empty event store, and do some work with a browser."""
    with (
        tempfile.TemporaryDirectory() as folder,
        served(store, Path(folder) / "events.sqlite", workers) as server,
        chromium() as browser,
    ):
        work(browser, server, "http://{}:{}".format(*server.address))


def draw(page: Page, address: str) -> None:
    target = ROOT / "docs" / "page.webp"
    page_picture.save(page_picture.frames(page, address), target)
    print(f"{target}: {target.stat().st_size / 1000:,.0f} kB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("screenshots", "figures", "picture"))
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("--output", type=Path, default=Path("var/page"))
    parser.add_argument("--store", type=Path, default=Path("var/store"))
    given = parser.parse_args()
    if given.part == "screenshots":
        with chromium() as browser:
            taken = shoot(browser, given.address.rstrip("/"), VIEWS, given.output)
        print(f"{len(taken)} pictures in {given.output}")
    elif given.part == "figures":
        on_store(given.store, lambda *work: print(figures(*work)), workers=2)
    else:
        size = page_picture.SIZE
        on_store(
            given.store,
            lambda browser, _, address: draw(
                browser.new_page(viewport=size, color_scheme="light", reduced_motion="reduce"), address
            ),
            workers=1,
        )


if __name__ == "__main__":
    main()
