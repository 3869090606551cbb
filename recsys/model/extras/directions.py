"""Principal directions of the item vectors, and descriptions of their ends."""

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
    """Spearman correlation of a numeric attribute with the position along a direction, -1 to 1."""

    attribute: str
    correlation: float


class Direction(NamedTuple):
    """Principal direction.

    Parameters
    ----------
    space : str
        "collaborative": of the ALS factors; "content": of the text vectors.
    number : int
        Rank by falling share, from 1.
    share : float
        Share of the variance of the space.
    low, high : Meaning
        Descriptions of the items at the two ends.
    correlations : tuple of Correlation
        With the popularity and the numeric attributes of the items.
    """

    space: Space
    number: int
    share: float
    low: Meaning
    high: Meaning
    correlations: tuple[Correlation, ...]


def _encode(direction: Direction) -> dict[str, Any]:
    return {**direction._asdict(), "low": direction.low.to_json(), "high": direction.high.to_json()}


def _decode(record: Mapping[str, Any]) -> Direction:
    if record["space"] not in SPACES:
        raise ValueError(f"there is no space {record['space']!r}")
    return Direction(
        record["space"],
        int(record["number"]),
        float(record["share"]),
        Meaning.from_json(record["low"]),
        Meaning.from_json(record["high"]),
        tuple(Correlation(*pair) for pair in record["correlations"]),
    )


@dataclass(frozen=True, eq=False)
class Directions(Part):
    """Leading directions of each space."""

    name: ClassVar[str] = "directions"
    fields: ClassVar[Fields] = {
        "directions": Records(_encode, _decode),
    }

    directions: tuple[Direction, ...]

    def confirm(self, sizes: Sizes) -> None:
        super().confirm(sizes)
        if not all(
            end.sound(sizes["items"]) for direction in self.directions for end in (direction.low, direction.high)
        ):
            raise BundleError("directions: an item is out of range")

    def __len__(self) -> int:
        return len(self.directions)
