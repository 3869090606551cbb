"""Pictures decoded from bytes with strict limits; the only module that imports Pillow.

Only PNG and JPEG are read, so no other decoder runs. A picture whose header has a size above the limit is rejected before it is
decoded.
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
LONGEST_SIDE = 1024  # of the input of an encoder; none uses more
DEEP = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}  # modes with more than eight bits
LONGEST_REASON = 120
NOT_INSTALLED = "Pillow is not installed; install the extra `pictures`"

Picture = Any  # PIL.Image.Image in mode RGB

_DECODING = threading.Lock()  # warning filters are shared by the whole process


@dataclass(frozen=True)
class PictureBytes:
    """Encoded picture."""

    content: bytes
    media: str | None = None  # declared type, a key of FORMATS; None: any of them


def decode(encoded: PictureBytes, most_pixels: int = MOST_PIXELS) -> Picture:
    """Decode a picture to RGB, upright, on white, with a longer side of at most LONGEST_SIDE.

    Raises
    ------
    PictureError
        When it has another format or more than `most_pixels` pixels (width times height), or is damaged.
    ConfigError
        When Pillow is not installed.
    """
    image = library()
    formats = [FORMATS[encoded.media]] if encoded.media else [*FORMATS.values()]
    with _DECODING, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about sizes, which are checked here, and about metadata, which is not used
        try:
            with image.open(io.BytesIO(encoded.content), formats=formats) as opened:
                width, height = opened.size
                if width * height > most_pixels:
                    raise PictureError(
                        f"the picture has {width} x {height} pixels, more than {most_pixels}; send a smaller one"
                    )
                return _plain(image, opened)
        except PictureError:
            raise
        except image.DecompressionBombError as error:
            raise PictureError(f"the picture has more than {most_pixels} pixels; send a smaller one") from error
        except Exception as error:  # Pillow raises errors of many kinds on crafted files
            raise PictureError(_describe(error, formats)) from error


def squared(picture: Picture, side: int) -> NDArray[np.uint8]:
    """Return a picture as a uint8 array (side, side, 3); other shapes are squeezed, not cropped."""
    if picture.size != (side, side):
        picture = picture.resize((side, side), library().Resampling.BOX)
    return np.asarray(picture, dtype=np.uint8)


def library() -> Any:
    """Return the module ``PIL.Image``; raises ConfigError when Pillow is not installed."""
    if not installed():
        raise ConfigError(f"pictures cannot be read: {NOT_INSTALLED}")
    from PIL import Image

    return Image


def installed() -> bool:
    """Return whether Pillow is installed."""
    return importlib.util.find_spec("PIL") is not None


def _plain(image: Any, opened: Any) -> Picture:
    from PIL import ImageOps

    opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a large JPEG is decoded at a fraction of its size
    opened.load()
    opened.thumbnail((LONGEST_SIDE, LONGEST_SIDE), image.Resampling.BOX, reducing_gap=None)
    upright = ImageOps.exif_transpose(opened)
    if upright.mode in DEEP:
        return upright.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        upright = image.alpha_composite(image.new("RGBA", upright.size, "white"), upright)
    return upright.convert("RGB")


def _describe(error: Exception, formats: list[str]) -> str:
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return f"the picture is no {' and no '.join(formats)} file"
    reason = " ".join(str(error).split())[:LONGEST_REASON] or type(error).__name__
    return f"the picture cannot be read, it is damaged or not complete: {reason}"
