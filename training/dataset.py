"""What training works on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.activity import EventRules
from recsys.catalog import Catalog
from recsys.event_records import NO_WATERMARK, Watermark
from recsys.histories import Histories
from recsys.interactions import Interactions
from training.accounting import Accounting


@dataclass(frozen=True)
class Dataset:
    """What training works on.

    Parameters
    ----------
    interactions : Interactions
    catalog : Catalog
        Its ids are ``interactions.items``.
    accounting : Accounting
    events : dict
        Rows of each event type, with its weight.
    dropped : dict
        Rows that were kept but led to no pair of their own, by reason.
    unread : tuple
        Columns of the interaction files that nothing was made of.
    seen_only : Histories or None
        Pairs that were seen but are not positive: rated under the threshold.
    notes : tuple
        What a person should look at, a sentence each.
    rules : EventRules
        How events count.
    watermark : Watermark
        How far the event store was read.
    """

    interactions: Interactions
    catalog: Catalog
    accounting: Accounting
    events: dict[str, tuple[int, float]] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    seen_only: Histories | None = None
    notes: tuple[str, ...] = ()
    rules: EventRules = field(default_factory=EventRules)
    watermark: Watermark = NO_WATERMARK


def checksum(dataset: Dataset) -> str:
    """SHA-256 of the content of a data set: every array of its interactions, ids and records."""
    pairs, catalog = dataset.interactions, dataset.catalog
    arrays: list[NDArray[Any]] = [pairs.user_nums, pairs.item_nums, pairs.weights]
    arrays += [] if pairs.timestamps is None else [pairs.timestamps]
    for strings in (pairs.users.strings, catalog.items.strings, catalog.records):
        arrays += [strings.blob, strings.offsets]
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
