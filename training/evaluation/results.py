"""Results of measuring recommendation lists."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """A mean over users with its 95% bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Gain:
    """NDCG of the model minus that of another way: the mean over the same users, and its standard error."""

    mean: float
    error: float


@dataclass(frozen=True)
class Segment:
    """Some of the users, by length of history, or of the test interactions, by popularity of the item.

    `rule` is a text such as "2 to 9 interactions"; `size` counts users; `figures` are by metric, none where `size` is
    0.
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
    users : int
        Users with at least one interaction in the test part; all of them count.
    figures : dict
        Means over users by metric, such as "ndcg@10".
    lists : dict
        As of :func:`training.evaluation.list_metrics.figures`.
    recall_over_k : dict
        Mean recall at several list lengths, rising.
    over_history : tuple of HistoryBin
        From short to long histories.
    exposure : tuple of float
        Share of the recommended places in each tenth of the items by popularity, from the tail to the head.
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
    """Quality and variety of the lists under one popularity penalty; `percentile` is in percent.

    The figures of lists are those of :func:`training.evaluation.list_metrics.figures`.
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
    """Several ways to recommend, measured on the same users; the model itself is the first.

    `protocol` says how the test part was cut, `k` is the length of the lists, `consumption` the share of the test
    interactions in each tenth of the items by popularity, from the tail to the head. `tradeoff` is that of the model,
    by rising penalty; empty where it was not measured. `gains` are those of the model over each other way, by name.
    """

    protocol: str
    k: int
    measured: tuple[Measured, ...]
    consumption: tuple[float, ...] = ()
    tradeoff: tuple[TradeoffPoint, ...] = ()
    gains: dict[str, Gain] = field(default_factory=dict)
