"""Pictures from bytes: what is read, and that everything else is one clear error."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from recsys.encoders import pictures
from recsys.encoders.pictures import LONGEST_SIDE, MOST_PIXELS, PictureBytes, decode
from recsys.errors import ConfigError, PictureError
from tests.support.tiny_towers import picture, saved

RED = (220, 30, 30)


def pixel(content: bytes, at: tuple[int, int] = (15, 15)) -> tuple[int, ...]:
    found = decode(PictureBytes(content))
    assert found.mode == "RGB"
    return found.getpixel(at)


def near(found: tuple[int, ...], wanted: tuple[int, ...], by: int = 3) -> bool:
    return len(found) == len(wanted) and all(abs(one - other) <= by for one, other in zip(found, wanted, strict=True))


def test_png_and_jpeg_are_read() -> None:
    assert pixel(saved(picture())) == RED
    assert near(pixel(saved(picture(), "JPEG", quality=95)), RED, 6)


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA"])
def test_every_mode_of_png_becomes_rgb(mode: str) -> None:
    given = Image.new("L", (20, 20), 128).convert(mode, dither=Image.Dither.NONE)
    assert near(pixel(saved(given)), (255,) * 3 if mode == "1" else (128,) * 3)


def test_sixteen_bits_become_eight() -> None:
    deep = Image.fromarray(np.full((20, 20), 128 * 257, dtype=np.uint16))
    assert deep.mode == "I;16"
    assert near(pixel(saved(deep)), (128, 128, 128))


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_every_mode_of_jpeg_becomes_rgb(mode: str) -> None:
    assert near(pixel(saved(Image.new("L", (20, 20), 128).convert(mode), "JPEG")), (128, 128, 128), 4)


def test_what_is_transparent_is_white() -> None:
    clear = Image.new("RGBA", (20, 20), (220, 30, 30, 0))
    half = Image.new("RGBA", (20, 20), (0, 0, 0, 128))
    assert pixel(saved(clear)) == (255, 255, 255)
    assert near(pixel(saved(half)), (127, 127, 127))
    indexed = Image.new("P", (20, 20), 0)
    indexed.putpalette([220, 30, 30])
    assert pixel(saved(indexed, transparency=0)) == (255, 255, 255)


def test_a_photograph_that_was_taken_on_its_side_is_upright() -> None:
    made = Image.new("RGB", (40, 20), RED)
    made.paste((0, 0, 255), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[274] = 6  # to be turned by 90 degrees
    found = decode(PictureBytes(saved(made, "JPEG", exif=exif, quality=95)))
    assert found.size == (20, 40)
    assert near(found.getpixel((10, 5)), (0, 0, 255), 8)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_what_is_large_is_shrunk(kind: str) -> None:
    found = decode(PictureBytes(saved(Image.new("RGB", (3000, 1500), RED), kind)))
    assert found.size == (LONGEST_SIDE, LONGEST_SIDE // 2)
    assert near(found.getpixel((5, 5)), RED, 6)


def test_another_format_is_told() -> None:
    for kind in ("GIF", "BMP", "TIFF"):
        with pytest.raises(PictureError, match="the picture is no PNG and no JPEG file"):
            decode(PictureBytes(saved(picture(), kind)))
    with pytest.raises(PictureError, match=r"the picture is no JPEG file"):
        decode(PictureBytes(saved(picture()), "image/jpeg"))
    assert decode(PictureBytes(saved(picture()), "image/png")).size == (20, 20)


@pytest.mark.parametrize("content", [b"", b"\0", b"\x89PNG\r\n\x1a\n", b"<svg/>", b"\xff\xd8\xff", b"a" * 10_000])
def test_what_is_no_picture_is_told(content: bytes) -> None:
    with pytest.raises(PictureError, match=r"the picture (is no PNG and no JPEG file|cannot be read)"):
        decode(PictureBytes(content))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_file_that_ends_early_is_told(kind: str) -> None:
    content = saved(Image.fromarray(np.random.default_rng(0).integers(0, 255, (50, 50, 3), dtype=np.uint8)), kind)
    with pytest.raises(PictureError, match="the picture cannot be read, it is damaged or not complete"):
        decode(PictureBytes(content[: len(content) // 2]))


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header promises a size, and that is some hundred bytes long."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(10_000, 10_000), (2**31 - 1, 2**31 - 1), (100_000, 100_000), (1, 2**31 - 1)])
def test_a_bomb_is_refused_by_its_header(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: object) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", load)
    with pytest.raises(PictureError, match="pixels"):
        decode(PictureBytes(bomb(*size)))


def test_the_limit_is_exact() -> None:
    content = saved(Image.new("L", (100, 50)))
    assert decode(PictureBytes(content), most_pixels=5000).size == (100, 50)
    with pytest.raises(PictureError, match="the picture has 100 x 50 pixels, more than 4999; send a smaller one"):
        decode(PictureBytes(content), most_pixels=4999)
    assert MOST_PIXELS < Image.MAX_IMAGE_PIXELS


def test_a_bomb_of_text_is_refused() -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("comment", "a" * 100_000_000, zip=True)
    with pytest.raises(PictureError, match="cannot be read"):
        decode(PictureBytes(saved(picture(), pnginfo=info)))


BASES = [
    saved(picture()),
    saved(picture(), "JPEG"),
    saved(picture().convert("P")),
    saved(picture(), "JPEG", progressive=True),
]


@given(st.sampled_from(BASES), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8))
def test_whatever_is_damaged_is_a_picture_or_an_error_of_ours(base: bytes, changes: list[tuple[int, int]]) -> None:
    content = bytearray(base)
    for place, value in changes:
        content[place % len(content)] = value
    told = "x"
    try:
        assert decode(PictureBytes(bytes(content)), most_pixels=1_000_000).mode == "RGB"
    except PictureError as error:
        told = str(error)
    assert told
    assert "\n" not in told
    assert "0x" not in told


def test_without_pillow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "installed", lambda: False)
    with pytest.raises(ConfigError, match="Pillow is not installed; install the extra `pictures`"):
        decode(PictureBytes(saved(picture())))


def test_the_picture_is_not_a_view_of_a_closed_file() -> None:
    found = decode(PictureBytes(saved(picture())))
    again = io.BytesIO()
    found.save(again, "PNG")
    assert again.tell()
