"""Pictures from bytes, read with strict limits. The only file of the core that imports Pillow.

Only PNG and JPEG are read, so no other decoder is ever run. The header says how large a picture is, and one that is larger than
allowed is refused before any of it is decoded.
"""

from __future__ import annotations

import importlib.util
import io
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recsys.errors import ConfigError, PictureError

FORMATS: Final[Mapping[str, str]] = {"image/png": "PNG", "image/jpeg": "JPEG"}
MOST_PIXELS = 64_000_000
LONGEST_SIDE = 1024  # of what an encoder is given; none looks at more
DEEP = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}  # modes with more than eight bits
WHITE = (255, 255, 255)
SHOWN = 120
NOT_INSTALLED = "Pillow is not installed; install the extra `pictures`"

Picture = Any  # PIL.Image.Image in mode RGB

_DECODING = threading.Lock()  # filters of warnings are those of the whole process


@dataclass(frozen=True)
class PictureBytes:
    """A picture as it was sent or read.

    Parameters
    ----------
    content : bytes
    media : str or None
        What it is said to be, a key of FORMATS; None: either of them.
    """

    content: bytes
    media: str | None = None


def decode(given: PictureBytes, most_pixels: int = MOST_PIXELS) -> Picture:
    """A picture in RGB, upright, on white where it is transparent, its longer side at most LONGEST_SIDE.

    Parameters
    ----------
    most_pixels : int
        Width times height that is taken.

    Raises
    ------
    PictureError
        When it is of another format, larger, or damaged.
    ConfigError
        When Pillow is not installed.
    """
    image = library()
    formats = [FORMATS[given.media]] if given.media else [*FORMATS.values()]
    with _DECODING, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes, which are looked at here, and of metadata, which is not
        try:
            with image.open(io.BytesIO(given.content), formats=formats) as opened:
                _check_size(opened.size, most_pixels)
                return _plain(image, opened)
        except PictureError:
            raise
        except image.DecompressionBombError as error:
            raise PictureError(f"the picture has more than {most_pixels} pixels; send a smaller one") from error
        except Exception as error:  # Pillow meets a crafted file with errors of many kinds
            raise PictureError(_told(error, formats)) from error


def squared(picture: Picture, side: int) -> NDArray[np.uint8]:
    """A picture as a square, uint8 array (side, side, 3); another shape is compressed, so that nothing is cut off."""
    if picture.size != (side, side):
        picture = picture.resize((side, side), library().Resampling.BOX)
    return np.asarray(picture, dtype=np.uint8)


def library() -> Any:
    """The module ``PIL.Image``; raises ConfigError where Pillow is not installed."""
    if not installed():
        raise ConfigError(f"pictures cannot be read: {NOT_INSTALLED}")
    from PIL import Image

    return Image


def installed() -> bool:
    """Whether there is Pillow."""
    return importlib.util.find_spec("PIL") is not None


def _check_size(size: tuple[int, int], most_pixels: int) -> None:
    if size[0] * size[1] > most_pixels:
        raise PictureError(f"the picture has {size[0]} x {size[1]} pixels, more than {most_pixels}; send a smaller one")


def _plain(image: Any, opened: Any) -> Picture:
    from PIL import ImageOps

    opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a large JPEG is decoded at a fraction of its size
    opened.load()
    opened.thumbnail((LONGEST_SIDE, LONGEST_SIDE), image.Resampling.BOX, reducing_gap=None)
    found = ImageOps.exif_transpose(opened)
    if found.mode in DEEP:
        return found.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    if found.has_transparency_data:
        found = found.convert("RGBA")
        below = image.new("RGBA", found.size, (*WHITE, 255))
        found = image.alpha_composite(below, found)
    return found.convert("RGB")


def _told(error: Exception, formats: list[str]) -> str:
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return f"the picture is no {' and no '.join(formats)} file"
    reason = " ".join(str(error).split())[:SHOWN] or type(error).__name__
    return f"the picture cannot be read, it is damaged or not complete: {reason}"
