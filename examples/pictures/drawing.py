"""Drawing of scenes: a plain background with some noise, and objects of one shape and color in one region of it."""

from __future__ import annotations

import colorsys
import io
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from examples.pictures.scenes import Scene
from recsys.encoders.pictures import Picture

SIDE = 96
FINE = 3  # factor of supersampling, for smooth edges
HUES: Final[Mapping[str, int]] = {
    "red": 0,
    "orange": 28,
    "yellow": 54,
    "green": 115,
    "turquoise": 175,
    "blue": 222,
    "purple": 272,
    "pink": 322,
}
CENTRES: Final[Mapping[str, tuple[float, float]]] = {
    "top left": (0.28, 0.28),
    "top right": (0.72, 0.28),
    "bottom left": (0.28, 0.72),
    "bottom right": (0.72, 0.72),
    "middle": (0.5, 0.5),
}
NUMBERS: Final[Mapping[str, int]] = {"one": 1, "two": 2, "three": 3, "four": 4}
DISTANCES = {1: 0.0, 2: 0.12, 3: 0.14, 4: 0.16}  # of each object from the center of its region
RADIUS = 0.105
TILT = 0.3  # radians, at most

Points = NDArray[np.float64]


def draw(scene: Scene, random: Generator, side: int = SIDE) -> Picture:
    """Draw an RGB picture of `side` x `side` pixels; `random` draws size, place, tilt, tone and background."""
    large = side * FINE
    ground = _rgb(random.random(), random.uniform(0, 0.12), random.uniform(0.86, 1))
    hue = (HUES[scene.colour] + random.uniform(-6, 6)) / 360 % 1
    paint = _rgb(hue, random.uniform(0.7, 0.95), random.uniform(0.7, 0.9))
    picture = Image.new("RGB", (large, large), ground)
    pencil = ImageDraw.Draw(picture)
    radius = RADIUS * random.uniform(0.85, 1.05)
    for place in _places(scene, random):
        outline, hole = OUTLINES[scene.shape]()
        turned = _turn(random.uniform(-TILT, TILT))
        for points, colour in ((outline, paint), (hole, ground)):
            if len(points):
                placed = (place + radius * points @ turned) * large
                pencil.polygon([(float(x), float(y)) for x, y in placed], fill=colour)
    small = np.asarray(picture.resize((side, side), Image.Resampling.BOX), dtype=np.float64)
    small = small + random.normal(0, random.uniform(0, 6), size=small.shape)
    return Image.fromarray(np.clip(np.rint(small), 0, 255).astype(np.uint8), "RGB")


def png(picture: Picture) -> bytes:
    """Return the picture as a PNG file."""
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def sheet(rows: list[list[Picture]], gap: int = 4) -> Picture:
    """Arrange pictures of equal size in rows of any lengths on a white picture."""
    side = rows[0][0].size[0]
    width, height = (gap + n * (side + gap) for n in (max(map(len, rows)), len(rows)))
    whole = Image.new("RGB", (width, height), (255, 255, 255))
    for down, row in enumerate(rows):
        for across, picture in enumerate(row):
            whole.paste(picture, (gap + across * (side + gap), gap + down * (side + gap)))
    return whole


def _places(scene: Scene, random: Generator) -> Points:
    """Return the centers of the objects, (n, 2), in a picture of side 1."""
    n = NUMBERS[scene.count]
    centre = np.array(CENTRES[scene.position]) + random.uniform(-0.02, 0.02, size=2)
    angles = random.uniform(0, 2 * np.pi) + 2 * np.pi * np.arange(n) / n
    if n == 4:
        angles = np.pi / 4 + random.uniform(-0.2, 0.2) + 2 * np.pi * np.arange(n) / n  # within its region
    found: Points = centre + DISTANCES[n] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return found


def _turn(angle: float) -> Points:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, sine], [-sine, cosine]])


def _rgb(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, saturation, value))
    return red, green, blue


def _round(radius: float = 1.0, n: int = 40, start: float = 0.0, stop: float = 2 * np.pi) -> Points:
    angles = np.linspace(start, stop, n)
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _corners(radii: tuple[float, ...], n: int) -> Points:
    """Return a polygon whose corners are at these distances in turn; the first points up."""
    angles = -np.pi / 2 + 2 * np.pi * np.arange(n) / n
    lengths = np.resize(radii, n)
    found: Points = lengths[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return found


def _cross() -> Points:
    arm, wide = 1.0, 0.36
    quarter = np.array([[wide, arm], [wide, wide], [arm, wide]])
    return np.concatenate([quarter @ np.linalg.matrix_power(_turn(-np.pi / 2), turn) for turn in range(4)])


def _heart() -> Points:
    t = np.linspace(0, 2 * np.pi, 40)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([x, -y], axis=1) / 16


def _crescent() -> Points:
    outer = _round(1.0, 30, np.pi / 3, 2 * np.pi - np.pi / 3)
    inner = _round(0.883, 30, 2 * np.pi - 1.377, 1.377) + np.array([0.33, 0])  # meets the ends of the outer arc
    found: Points = np.concatenate([outer, inner]) + np.array([0.25, 0])
    return found


NOTHING: Points = np.empty((0, 2))
SQUARE = 1.2
OUTLINES: Final[Mapping[str, Callable[[], tuple[Points, Points]]]] = {
    "circle": lambda: (_round(0.95), NOTHING),
    "square": lambda: (_corners((SQUARE,), 4) @ _turn(np.pi / 4), NOTHING),
    "triangle": lambda: (_corners((1.15,), 3), NOTHING),
    "star": lambda: (_corners((1.2, 0.5), 10), NOTHING),
    "ring": lambda: (_round(1.0), _round(0.6)),
    "cross": lambda: (_cross(), NOTHING),
    "heart": lambda: (_heart(), NOTHING),
    "crescent": lambda: (_crescent(), NOTHING),
}
