"""What is declared about the files of a known export."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from recsys.config import DataConfig
from training.read import Accounting, Chunk

Reshape = Callable[[Iterator[Chunk], DataConfig, Accounting], Iterator[Chunk]]


@dataclass(frozen=True)
class Table:
    """Files of one table of an export.

    `columns` has the columns of the export by our name, a key of [data] without ``_column``, or ``description``; of several the
    first value that is not empty counts.
    """

    signs: tuple[frozenset[str], ...]  # a file that has all columns of one of these sets is of this table
    columns: Mapping[str, tuple[str, ...]]
    others: tuple[str, ...] | None = ()  # further columns that are read; None: all
    tags: tuple[str, ...] = ()  # columns of items whose values become the list `tags`
    ticks: int = 1  # of the times, in a second
    absent: tuple[str, ...] = ()  # item ids that mean that there is none
    reshape: Reshape | None = None  # of rows as they are in the files


@dataclass(frozen=True)
class Preset:
    """A known export, with values beneath those of [data] and [events]."""

    name: str
    title: str
    interactions: Table
    items: Table
    events: Mapping[str, float] = field(default_factory=dict)  # weights; rows of other types are left out
    threshold: float | None = None
    has_items_within: bool = False  # without data.items, the files of the interactions have the items
