"""What the report says of exposure, suggested attributes, and what stands out, as rows of text and numbers."""

from __future__ import annotations

from dataclasses import dataclass

from training.evaluation.results import Comparison
from training.indexes.results import IndexPoint
from training.tuning.results import Trial


@dataclass(frozen=True)
class Exposure:
    """How the items share the places in the first `k` of the lists of all `users` that the model serves.

    `figures` are those of :class:`training.evaluation.results.Measured`, by name; `tenths` the shares of the tenths of
    the items by popularity, from the tail to the head.
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


@dataclass(frozen=True)
class UserSample:
    """A user with some of the history and the list, both as (item_id, title) pairs, best or newest first."""

    user_id: str
    history: tuple[tuple[str, str], ...]
    recommended: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class GroupRow:
    """A group of items or users, in words: lists of words, values and titles, joined by commas."""

    name: str
    size: int
    cohesion: float
    words: str
    values: str
    items: str


@dataclass(frozen=True)
class GroupingRow:
    """How good a number of groups is, see :class:`training.explore.clustering.Quality`; `chosen` marks the one taken."""

    what: str
    count: int
    silhouette: float
    stability: float
    chosen: bool


@dataclass(frozen=True)
class DirectionRow:
    """A principal direction: the share of the variance, and both ends as words and titles."""

    space: str
    number: int
    share: float
    low: tuple[str, str]
    high: tuple[str, str]
    goes_with: str


@dataclass(frozen=True)
class Exploration:
    """What the vectors say of all items and users.

    Parameters
    ----------
    drawing : str
        The map as SVG, made of escaped text; empty without one.
    trust : float
        How far neighbors on the map are neighbors in the vectors, 0 to 1.
    clusters, segments : tuple of GroupRow
        The largest first.
    tried : tuple of GroupingRow
    directions : tuple of DirectionRow
    """

    drawing: str
    trust: float
    clusters: tuple[GroupRow, ...]
    segments: tuple[GroupRow, ...]
    tried: tuple[GroupingRow, ...]
    directions: tuple[DirectionRow, ...]


@dataclass(frozen=True)
class ReportData:
    """Everything that the report of a model shows.

    Parameters
    ----------
    facts : dict
        Short lines such as "users": "671", in the order in which they are shown.
    comparison : Comparison or None
        None when nothing could be held out.
    metric : str
        Name of the validation metric of the search.
    trials : tuple of Trial
        Empty when nothing was searched.
    indexes : dict
        For each index, what was measured, the serving way first.
    seconds : dict
        Duration of the stages of training.
    users : tuple of UserSample
    configuration : str
        The values that the model was trained with, as TOML.
    notes : tuple of str
        What a person should know when reading the figures.
    exploration : Exploration or None
        None where the items and users were not looked at as a whole.
    exposure : Exposure or None
        None where no lists are computed beforehand.
    tags : tuple of TagQuality
    odd_items, odd_users : tuple of OddOne
        The first of those that stand out.
    n_odd : tuple of int
        How many items and users stand out, and how many users are suspects.
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
    odd_items: tuple[OddOne, ...] = ()
    odd_users: tuple[OddOne, ...] = ()
    n_odd: tuple[int, int, int] = (0, 0, 0)
