"""The principal directions of a space of item vectors, and what lies at their ends."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.data.packed import Arrays, PackedStrings
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


@dataclass(frozen=True, eq=False)
class Directions:
    """The leading directions of every space."""

    directions: tuple[Direction, ...] = ()

    @classmethod
    def from_arrays(cls, arrays: Arrays, n_items: int) -> Directions:
        """Open the arrays of :meth:`to_arrays`; raises BundleError when they do not fit."""
        directions = tuple(_read(text) for text in PackedStrings(arrays["blob"], arrays["offsets"]))  # type: ignore[arg-type]
        if not all(end.sound(n_items) for one in directions for end in (one.low, one.high)):
            raise BundleError("directions: an item is out of range")
        return cls(directions)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        return PackedStrings.from_strings(map(_written, self.directions)).to_arrays()

    def __len__(self) -> int:
        return len(self.directions)


def _written(one: Direction) -> str:
    made = {**one._asdict(), "low": one.low.to_json(), "high": one.high.to_json()}
    return json.dumps(made, ensure_ascii=False, allow_nan=False)


def _read(text: str) -> Direction:
    try:
        found = json.loads(text)
        if found["space"] not in SPACES:
            raise BundleError(f"directions: there is no space {found['space']!r}")
        return Direction(
            found["space"],
            int(found["number"]),
            float(found["share"]),
            Meaning.from_json(found["low"]),
            Meaning.from_json(found["high"]),
            tuple(Correlation(*one) for one in found["correlations"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"directions: one cannot be read: {error!r}") from error
