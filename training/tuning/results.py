"""A trial of the search."""

from __future__ import annotations

from dataclasses import dataclass


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
