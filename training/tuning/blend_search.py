"""Search for the weights of the blend of one factorization.

Weights move along grids one at a time, as long as that helps (coordinate ascent).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from recsys.config import BlendConfig
from recsys.model import blending
from recsys.score_order import displayed
from training.evaluation.validation import Validation
from training.factors.als import Factors
from training.tuning.candidates import NEIGHBOR_POWERS, Candidates, Content, Metric, Weights, collect, measure

WEIGHTS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5, 2.5, 4.0, 8.0, 16.0)
GRIDS: dict[str, tuple[float, ...]] = {
    "beta": WEIGHTS,
    "neighbors": WEIGHTS,
    "lexical": WEIGHTS,
    "prior_at": (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0),
    "short_history": (0.0, 0.5, 1.0, 2.0, 4.0, 8.0),
    "neighbor_power": NEIGHBOR_POWERS,
}
OF_CONTENT = ("beta", "lexical", "prior_at", "short_history")
MOST_SETS = 80
FACTORS_ALONE: Weights = {**dict.fromkeys(GRIDS, 0.0), "neighbor_power": NEIGHBOR_POWERS[0]}


def start_weights(blend: BlendConfig) -> Weights:
    """Return the weights of the configuration that the search moves."""
    return {name: float(getattr(blend, name)) for name in GRIDS}


def search(
    validation: Validation, factors: Factors, content: Content, start: Weights, metric: Metric, k: int
) -> tuple[Weights, float]:
    """Return the best weights reached from `start`, and their metric, a mean over the validation users."""
    best = {name: min(grid, key=lambda weight: abs(weight - start[name])) for name, grid in GRIDS.items()}
    blocks = collect(validation, factors, content, best, k)
    unit = blending.score_unit(factors.users, factors.items)
    values: dict[tuple[float, ...], float] = {}

    def value(weights: Weights) -> float:
        key = tuple(weights.values())
        if key not in values:
            values[key] = _mean(blocks, weights, unit, metric, k)
        return values[key]

    moved = True
    while moved and len(values) < MOST_SETS:
        before = best
        for name in GRIDS:
            if content.is_there or name not in OF_CONTENT:
                best = _climb(best, name, value)
        moved = best != before
    best = _least(best, value, validation.as_good)
    return best, value(best)


def factors_alone(validation: Validation, factors: Factors, content: Content, metric: Metric, k: int) -> float:
    """Return the metric of the factors without any blend."""
    blocks = collect(validation, factors, content.left_out(), FACTORS_ALONE, k)
    return _mean(blocks, FACTORS_ALONE, 1.0, metric, k)


def _mean(blocks: Sequence[Candidates], weights: Weights, unit: float, metric: Metric, k: int) -> float:
    with ThreadPoolExecutor() as pool:
        parts = list(pool.map(lambda block: measure(block, weights, unit, metric, k), blocks))
    return displayed(float(np.concatenate(parts).mean()))


def _climb(weights: Weights, name: str, value: Callable[[Weights], float]) -> Weights:
    """Move one weight up its grid, or down where up does not help, while the value rises."""
    grid = GRIDS[name]
    for step in (1, -1):
        best, place = weights, grid.index(weights[name])
        while 0 <= place + step < len(grid):
            place += step
            tried = {**best, name: grid[place]}
            if value(tried) <= value(best):
                break
            best = tried
        if best is not weights:
            return best
    return weights


def _least(weights: Weights, value: Callable[[Weights], float], as_good: float) -> Weights:
    """Lower the weight of the neighbors by behavior, of busy users first, while at least `as_good` of the value stays.

    Held-out pairs may be nearer to the pairs that the neighbors were counted from than future pairs.
    """
    floor = displayed(as_good * value(weights))
    grid = GRIDS["neighbors"]
    tried = {**weights, "neighbor_power": NEIGHBOR_POWERS[-1]}
    while value(tried) >= floor:
        weights = tried
        if weights["neighbors"] == grid[0]:
            break
        tried = {**weights, "neighbors": grid[grid.index(weights["neighbors"]) - 1]}
    return weights
