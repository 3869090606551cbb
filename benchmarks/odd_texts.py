"""Detection of texts exchanged between items of the sample, which then disagree with behavior.

    python -m benchmarks.odd_texts [--times 50]

Prints Markdown for docs/anomalies.md. Each time the texts of ten films with at least ten users are exchanged cyclically.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recsys.config import Config
from recsys.config_file import load_config
from recsys.data.histories import Histories
from recsys.progress import Stages
from training.factors import neighbors
from training.insights.odd_items import FEWEST_USERS, Known, disagreements
from training.pipeline import prepare_data

ROOT = Path(__file__).parent.parent
EXCHANGED = 10
SHOWN = (10, 50)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=50)
    times = parser.parse_args().times
    data, seed = sample(load_config(ROOT / "recsys.toml", ["store.events="]))
    found = [exchanged(data, each, seed) for each in range(times)]
    clean = disagreements(data, seed)
    ranks = np.concatenate([_ranks(*one) for one in found])
    shares = ", ".join(f"{(ranks < n).mean():.0%} among the first {n}" for n in SHOWN)
    auc = 1 - np.mean([_ranks(*one).mean() / max(1, len(one[1])) for one in found])
    highest = max((one.strength for one in clean.values()), default=0.0)
    print(
        f"{EXCHANGED} texts of {len(clean)} exchanged, {times} times: {shares} of {len(clean)} films by strength, AUC "
        f"{auc:.2f}. As they are, the highest strength is {highest:.2f}."
    )


def sample(config: Config) -> tuple[Known, int]:
    """Return the data of the sample's items, and the seed."""
    prepared, seed = prepare_data(config, Stages(quiet=True)), config.als.random_state
    pairs = prepared.dataset.interactions
    behavior = neighbors.by_behavior(pairs, config.blend.n_neighbors, config.blend.neighbor_power, seed)
    history = Histories.from_interactions(pairs).matrix()
    vectors = prepared.encoded.embeddings.vectors
    return Known(prepared.dataset.catalog, prepared.texts, vectors, behavior, prepared.words, history), seed


def exchanged(data: Known, each: int, seed: int) -> tuple[list[float], list[float]]:
    """Return the strengths of the exchanged items and of all others."""
    warm = np.flatnonzero(data.counts >= FEWEST_USERS)
    chosen = np.random.default_rng(each).choice(warm, EXCHANGED, replace=False)
    texts = data.texts.copy()
    texts[chosen] = data.texts[np.roll(chosen, 1)]
    found = disagreements(replace(data, texts=texts), seed)
    strengths = {num: one.strength for num, one in found.items()}
    return [strengths.pop(num, 0.0) for num in chosen.tolist()], list(strengths.values())


def _ranks(ones: list[float], others: list[float]) -> NDArray[np.int64]:
    """Return the number of stronger other items for each item."""
    return np.array([sum(other > one for other in others) for one in ones])


if __name__ == "__main__":
    main()
