"""What a measurement of recommendation lists consists of."""

from __future__ import annotations

from dataclasses import dataclass


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
