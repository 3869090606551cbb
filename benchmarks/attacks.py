"""Detection of false profiles planted in MovieLens latest-small, and their effect on lists.

    python -m benchmarks.attacks [detection] [features] [damage] [--targets 5]

Prints Markdown for docs/anomalies.md; the same seed gives the same tables. Attacks are those of :mod:`benchmarks.attackers`.
A user with a score above 0.5 counts as detected (:mod:`recsys.model.extras.anomalies`), from the ratings alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import attack_damage
from benchmarks.attack_features import FEATURES, auc
from benchmarks.attackers import Attack, Direction, Kind, Planted, Times, plant
from recsys.config import Config, ContentConfig, DataConfig, StoreConfig
from recsys.model.extras.anomalies import SUSPECT
from training.ingest.dataset import Ratings
from training.ingest.ingest import ingest
from training.insights.anomalies import odd_users

DATA = Path(__file__).parent.parent.parent / "shared" / "data" / "ml-latest-small"
KINDS: tuple[Kind, ...] = ("random", "average", "bandwagon")
DIRECTIONS: tuple[Direction, ...] = ("push", "nuke")
PARTS = 40
SIZES, FILLERS = (0.01, 0.05, 0.1), (0.01, 0.05, 0.1)


@dataclass(frozen=True)
class Detected:
    """Precision and recall of the suspects, and whether the target is named."""

    attack: Attack
    suspects: int
    right: int
    planted: int
    named: bool


def main() -> None:
    parts = {"detection": detection, "features": features, "damage": damage}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="of " + ", ".join(parts) + "; none: all")
    parser.add_argument("--targets", type=int, default=5, help="attacks of each kind, each on another item")
    given = parser.parse_args()
    chosen = given.parts or [*parts]
    if unknown := set(chosen) - {*parts}:
        parser.error(f"there is no part {unknown.pop()!r}")
    if not DATA.is_dir():
        raise SystemExit(f"{DATA} is not there: nothing to measure on")
    print(f"{datetime.now(UTC):%Y-%m-%d}, MovieLens latest-small, {given.targets} targets a cell, seeds from 0 on.\n")
    for name in chosen:
        print(parts[name](given.targets), flush=True)


def config() -> Config:
    """Return the default configuration for this data."""
    return Config(
        data=DataConfig(interactions=str(DATA), preset="movielens", rejects=""),
        content=ContentConfig(cache="var/bench/texts.sqlite"),
        store=StoreConfig(events=""),
    )


@lru_cache(maxsize=1)
def genuine() -> Ratings:
    """Return the genuine ratings."""
    return ingest(config()).rated()


def suspects(ratings: Ratings) -> NDArray[np.int64]:
    """Return the row numbers of the users above SUSPECT, rising."""
    found = odd_users(ratings)
    return np.sort(found.nums[found.scores > SUSPECT]).astype(np.int64)


def detect(attack: Attack, seed: int) -> Detected:
    """Plant an attack and detect it."""
    planted = plant(genuine(), attack, seed)
    found, accused = odd_users(planted.ratings), suspects(planted.ratings)
    named = any(
        finding.other == planted.target and finding.kind in (attack.direction, "burst")
        for place in range(len(found))
        for finding in found.at(place).findings
    )
    return Detected(attack, len(accused), int(planted.false[accused].sum()), int(planted.false.sum()), named)


def detection(targets: int) -> str:
    """Measure precision and recall by kind, direction and size, over fillers and targets, and false alarms."""
    clean = genuine()
    odd, accused = odd_users(clean), suspects(clean)
    drawn = [len(suspects(part)) for part in _parts(clean)]
    summary = (
        f"Without any attack: {len(accused)} of {clean.n_users} users are suspects; {len(odd)} are listed, the highest score "
        f"is {float(odd.scores.max(initial=0)):.2f}. Of {len(drawn)} random parts of the users (half and four fifths of them), "
        f"{sum(n > 0 for n in drawn)} have a suspect, {sum(drawn)} in all.\n"
    )
    attacks = [
        Attack(kind, direction, size, filler)
        for kind in KINDS
        for direction in DIRECTIONS
        for size in SIZES
        for filler in FILLERS
    ]
    rows = list(_detection_rows(_detected(attacks, targets)))
    hidden: tuple[Times, ...] = ("spread", "one day")
    popular = [
        Attack("popular", direction, size, filler, times)
        for times in hidden
        for direction in DIRECTIONS
        for size in SIZES
        for filler in FILLERS
    ]
    head = ("attack", "size", "precision", "recall", "worst recall", "genuine accused", "target named")
    sections = ["## Detection\n", summary, _markdown(head, rows)]
    sections += ["", "Filler items from the most rated fifth alone:\n"]
    sections += [_markdown(head, list(_detection_rows(_detected(popular, targets)))), ""]
    return "\n".join(sections)


def features(targets: int) -> str:
    """Measure each figure alone by the area under its ROC curve, by kind, over sizes and fillers."""
    kinds: tuple[Kind, ...] = (*KINDS, "popular")
    attacks = [Attack(kind, "push", size, filler) for kind in kinds for size in SIZES for filler in FILLERS]
    found: dict[tuple[str, str], list[float]] = {}
    with ProcessPoolExecutor() as pool:
        jobs = [(attack, seed) for attack in attacks for seed in range(min(targets, 2))]
        for (attack, _), row in zip(jobs, pool.map(_aucs, *zip(*jobs, strict=True)), strict=True):
            for name, value in row.items():
                found.setdefault((name, attack.kind), []).append(value)
    rows = [
        (name, *(f"{np.mean(found[name, kind]):.2f} ({min(found[name, kind]):.2f})" for kind in kinds))
        for name in FEATURES
    ]
    return "\n".join(
        ["## Figures of one profile\n", "AUC, mean and (worst).\n", _markdown(("figure", *kinds), rows), ""]
    )


def damage(targets: int) -> str:
    """Measure the effect of attacks on the lists of genuine users, with and without the suspects."""
    attacks = [Attack(kind, direction, size, 0.05) for kind in KINDS for direction in DIRECTIONS for size in SIZES]
    seeds = range(min(targets, 3))
    model = attack_damage.Bench.of(config())
    rows = [
        attack_damage.row(model, [plant(genuine(), attack, seed) for seed in seeds], attack, suspects)
        for attack in attacks
    ]
    clean = f"Without any attack recall@10 of {model.n_users} users is {model.clean_recall:.4f}.\n"
    return "\n".join(["## Damage\n", clean, _markdown(attack_damage.HEAD, rows), ""])


def _parts(clean: Ratings) -> Iterator[Ratings]:
    """Yield the ratings of random subsets of the users, to count false alarms."""
    for seed in range(PARTS):
        sampled = np.random.default_rng(seed).random(clean.n_users) < (0.5, 0.8)[seed % 2]
        part = clean.take(sampled[clean.user_nums])
        nums = (np.cumsum(sampled) - 1)[part.user_nums].astype(np.int32)
        yield replace(part, user_nums=nums, n_users=int(sampled.sum()))


def _aucs(attack: Attack, seed: int) -> dict[str, float]:
    planted: Planted = plant(genuine(), attack, seed)
    return {name: auc(figure(planted.ratings), planted.false) for name, figure in FEATURES.items()}


def _detected(attacks: Sequence[Attack], targets: int) -> list[Detected]:
    jobs = [(attack, seed) for attack in attacks for seed in range(targets)]
    with ProcessPoolExecutor() as pool:
        return list(pool.map(detect, *zip(*jobs, strict=True)))


def _detection_rows(found: Sequence[Detected]) -> Iterator[tuple[str, ...]]:
    """Return a row for each kind, direction, time and size."""
    groups: dict[tuple[str, str], list[Detected]] = {}
    for one in found:
        when = "" if one.attack.times == "spread" else ", in one day"
        groups.setdefault((f"{one.attack.kind} {one.attack.direction}{when}", f"{one.attack.size:.0%}"), []).append(one)
    for (name, size), ones in groups.items():
        right, accused = sum(one.right for one in ones), sum(one.suspects for one in ones)
        recalls = [one.right / one.planted for one in ones]
        yield (
            name,
            size,
            f"{right / accused:.3f}" if accused else "-",
            f"{np.mean(recalls):.3f}",
            f"{min(recalls):.2f}",
            f"{(accused - right) / len(ones):.2f}",
            f"{sum(one.named for one in ones)} of {len(ones)}",
        )


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
