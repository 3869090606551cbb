"""Items that users skipped."""

from __future__ import annotations

from dataclasses import dataclass

from recsys.data.histories import Histories


@dataclass(frozen=True, eq=False)
class Skipped(Histories):
    """Pairs of a weight below 0 that lists may show again, learned from as those of :attr:`Model.seen_only`."""

    name = "skipped"
