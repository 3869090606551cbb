"""The program that measures and pictures the page, on one view."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from benchmarks import page, page_picture
from tests.support.running import Running

MOST_BYTES = 400_000


def address(site: Running) -> str:
    return f"http://127.0.0.1:{site.port}"


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def test_a_view_is_pictured_at_both_widths_in_both_themes(browser: Browser, site: Running, tmp_path: Path) -> None:
    taken = page.shoot(browser, address(site), {"groups": page.VIEWS["groups"]}, tmp_path)
    sizes = [size(path) for path in taken]
    assert sizes[:2] == [(1440, 900)] * 2
    assert {width for width, _ in sizes[2:]} == {390}


def test_a_view_is_measured(browser: Browser, site: Running) -> None:
    assert page.first_list(browser, address(site)) > 0
    files, answers = page.received(browser, address(site), page.VIEWS["users"])
    assert 0 < answers < files < files + answers < MOST_BYTES


def test_frames_become_one_moving_picture(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (60, 40), color) for color in ("red", "green", "blue")]
    page_picture.save(frames, tmp_path / "moving.webp")
    with Image.open(tmp_path / "moving.webp") as moving:
        assert (moving.n_frames, moving.info["loop"]) == (3, 0)  # type: ignore[attr-defined]
