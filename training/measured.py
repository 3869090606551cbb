"""What a measurement of recommendation lists consists of."""

from __future__ import annotations

from dataclasses import dataclass

from training.insight_rows import Exposure, OddOne, TagQuality


@dataclass(frozen=True)
class Figure:
    """A mean over users with its 95% bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Segment:
    """A part of the users (by length of history) or of the test interactions (by popularity of the item).

    Parameters
    ----------
    name : str
        Such as "light users" or "cold items".
    rule : str
        Who belongs to it, for a person: "2 to 9 interactions".
    size : int
        Users that count in it.
    figures : dict
        By metric; empty where `size` is 0.
    """

    name: str
    rule: str
    size: int
    figures: dict[str, Figure]


@dataclass(frozen=True)
class HistoryBin:
    """Users whose history has `low` to `high` interactions (inclusive), with their mean NDCG."""

    low: int
    high: int
    users: int
    ndcg: Figure


@dataclass(frozen=True)
class Measured:
    """The figures of one way to recommend.

    Parameters
    ----------
    name : str
    users : int
        Users with at least one interaction in the test part; all of them count.
    figures : dict
        Means over users by metric, such as "ndcg@10".
    lists : dict
        Figures of all lists together: "catalog_coverage", "novelty", "diversity" (absent without item vectors),
        "mean_popularity_rank", "mean_popularity_percentile", "exposure_gini", "head_1_percent", "head_10_percent".
    segments : tuple of Segment
    recall_over_k : dict
        Mean recall at several list lengths, rising.
    over_history : tuple of HistoryBin
        From short to long histories.
    exposure : tuple of float
        Share of all recommended places that went to each tenth of the items by popularity, from the tail to the head.
    """

    name: str
    users: int
    figures: dict[str, Figure]
    lists: dict[str, float]
    segments: tuple[Segment, ...] = ()
    recall_over_k: dict[int, float] | None = None
    over_history: tuple[HistoryBin, ...] = ()
    exposure: tuple[float, ...] = ()


@dataclass(frozen=True)
class TradeoffPoint:
    """The lists under one penalty of popularity: how right they are, and how the items share the places.

    `head_1_percent` and `head_10_percent` are the shares of the places of the most popular items, `percentile` the mean share
    of the items that are less popular than a listed one, in percent.
    """

    penalty: float
    recall: Figure
    ndcg: Figure
    coverage: float
    gini: float
    novelty: float
    head_1_percent: float
    head_10_percent: float
    percentile: float


@dataclass(frozen=True)
class Comparison:
    """Several ways to recommend, measured on the same users.

    Parameters
    ----------
    protocol : str
        How the test part was cut, for a person.
    k : int
        Length of the lists.
    measured : tuple of Measured
        The model itself first.
    consumption : tuple of float
        Share of the test interactions on each tenth of the items by popularity, from the tail to the head.
    tradeoff : tuple of TradeoffPoint
        Of the model, by rising penalty; empty where it was not measured.
    """

    protocol: str
    k: int
    measured: tuple[Measured, ...]
    consumption: tuple[float, ...] = ()
    tradeoff: tuple[TradeoffPoint, ...] = ()


@dataclass(frozen=True)
class Trial:
    """One fit of the search for hyper-parameters; `rung` is "cheap" or "full", `value` the validation metric of the blend,
    `alone` that of the factors alone; `chosen` marks the one that was taken."""

    number: int
    rung: str
    value: float
    parameters: dict[str, float]
    seconds: float
    alone: float = 0.0
    chosen: bool = False


@dataclass(frozen=True)
class IndexPoint:
    """How one way to search an index does: share of the exact top ten that is found, and milliseconds per query."""

    name: str
    recall: float
    milliseconds: float


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
    """How good a number of groups is, see :class:`training.clustering.Quality`; `chosen` marks the one that was taken."""

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
