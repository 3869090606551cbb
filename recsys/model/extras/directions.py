"""Principal directions of the item vectors, and descriptions of their ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import TypeAdapter

from recsys.data.packed import Records
from recsys.data.part import Part, Sizes
from recsys.errors import BundleError
from recsys.model.extras.descriptions import Meaning

Space = Literal["collaborative", "content"]
POPULARITY = "popularity"


class Correlation(NamedTuple):
    """Spearman correlation of a numeric attribute with the position along a direction, -1 to 1."""

    attribute: str
    correlation: float


class Direction(NamedTuple):
    """Principal direction, with descriptions of the items at its two ends."""

    space: Space  # "collaborative": of the ALS factors; "content": of the text vectors
    number: int  # rank by falling share, from 1
    share: float  # of the variance of the space
    low: Meaning
    high: Meaning
    correlations: tuple[Correlation, ...]  # with the popularity and the numeric attributes of the items


def _encode(direction: Direction) -> dict[str, Any]:
    return {**direction._asdict(), "low": direction.low._asdict(), "high": direction.high._asdict()}


@dataclass(frozen=True, eq=False)
class Directions(Part):
    """Leading directions of each space."""

    name = "directions"
    directions: Annotated[tuple[Direction, ...], Records(_encode, TypeAdapter(Direction).validate_python)]

    def confirm(self, sizes: Sizes) -> None:
        super().confirm(sizes)
        ends = (end for direction in self.directions for end in (direction.low, direction.high))
        if not all(end.sound(sizes["items"]) for end in ends):
            raise BundleError("directions: an item is out of range")

    def __len__(self) -> int:
        return len(self.directions)
