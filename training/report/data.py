"""Data of the report of a trained model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from recsys.explore.outliers import Outlier
from recsys.model.extras import tagging
from training.evaluation.results import Comparison
from training.explore.explore import Explored
from training.indexes.forest_or_scan import IndexPoint
from training.tuning.trials import Trial


@dataclass(frozen=True)
class Exposure:
    """How the items share the first `k` places in the stored lists of all `users`.

    `figures` are as of :func:`training.evaluation.list_metrics.figures`; `tenths` the shares of the tenths of the items
    by popularity, from the tail to the head.
    """

    k: int
    users: int
    figures: dict[str, float]
    tenths: tuple[float, ...]


class TagQuality(NamedTuple):
    """An attribute with its number of values, and its accuracy in a space on held-out items."""

    attribute: str
    space: str
    n_values: int
    measured: tagging.Measured


class UserSample(NamedTuple):
    """A user with some of the history and the list, both as (item_id, title) pairs, newest or best first."""

    user_id: str
    history: tuple[tuple[str, str], ...]
    recommended: tuple[tuple[str, str], ...]


class GroupRow(NamedTuple):
    """A group of items or users; words, values and titles are joined by commas."""

    name: str
    size: int
    cohesion: float
    words: str
    values: str
    titles: str


class DirectionRow(NamedTuple):
    """A principal direction: its share of the variance, and both ends as words and titles."""

    space: str
    number: int
    share: float
    low: tuple[str, str]
    high: tuple[str, str]
    goes_with: str


@dataclass(frozen=True)
class Exploration:
    """Groups, map and directions; `drawing` is the map as SVG, made of escaped text, and empty without a map."""

    drawing: str
    explored: Explored
    clusters: tuple[GroupRow, ...]
    segments: tuple[GroupRow, ...]
    directions: tuple[DirectionRow, ...]


@dataclass(frozen=True)
class ReportData:
    """Everything that the report of a model shows; what is None or empty was not measured.

    Parameters
    ----------
    facts : dict
        Short texts such as "users": "671", in the order in which they are shown.
    metric : str
        Name of the validation metric of the search.
    indexes : dict
        Measured settings of each index, the serving one first.
    seconds : dict
        Duration of the stages of training.
    configuration : str
        The values that the model was trained with, as TOML.
    odd_items, odd_users : tuple of Outlier
        The first unusual ones; `n_odd` counts unusual items, unusual users, and users that are suspects.
    """

    facts: dict[str, str]
    comparison: Comparison | None
    metric: str
    trials: tuple[Trial, ...]
    indexes: dict[str, tuple[IndexPoint, ...]]
    seconds: dict[str, float]
    users: tuple[UserSample, ...]
    configuration: str
    notes: tuple[str, ...] = ()
    exploration: Exploration | None = None
    exposure: Exposure | None = None
    tags: tuple[TagQuality, ...] = ()
    odd_items: tuple[Outlier, ...] = ()
    odd_users: tuple[Outlier, ...] = ()
    n_odd: tuple[int, int, int] = (0, 0, 0)
