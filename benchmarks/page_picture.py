"""The moving picture of the README: a visit to the page of the sample, as frames of an animated WebP."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, ViewportSize

USER = "u0042"
MISSING = "alien-1979"
PENALTY = "0.5"
SIZE: ViewportSize = {"width": 1200, "height": 750}
FRAME_MS = 1200
QUALITY = 78
SETTLE_MS = 700
MAP_MS = 1600
MARGIN = 80
RADIUS, RING = 15, 3
POINTER, HALO = (226, 92, 31), (255, 255, 255)


class Visit:
    """Frames of what a page showed."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.frames: list[Image.Image] = []

    def open(self, path: str, settle_ms: int = SETTLE_MS) -> None:
        self.page.goto(self.address + path)
        self.page.wait_for_timeout(settle_ms)

    def take(self, where: Locator | None = None) -> None:
        """Add a frame; `where` is the element that is pressed next, which gets a ring."""
        frame = Image.open(BytesIO(self.page.screenshot())).convert("RGB")
        box = where.bounding_box() if where else None
        if box:
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            drawing = ImageDraw.Draw(frame)
            for radius, color, width in ((RADIUS + RING, HALO, RING + 2), (RADIUS, POINTER, RING)):
                drawing.ellipse((x - radius, y - radius, x + radius, y + radius), outline=color, width=width)
        self.frames.append(frame)

    def press(self, where: Locator) -> None:
        self.take(where)
        where.click()
        self.page.wait_for_timeout(SETTLE_MS)

    def show(self, where: Locator) -> None:
        """Scroll until an element is near the top."""
        where.evaluate(f"(one) => scrollTo(0, one.getBoundingClientRect().top + scrollY - {MARGIN})")
        self.page.wait_for_timeout(SETTLE_MS)


def frames(page: Page, address: str) -> list[Image.Image]:
    """Visit the page: a list, why, a knob, a like, the map, and why a list lacks an item."""
    visit = Visit(page, address)
    visit.open(f"/ui/users/{USER}")
    cards = page.locator("ol.cards > li")
    visit.take()
    visit.press(cards.first.get_by_role("button", name="Why, and what would change it"))
    visit.take()
    page.locator(".what-ifs").scroll_into_view_if_needed()
    visit.show(cards.first.locator(".details"))
    visit.take()
    cards.first.get_by_role("button", name="Less").click()
    page.evaluate("scrollTo(0, 0)")
    page.get_by_label("Popularity penalty").fill(PENALTY)
    page.wait_for_timeout(SETTLE_MS)
    visit.take(page.get_by_label("Popularity penalty"))
    visit.show(cards.nth(2))
    visit.take()
    page.evaluate("scrollTo(0, 0)")
    visit.press(cards.nth(1).get_by_role("button", name="Like"))
    visit.take()
    visit.open(f"/ui/map?user={USER}", MAP_MS)
    visit.take()
    visit.open(f"/ui/items/{MISSING}?user={USER}")
    visit.press(page.get_by_text("The arithmetic of the score"))
    visit.take()
    return visit.frames


def save(pictures: list[Image.Image], target: Path) -> None:
    first, *others = pictures
    first.save(
        target,
        save_all=True,
        append_images=others,
        duration=FRAME_MS,
        loop=0,
        quality=QUALITY,
        method=6,
        minimize_size=False,
    )
