"""The principal directions of a space of item vectors, and what lies at their ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

from recsys.data.packed import Records
from recsys.data.part import Fields, Part, Sizes
from recsys.errors import BundleError
from recsys.model.extras.descriptions import Meaning

Space = Literal["collaborative", "content"]
SPACES: tuple[Space, ...] = ("collaborative", "content")
POPULARITY = "popularity"


class Correlation(NamedTuple):
    """How the place of an item along a direction goes with a number of it, -1 to 1 (Spearman)."""

    attribute: str
    correlation: float


class Direction(NamedTuple):
    """One principal direction.

    Parameters
    ----------
    space : str
        "collaborative": of the factors that behaviour gives; "content": of the text vectors.
    number : int
        From 1, by falling share.
    share : float
        Of the variance of the space that lies along it.
    low, high : Meaning
        Of the items at its two ends.
    correlations : tuple of Correlation
        With the popularity of the items and their numbers.
    """

    space: Space
    number: int
    share: float
    low: Meaning
    high: Meaning
    correlations: tuple[Correlation, ...]


def _written(one: Direction) -> dict[str, Any]:
    return {**one._asdict(), "low": one.low.to_json(), "high": one.high.to_json()}


def _read(found: Mapping[str, Any]) -> Direction:
    if found["space"] not in SPACES:
        raise ValueError(f"there is no space {found['space']!r}")
    return Direction(
        found["space"],
        int(found["number"]),
        float(found["share"]),
        Meaning.from_json(found["low"]),
        Meaning.from_json(found["high"]),
        tuple(Correlation(*one) for one in found["correlations"]),
    )


@dataclass(frozen=True, eq=False)
class Directions(Part):
    """The leading directions of every space."""

    name: ClassVar[str] = "directions"
    fields: ClassVar[Fields] = {
        "directions": Records(_written, _read),
    }

    directions: tuple[Direction, ...]

    def confirm(self, sizes: Sizes) -> None:
        super().confirm(sizes)
        if not all(end.sound(sizes["items"]) for one in self.directions for end in (one.low, one.high)):
            raise BundleError("directions: an item is out of range")

    def __len__(self) -> int:
        return len(self.directions)
