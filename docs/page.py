"""Pictures of the page of a running service: ``python docs/page.py screenshots`` and ``python docs/page.py picture``.

``screenshots`` writes every view at 1440 and 390 pixels, light and dark, into a folder. ``picture`` writes docs/page.webp, the
animation of the README; it needs the model of the sample, and sends one like.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-background-networking", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
ADDRESS = "http://127.0.0.1:8000"
SIZES = {1440: 1000, 390: 844}
VIEWS = {
    "landing": "/",
    "user": "/ui/users/u0042",
    "guest": "/ui/users?guest=true&likes=alien-1979",
    "items": "/ui/items",
    "item": "/ui/items/alien-1979?user=u0042",
    "search": "/ui/search?q=a+lonely+robot+in+space",
    "map": "/ui/map?user=u0042",
    "groups": "/ui/groups",
    "segments": "/ui/groups?tab=segments",
    "directions": "/ui/groups?tab=directions",
    "anomalies": "/ui/anomalies?kind=users",
    "models": "/ui/models",
    "lists": "/ui/models?tab=lists&user=u0042",
    "report": "/ui/models?tab=report",
    "service": "/ui/service",
}
SETTLE_MS = 2500  # for views that poll or draw
FRAME_MS, LAST_MS = 1500, 2500
FRAME = {"width": 1200, "height": 760}
QUALITY = 72


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as client:
        browser = client.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@click.group()
def main() -> None:
    """Pictures of the page."""


@main.command()
@click.option("--address", default=ADDRESS, show_default=True)
@click.option("--output", default=Path("var/page"), type=click.Path(path_type=Path), show_default=True)
def screenshots(address: str, output: Path) -> None:
    """Write every view at both widths and in both themes."""
    output.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for name, path in VIEWS.items():
            for width, height in SIZES.items():
                for theme in ("light", "dark"):
                    context = browser.new_context(
                        viewport={"width": width, "height": height},
                        color_scheme=theme,  # type: ignore[arg-type]
                    )
                    page = context.new_page()
                    page.goto(address + path)
                    page.wait_for_timeout(SETTLE_MS)
                    page.screenshot(path=output / f"{name}-{width}-{theme}.png", full_page=width == min(SIZES))
                    context.close()


@main.command()
@click.option("--address", default=ADDRESS, show_default=True)
@click.option("--output", default=Path("docs/page.webp"), type=click.Path(path_type=Path), show_default=True)
def picture(address: str, output: Path) -> None:
    """Write the animation of the README."""
    frames: list[Image.Image] = []
    with chromium() as browser:
        page = browser.new_context(viewport=FRAME, color_scheme="light", reduced_motion="reduce").new_page()  # type: ignore[arg-type]

        def take() -> None:
            page.wait_for_timeout(400)
            frames.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))

        for step in STEPS:
            step(page, address, take)
    times = [FRAME_MS] * (len(frames) - 1) + [LAST_MS]
    frames[0].save(output, save_all=True, append_images=frames[1:], duration=times, loop=0, quality=QUALITY, method=6)
    click.echo(f"{output}: {len(frames)} frames, {output.stat().st_size:,} bytes")


Take = Callable[[], None]


def _list(page: Page, address: str, take: Take) -> None:
    page.goto(f"{address}/ui/users/u0042")
    page.wait_for_load_state("networkidle")
    take()
    page.get_by_role("button", name="Why, and what would change it").first.click()
    page.wait_for_load_state("networkidle")
    take()
    page.get_by_role("button", name="Less").first.click()


def _knobs(page: Page, _: str, take: Take) -> None:
    page.get_by_label("Popularity penalty").fill("0.4")
    page.wait_for_load_state("networkidle")
    take()
    page.get_by_label("Popularity penalty").fill("0")
    page.get_by_label("Weight of content").fill("3")
    page.wait_for_load_state("networkidle")
    take()
    page.get_by_label("Weight of content").fill("1")
    page.wait_for_timeout(SETTLE_MS)


def _like(page: Page, _: str, take: Take) -> None:
    page.locator("ol.cards > li").nth(2).get_by_role("button", name="Like").click()
    page.wait_for_load_state("networkidle")
    take()


def _others(page: Page, address: str, take: Take) -> None:
    for path in (
        "/ui/items/alien-1979?user=u0042",
        "/ui/map?user=u0042",
        "/ui/search?q=a+lonely+robot+in+space",
        "/ui/models",
    ):
        page.goto(address + path)
        page.wait_for_timeout(SETTLE_MS)
        take()


STEPS = (_list, _knobs, _like, _others)

if __name__ == "__main__":
    main()
