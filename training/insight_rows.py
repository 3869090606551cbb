"""What the report says of exposure, suggested attributes, and what stands out, as rows of text and numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Exposure:
    """How the items share the places in the first `k` of the lists of all `users` that the model serves.

    `figures` are those of :class:`training.measured.Measured`, by name; `tenths` the shares of the tenths of the items by
    popularity, from the tail to the head.
    """

    k: int
    users: int
    figures: dict[str, float]
    tenths: tuple[float, ...]


@dataclass(frozen=True)
class TagQuality:
    """How well an attribute is suggested, by behaviour and content ("blended") or by "text" alone, on held-out items."""

    attribute: str
    space: str
    values: int
    voters: int
    threshold: float
    tested: int
    precision: float
    recall: float
    f1: float
    calibration_error: float
    base_f1: float


@dataclass(frozen=True)
class OddOne:
    """An item or a user that stands out, with the sentences that say why; `suspect` of a user."""

    id: str
    title: str
    score: float
    suspect: bool
    sentences: tuple[str, ...]
