"""Recommendation quality on public data sets through the command line, compared with published results.

    python benchmarks/quality.py [--trials 20] [SET ...]

Reads ``../shared/data`` and prints Markdown for docs/benchmarks.md. Each set is trained by ``recsys train --tune``, without
manual hyper-parameters; ``recsys recommend --users all`` writes its lists from the served index.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"
RECSYS = Path(sys.executable).parent / "recsys"
FINAL_STAGES = ("factorize", "neighbors", "blend", "index", "publish")


@dataclass(frozen=True)
class Published:
    """Row of a published table."""

    name: str
    figures: dict[str, float]


@dataclass(frozen=True)
class Set:
    """Data set with a fixed test part and published results."""

    folder: str
    encoder: str
    metrics: tuple[tuple[str, int], ...]
    published: tuple[Published, ...]
    source: str


SETS = {
    "gowalla": Set(
        "gowalla",
        "none",
        (("recall", 20), ("ndcg", 20)),
        (
            Published("ItemCF", {"recall@20": 0.1570, "ndcg@20": 0.1214}),
            Published("EASE", {"recall@20": 0.1765, "ndcg@20": 0.1467}),
            Published("LightGCN", {"recall@20": 0.1820, "ndcg@20": 0.1547}),
            Published("UltraGCN", {"recall@20": 0.1862, "ndcg@20": 0.1580}),
            Published("SimpleX", {"recall@20": 0.1872, "ndcg@20": 0.1557}),
        ),
        "BARS leaderboard, Gowalla_m1, whose rows chose their models on the test part",
    ),
    "citeulike-t": Set(
        "citeulike-t",
        "lsa",
        (("recall", 50), ("recall", 100), ("recall", 300)),
        (
            Published("ItemKNN", {"recall@50": 0.2167, "recall@100": 0.2685, "recall@300": 0.3491}),
            Published("iALS", {"recall@50": 0.2338, "recall@100": 0.3107, "recall@300": 0.4374}),
            Published("CVAE", {"recall@50": 0.2387, "recall@100": 0.3274, "recall@300": 0.4854}),
            Published("hybrid KNN (CFCBF)", {"recall@50": 0.2675, "recall@100": 0.3490, "recall@300": 0.4740}),
        ),
        "Ferrari Dacrema et al., TOIS 2021, tables 17 and 18, P = 10",
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=[*SETS, "movielens"], help="of " + ", ".join([*SETS, "movielens"]))
    parser.add_argument("--trials", type=int, default=20)
    arguments = parser.parse_args()
    if not DATA.is_dir():
        raise SystemExit(f"{DATA} is not there: nothing to measure on")
    print(f"{datetime.now(UTC):%Y-%m-%d}, {_machine()}, seed 42, `--tune {arguments.trials}`.\n")
    for name in arguments.sets:
        with tempfile.TemporaryDirectory() as folder:
            run = movielens if name == "movielens" else lambda where, trials, of=name: table(SETS[of], where, trials)
            print(run(Path(folder), arguments.trials), flush=True)


def table(of: Set, folder: Path, trials: int) -> str:
    """Train, recommend and score a set; return a Markdown section."""
    source = DATA / of.folder
    items = source / "items.csv.gz"
    settings = [f"data.interactions={source / 'train.csv.gz'}", f"content.encoder={of.encoder}"]
    settings += [f"data.items={items}"] if items.exists() else []
    started = time.perf_counter()
    output = _recsys(folder, settings, "train", "--tune", str(trials))
    seconds = time.perf_counter() - started
    longest = max(k for _, k in of.metrics)
    _recsys(folder, settings, "recommend", "--users", "all", "-k", str(longest), "--output", "lists.csv")
    found = score(folder / "lists.csv", source / "test.csv.gz", of.metrics)
    names = list(found)
    rows = [
        f"| {row.name} | " + " | ".join(_cell(row.figures.get(name)) for name in names) + " |" for row in of.published
    ]
    ours = "| **this engine** | " + " | ".join(f"**{found[name]:.4f}**" for name in names) + " |"
    head = f"| {of.folder} | " + " | ".join(names) + " |\n|---|" + "---|" * len(names)
    stages = {
        stage: float(spent) for stage, spent in re.findall(r"(\w+) (\d+\.\d)(?:,|$)", _line(output, "  seconds: "))
    }
    final = sum(stages.get(stage, 0.0) for stage in FINAL_STAGES)
    note = (
        f"{of.source}. Training {seconds:.0f} s, including the search {stages.get('tune', 0):.0f} s, the final fit of ALS "
        f"{stages.get('factorize', 0):.0f} s, everything after the search except measuring {final:.0f} s. "
        f"{_line(output, 'model ')}."
    )
    return "\n".join([f"## {of.folder}\n", head, *rows, ours, "", note, ""])


def movielens(folder: Path, trials: int) -> str:
    """Compare the model with its parts and the baselines, with a search in the train part; return a Markdown section."""
    settings = ["data.preset=movielens", f"data.interactions={DATA / 'ml-latest-small'}"]
    output = json.loads(_recsys(folder, settings, "evaluate", "--tune", str(trials), "--json"))
    metrics = ("ndcg@10", "recall@10", "hit_rate@10", "mrr@10")
    head = "| MovieLens latest-small | " + " | ".join(metrics) + " | coverage |\n|---|" + "---|" * (len(metrics) + 1)
    rows = []
    for way in output["measured"]:
        cells = [
            f"{f['mean']:.4f} ({f['low']:.4f}-{f['high']:.4f})" for f in (way["figures"][name] for name in metrics)
        ]
        rows.append(f"| {way['name']} | " + " | ".join(cells) + f" | {way['lists']['catalog_coverage']:.3f} |")
    users = output["measured"][0]["users"]
    note = f"{users} users, {output['protocol']}, ratings from 3.5 up, all-MiniLM-L6-v2, 95% intervals."
    return "\n".join(["## MovieLens latest-small\n", head, *rows, "", note, ""])


def score(lists: Path, test: Path, metrics: tuple[tuple[str, int], ...]) -> dict[str, float]:
    """Return means over the users of the test file; the ideal of NDCG is cut at min(k, number of test items)."""
    relevant: dict[str, set[str]] = defaultdict(set)
    ranked: dict[str, list[str]] = defaultdict(list)
    with gzip.open(test, "rt", encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            relevant[row["user_id"]].add(row["item_id"])
    with lists.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            ranked[row["user_id"]].append(row["item_id"])
    of: dict[str, Callable[[list[bool], int, int], float]] = {"recall": _recall, "ndcg": _ndcg}
    found = {}
    for metric, k in metrics:
        hits = {user: [item in wanted for item in ranked[user][:k]] for user, wanted in relevant.items()}
        found[f"{metric}@{k}"] = float(np.mean([of[metric](hits[user], len(relevant[user]), k) for user in relevant]))
    return found


def _recall(hits: list[bool], n_relevant: int, _: int) -> float:
    return sum(hits) / n_relevant


def _ndcg(hits: list[bool], n_relevant: int, k: int) -> float:
    gains = 1 / np.log2(np.arange(2, k + 2))
    return float(gains[np.flatnonzero(hits)].sum() / gains[: min(k, n_relevant)].sum())


def _recsys(folder: Path, settings: list[str], *words: str) -> str:
    options = [part for setting in settings for part in ("--set", setting)]
    command = [RECSYS, *words, *options]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 our own words
    return done.stdout


def _line(output: str, start: str) -> str:
    return next((line.removeprefix("  seconds: ") for line in output.splitlines() if line.startswith(start)), "")


def _cell(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.4f}"


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.processor())
    cores = sum(line.startswith("processor") for line in lines)
    return f"{cores} cores ({model}), Python {platform.python_version()}"


if __name__ == "__main__":
    main()
