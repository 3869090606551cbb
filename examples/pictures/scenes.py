"""Scenes and captions: objects of one shape and one color in a region of a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import product
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

SHAPES: Final[Mapping[str, tuple[str, ...]]] = {
    "circle": ("circle", "circles", "disc", "discs"),
    "square": ("square", "squares"),
    "triangle": ("triangle", "triangles"),
    "star": ("star", "stars"),
    "ring": ("ring", "rings"),
    "cross": ("cross", "crosses", "plus"),
    "heart": ("heart", "hearts"),
    "crescent": ("crescent", "crescents", "moon", "moons"),
}
COLOURS: Final[Mapping[str, tuple[str, ...]]] = {
    "red": ("red",),
    "orange": ("orange",),
    "yellow": ("yellow",),
    "green": ("green",),
    "turquoise": ("turquoise", "teal"),
    "blue": ("blue",),
    "purple": ("purple", "violet"),
    "pink": ("pink",),
}
COUNTS: Final[Mapping[str, tuple[str, ...]]] = {
    "one": ("one", "1", "single"),
    "two": ("two", "2"),
    "three": ("three", "3"),
    "four": ("four", "4"),
}
POSITIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "top left": ("top left", "upper left"),
    "top right": ("top right", "upper right"),
    "bottom left": ("bottom left", "lower left"),
    "bottom right": ("bottom right", "lower right"),
    "middle": ("middle", "centre", "center"),
}
WORDS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "shape": SHAPES,
    "colour": COLOURS,
    "count": COUNTS,
    "position": POSITIONS,
}
OPENINGS = ("", "", "a picture of", "some", "with", "you see")
PLACES = ("", "in the", "at the", "on the")
WHOLE = 0.6  # share of complete captions; the others describe each attribute with probability 1/2


@dataclass(frozen=True, order=True)
class Scene:
    """Contents of a picture, by the names of WORDS."""

    shape: str
    colour: str
    count: str
    position: str

    def told(self, random: Generator, attributes: Sequence[str] = ()) -> str:
        """Describe the scene in words drawn by `random`.

        Parameters
        ----------
        attributes : sequence of str
            Names of the fields to describe; empty: all.
        """
        words = {name: str(random.choice(WORDS[name][getattr(self, name)])) for name in attributes or tuple(WORDS)}
        where = words.pop("position", "")
        parts = [random.choice(OPENINGS), words.get("count", ""), words.get("colour", ""), words.get("shape", "")]
        parts += [random.choice(PLACES), where] if where else []
        return " ".join(str(part) for part in parts if part)


@dataclass(frozen=True)
class World:
    """Values of the attributes of scenes."""

    shape: tuple[str, ...] = tuple(SHAPES)
    colour: tuple[str, ...] = tuple(COLOURS)
    count: tuple[str, ...] = tuple(COUNTS)
    position: tuple[str, ...] = tuple(POSITIONS)

    def scenes(self) -> list[Scene]:
        """Return every combination."""
        return [Scene(*values) for values in product(*(getattr(self, field.name) for field in fields(self)))]


@dataclass(frozen=True)
class Parts:
    """Disjoint parts of the combinations of a world.

    Parameters
    ----------
    seen : list of Scene
        Training part.
    unseen : list of Scene
        Random part of the rest; training contains their pairs of shape and color with other positions or counts.
    unseen_pairs : list of Scene
        All combinations of some pairs of shape and color; each shape and each color is in one pair.
    """

    seen: list[Scene]
    unseen: list[Scene]
    unseen_pairs: list[Scene]


def split(world: World, share: float, random_state: int) -> Parts:
    """Hold out one color of each shape, and a share of the remaining combinations."""
    random = np.random.default_rng(random_state)
    colours = random.permutation(len(world.shape)) % len(world.colour)
    pairs = {(shape, world.colour[colour]) for shape, colour in zip(world.shape, colours.tolist(), strict=True)}
    unseen_pairs = [scene for scene in world.scenes() if (scene.shape, scene.colour) in pairs]
    rest = [scene for scene in world.scenes() if (scene.shape, scene.colour) not in pairs]
    held_out = set(random.permutation(len(rest))[: round(share * len(rest))].tolist())
    seen = [scene for num, scene in enumerate(rest) if num not in held_out]
    unseen = [scene for num, scene in enumerate(rest) if num in held_out]
    return Parts(seen, unseen, unseen_pairs)


@dataclass(frozen=True, eq=False)
class Caption:
    """Text, with a flag for each attribute that it describes, in the order of WORDS."""

    text: str
    told: NDArray[np.bool_]


def caption(scene: Scene, random: Generator) -> Caption:
    """Return a caption of all attributes or of a part."""
    told = np.ones(len(WORDS), dtype=bool)
    if random.random() >= WHOLE:
        told = random.random(len(WORDS)) < 0.5
        told[random.integers(len(WORDS))] = True
    return Caption(
        scene.told(random, [name for name, is_told in zip(WORDS, told.tolist(), strict=True) if is_told]), told
    )


def coded(scenes: Sequence[Scene]) -> NDArray[np.int64]:
    """Return the values of the attributes as numbers, (len(scenes), len(WORDS))."""
    numbers = {name: {value: num for num, value in enumerate(values)} for name, values in WORDS.items()}
    return np.array([[numbers[name][getattr(scene, name)] for name in WORDS] for scene in scenes], dtype=np.int64)


def vocabulary() -> tuple[str, ...]:
    """Return every word of captions, sorted."""
    told = [word for values in WORDS.values() for words in values.values() for word in words]
    return tuple(sorted({word for text in (*told, *OPENINGS, *PLACES) for word in text.split()}))
