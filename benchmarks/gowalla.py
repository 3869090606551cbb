"""Gowalla model for measurements of the service: a fixed configuration, without a search."""

from __future__ import annotations

import csv
import gzip
import subprocess
from pathlib import Path

import numpy as np

from benchmarks.served import RECSYS
from recsys.bundle.store import Store
from recsys.errors import RecsysError

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data" / "gowalla" / "train.csv.gz"
FOLDER = ROOT / "var" / "bench" / "gowalla"
SETTINGS = {"als.factors": "128", "content.encoder": "none", "evaluate.gate": "false", "store.events": ""}
CATEGORIES = 30


def store() -> Store:
    """Return the store of the model; it is trained if it is missing or of another release (2 minutes)."""
    trained = Store(FOLDER / "store")
    try:
        trained.load()
    except RecsysError:
        _train(trained.path)
    return trained


def _train(path: Path) -> None:
    if not DATA.exists():
        raise SystemExit(f"{DATA} is not there: nothing to measure on")
    FOLDER.mkdir(parents=True, exist_ok=True)
    items = FOLDER / "items.csv"
    _write_items(items)
    keys = {"data.interactions": str(DATA), "data.items": str(items), "store.path": str(path), **SETTINGS}
    words = [word for key, value in keys.items() for word in ("--set", f"{key}={value}")]
    subprocess.run([RECSYS, "train", *words], cwd=FOLDER, stdout=subprocess.DEVNULL, check=True)  # noqa: S603 our own words


def _write_items(path: Path) -> None:
    """Write a random category and year for each place, because the check-ins have no attributes."""
    with gzip.open(DATA, "rt", encoding="utf-8", newline="") as stream:
        ids = sorted({row["item_id"] for row in csv.DictReader(stream)})
    random = np.random.default_rng(0)
    categories, years = (
        random.integers(0, CATEGORIES, len(ids)).tolist(),
        random.integers(1950, 2026, len(ids)).tolist(),
    )
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["item_id", "title", "category", "year"])
        writer.writerows(
            (item_id, f"Place {item_id}", f"c{category}", year)
            for item_id, category, year in zip(ids, categories, years, strict=True)
        )
