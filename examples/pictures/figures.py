"""Retrieval and caption figures of towers on unseen scenes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from examples.pictures.drawing import draw
from examples.pictures.scenes import WORDS, Scene
from recsys.data.vectors import Vectors
from recsys.encoders.picture_encoders import PictureEncoder
from recsys.encoders.pictures import Picture

DEPTHS = (1, 5)


@dataclass(frozen=True)
class Retrieval:
    """Shares of queries whose answer is among the first, by direction and depth.

    Parameters
    ----------
    name : str
        Description of queries and candidates.
    questions, among : int
        Numbers of queries and of candidates.
    to_picture, to_text : dict
        By depth: a caption finds its picture, a picture its caption.
    """

    name: str
    questions: int
    among: int
    to_picture: dict[int, float]
    to_text: dict[int, float]

    def chance(self, depth: int) -> float:
        """Return the share of a random order."""
        return depth / self.among


@dataclass(frozen=True)
class Captions:
    """Shares of pictures whose nearest value of an attribute is right, and of those with all values right."""

    name: str
    pictures: int
    right: dict[str, float]
    whole: float


@dataclass(frozen=True, eq=False)
class Shown:
    """Scenes, a picture of each, and the vectors of the pictures and of the captions."""

    scenes: list[Scene]
    pictures: list[Picture]
    looks: Vectors
    texts: Vectors

    @classmethod
    def of(cls, encoder: PictureEncoder, scenes: Sequence[Scene], random_state: int) -> Shown:
        """Draw a new picture and a complete caption of each scene."""
        random = np.random.default_rng(random_state)
        pictures = [draw(scene, random) for scene in scenes]
        texts = [scene.told(random) for scene in scenes]
        return cls(list(scenes), pictures, encoder.encode_pictures(pictures), encoder.encode(texts))

    def and_more(self, other: Shown) -> Shown:
        """Return both, this set first."""
        return Shown(
            self.scenes + other.scenes,
            self.pictures + other.pictures,
            np.concatenate((self.looks, other.looks)),
            np.concatenate((self.texts, other.texts)),
        )


def retrieval(name: str, asked: Shown, others: Shown | None = None) -> Retrieval:
    """Rank pictures for each caption and captions for each picture, among all queries and `others`."""
    among = asked if others is None else asked.and_more(others)
    to_picture, to_text = _ranks(asked.texts, among.looks), _ranks(asked.looks, among.texts)
    return Retrieval(
        name,
        len(asked.scenes),
        len(among.scenes),
        {depth: float((to_picture < depth).mean()) for depth in DEPTHS},
        {depth: float((to_text < depth).mean()) for depth in DEPTHS},
    )


def captions(name: str, encoder: PictureEncoder, shown: Shown) -> Captions:
    """Compare the nearest value of each attribute, encoded as a word, with that of each picture."""
    right: dict[str, NDArray[np.bool_]] = {}
    for attribute, values in WORDS.items():
        names = list(values)
        nearest = np.argmax(shown.looks @ encoder.encode(names).T, axis=1)
        truth = [names.index(getattr(scene, attribute)) for scene in shown.scenes]
        right[attribute] = nearest == np.array(truth)
    whole = float(np.all([*right.values()], axis=0).mean())
    return Captions(name, len(shown.scenes), {key: float(found.mean()) for key, found in right.items()}, whole)


def _ranks(questions: Vectors, answers: Vectors) -> NDArray[np.int64]:
    """Return how many answers are nearer to query i than answer i; equal ones count as nearer."""
    scores = questions @ answers.T
    own = np.take_along_axis(scores, np.arange(len(questions))[:, None], axis=1)
    return np.asarray((scores >= own).sum(axis=1) - 1)
