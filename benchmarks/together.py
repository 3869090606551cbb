"""What `/together` finds of held-out baskets: `python -m benchmarks.together CONFIG [section.key=value ...]`.

A model is trained without a fifth of the users. Of each basket of these users one item is hidden, and the others are given for
a list of ten: by `/together`, by the mean of the items (`/query`) and by popularity. The shrinkage is chosen on half of the
baskets, and the lists are measured on the others. docs/together.md has the figures.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from recsys.config_file import load_config
from recsys.progress import Stages
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.recommend.together import together
from recsys.search.examples import VectorQuery, item_example, search_by_examples
from training import pipeline
from training.factors.together import count_pairs
from training.ingest import Dataset
from training.ingest.baskets import find_baskets
from training.run import TrainingRun

HELD_OUT = 0.2  # of the users
MOST, K = 2000, 10  # baskets, items of a list
SHRINKAGES = (0.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
Case = tuple[list[str], str]  # given items and the hidden one
Lists = Callable[[Sequence[str]], list[str]]


def main() -> None:
    path, overrides = Path(sys.argv[1]), sys.argv[2:]
    config = load_config(path, overrides)
    dataset = pipeline.prepare_data(config, Stages(quiet=True)).dataset
    random = np.random.default_rng(0)
    out = random.random(len(dataset.interactions.users)) < HELD_OUT
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as excluded:
        excluded.write("\n".join(dataset.interactions.users.id(num) for num in np.flatnonzero(out).tolist()))
        excluded.flush()
        stages = Stages(quiet=True)
        run = pipeline.train(load_config(path, [*overrides, f"data.exclude_users={excluded.name}"]), stages)
    recommender = Recommender(run.model, "m")
    cases = [case for case in _cases(dataset, out, config.together.window_hours, random) if _known(recommender, case)]
    part = run.together
    assert part is not None
    size = sum(array.nbytes for array in part.tensors("").values())
    print(
        f"{len(dataset.interactions)} interactions, {part.total:.0f} baskets, {len(part.item_nums)} pairs, {size / 1e6:.2f} MB"
    )
    print(
        f"{stages.seconds['baskets']:.2f} s of {sum(stages.seconds.values()):.1f} s of training; {len(cases)} baskets"
    )
    choosing, reported = cases[::2], cases[1::2]
    parts = {shrinkage: _with_shrinkage(run, shrinkage) for shrinkage in SHRINKAGES}
    recalls = {shrinkage: _found(_lists(part)["together"], choosing).mean() for shrinkage, part in parts.items()}
    print("  chosen on half:", {shrinkage: round(float(recall), 4) for shrinkage, recall in recalls.items()})
    best = max(SHRINKAGES, key=lambda shrinkage: recalls[shrinkage])
    chosen = {f"shrinkage {best:g}": _lists(parts[best])["together"]}
    for name, lists in {**_lists(recommender), **chosen}.items():
        found = _found(lists, reported)
        several = np.array([len(given) > 1 for given, _ in reported])
        error = np.sqrt(found.mean() * (1 - found.mean()) / len(found))
        shares = " ".join(f"{found[mask].mean():.4f}" for mask in (~several, several) if mask.any())
        print(f"  {name:<12} recall@{K} {found.mean():.4f} +- {1.96 * error:.4f}; of one item and of several: {shares}")


def _with_shrinkage(run: TrainingRun, shrinkage: float) -> Recommender:
    """Return the model with the pairs that another shrinkage keeps."""
    assert run.dataset.baskets is not None
    config = run.config.together.model_copy(update={"shrinkage": shrinkage})
    part = count_pairs(run.dataset.baskets, len(run.dataset.catalog), config)
    return Recommender(run.model.with_extras(part), "m")


def _found(lists: Lists, cases: Sequence[Case]) -> np.ndarray:
    """Return whether the list of each case has its hidden item."""
    return np.array([hidden in lists(given) for given, hidden in cases])


def _cases(dataset: Dataset, out: np.ndarray, window: float, random: np.random.Generator) -> list[Case]:
    pairs = dataset.interactions
    pairs = pairs.take(out[pairs.user_nums])
    baskets = find_baskets(pairs.user_nums, pairs.item_nums, pairs.timestamps, window)
    items = np.split(baskets.item_nums, np.flatnonzero(np.diff(baskets.basket_nums)) + 1)
    several = [nums for nums in items if len(nums) > 1]
    cases = []
    for place in random.permutation(len(several))[:MOST].tolist():
        ids = [dataset.catalog.items.id(num) for num in several[place].tolist()]
        cases.append((ids, ids.pop(random.integers(len(ids)))))
    return cases


def _known(recommender: Recommender, case: Case) -> bool:
    return all(item_id in recommender.items for item_id in (*case[0], case[1]))


def _lists(recommender: Recommender) -> dict[str, Lists]:
    def of_together(given: Sequence[str]) -> list[str]:
        return [item.item_id for item in together(recommender, given, ListRequest(K)).items]

    def of_similar(given: Sequence[str]) -> list[str]:
        query = VectorQuery(tuple(item_example(recommender, item_id) for item_id in given))
        return [item.item_id for item in search_by_examples(recommender, query, ListRequest(K)).items]

    def of_popular(given: Sequence[str]) -> list[str]:
        return [item.item_id for item in recommender.popular(ListRequest(K, exclude=given)).items]

    return {"together": of_together, "similar": of_similar, "popular": of_popular}


if __name__ == "__main__":
    main()
