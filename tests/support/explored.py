"""Groups, a map and directions that a test knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from recsys.model.extras.arrivals import UNKNOWN, Arrivals
from recsys.model.extras.descriptions import Meaning, Numbers, Value, Word
from recsys.model.extras.directions import Correlation, Direction, Directions
from recsys.model.extras.groups import Affinity, Clusters, Group, Groups
from recsys.model.extras.item_map import ItemMap
from recsys.model.extras.together import Together

G = TypeVar("G", bound=Groups)
AFFINITIES = (Affinity(0, 0.75, 0.25),)


def meaning(*items: int) -> Meaning:
    """One of each kind, and the given items."""
    words, values = (Word("text", 0.5), Word("odd", 0.25)), (Value("genre", "drama", 0.5, 0.125),)
    return Meaning(words, values, (Numbers("year", 1990.0, 1995.0, 2000.0, 2010.0),), items)


def groups(
    n: int,
    n_groups: int,
    name: str,
    affinities: Sequence[Affinity] = (),
    kind: type[G] = Clusters,  # type: ignore[assignment]
) -> G:
    """Row r is in group r modulo `n_groups`, and the closer to its centre the earlier it stands; the last row is in none."""
    labels = np.arange(n, dtype=np.int32) % n_groups
    labels[-1] = -1
    there = range(int(labels.max(initial=-1)) + 1)
    described = [Group(f"{name} {group}", 0.5, meaning(group), tuple(affinities)) for group in there]
    closeness = np.where(labels < 0, 0, 1 - np.arange(n) / n).astype(np.float32)
    return kind.from_labels(labels, closeness, described)


def item_map(n: int) -> ItemMap:
    """The items on a line, but for the last one, which has no place."""
    places = np.full((n, 2), np.nan, dtype=np.float32)
    places[:-1] = np.linspace(-1, 1, n - 1)[:, None]
    return ItemMap(places)


def together(n: int) -> Together:
    """Item r is in baskets with the items r + 1 and r + 2, as long as there are any, of which the first is the better one."""
    firsts, lengths = (
        [step for r in range(n) for step in (r + 1, r + 2) if step < n],
        [min(2, n - 1 - r) for r in range(n)],
    )
    both = [4 if place == 0 else 2 for length in lengths for place in range(length)]
    return Together(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.array(firsts, dtype=np.int32),
        np.array(both, dtype=np.int32),
        np.full(n, 5, dtype=np.int32),
        100.0,
        2.0,
    )


def arrivals(n: int) -> Arrivals:
    """Item r came at r hours; the last one never did."""
    times = np.arange(n, dtype=np.int64) * 3600
    times[-1] = UNKNOWN
    return Arrivals(times, np.zeros(n, dtype=np.uint8), np.argsort(-times, kind="stable").astype(np.int32))


def directions() -> Directions:
    """One of each space, with the first item at both ends."""
    correlations = (Correlation("popularity", -0.5),)
    return Directions(
        (
            Direction("collaborative", 1, 0.25, meaning(0), meaning(0), correlations),
            Direction("content", 1, 0.125, meaning(0), Meaning(), ()),
        )
    )
