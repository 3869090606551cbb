"""Speed of reading: five million interactions as CSV through the whole of ingest, beside Arrow alone on the same file.

``python benchmarks/reading.py [FOLDER]`` makes the file (111 MB, seeded) in the folder unless it is there, and prints medians.
Arrow alone reads the file with coded ids, groups by user and item, counts, and takes the last time.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from recsys.config_file import load_config
from training.ingest.ingest import ingest

ROWS, USERS, ITEMS, SEED = 5_000_000, 200_000, 50_000, 42
BATCH = 500_000
RUNS = 5


def write(path: Path) -> None:
    """Write the interactions: users by a power law, items and times evenly."""
    rng = np.random.default_rng(SEED)
    users = rng.zipf(1.2, 4 * ROWS)
    users = users[users <= USERS][:ROWS]
    users = np.concatenate([users, rng.integers(1, USERS + 1, ROWS - len(users))])
    columns = users, rng.integers(1, ITEMS + 1, ROWS), rng.integers(1_600_000_000, 1_700_000_000, ROWS)
    with path.open("w", encoding="utf-8") as stream:
        stream.write("user_id,item_id,timestamp\n")
        for start in range(0, ROWS, BATCH):
            rows = zip(*(column[start : start + BATCH].tolist() for column in columns), strict=True)
            stream.write("".join(f"u{user},i{item},{moment}\n" for user, item, moment in rows))


def by_arrow(path: Path) -> int:
    """Return the number of pairs that Arrow finds."""
    coded = pa.dictionary(pa.int32(), pa.string())
    types = {"user_id": coded, "item_id": coded, "timestamp": pa.int64()}
    table = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types)).unify_dictionaries()
    codes = {name: pa.chunked_array([chunk.indices for chunk in table[name].chunks]) for name in ("user_id", "item_id")}
    pairs = pa.table({**codes, "timestamp": table["timestamp"]})
    return len(pairs.group_by(["user_id", "item_id"]).aggregate([("timestamp", "max"), ("timestamp", "count")]))


def by_ingest(path: Path) -> int:
    """Return the number of pairs that ingest finds."""
    config = load_config(None, [f"data.interactions={path}", "data.rejects=", "store.events="])
    return len(ingest(config).interactions)


def timed(work: Callable[[Path], int], path: Path) -> tuple[float, float, int]:
    """Return wall seconds, CPU seconds and the result."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = work(path)
    return time.perf_counter() - wall, time.process_time() - cpu, found


def main() -> None:
    """Time both in turns."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(sys.argv[1] if len(sys.argv) > 1 else scratch) / "interactions.csv"
        if not path.exists():
            write(path)
        runs = [(timed(by_arrow, path), timed(by_ingest, path)) for _ in range(RUNS)]
    assert {arrow[2] for arrow, _ in runs} == {ours[2] for _, ours in runs}
    for name, place in (("wall", 0), ("CPU", 1)):
        arrow, ours = (statistics.median(run[way][place] for run in runs) for way in (0, 1))
        print(f"{name}: Arrow alone {arrow:.2f} s, ingest {ours:.2f} s, ratio {ours / arrow:.2f}")


if __name__ == "__main__":
    main()
