"""Quality of the search modes: labeled queries over the films of the sample.

    python -m benchmarks.search_quality [--store var/store] [--worst]

Runs each query of search_queries.csv on the current model of the store and prints Markdown. The labels, the films that a user
with such a query may look for, were written before any measurement. For a query, recall@10 is the share of labeled films (at
most ten) in the first ten, MRR the reciprocal rank of the first labeled film, hit@1 whether it is first.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.figures import table
from recsys.bundle.store import Store
from recsys.encoders.opening import open_query_encoder
from recsys.recommend.request import ListRequest
from recsys.search.items import search
from recsys.search.text import MODES, TextQuery

QUERIES = Path(__file__).with_name("search_queries.csv")
K = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, default=Path("var/store"))
    parser.add_argument(
        "--worst", action="store_true", help="list the queries whose first film is not in the first three"
    )
    given = parser.parse_args()
    recommender = Store(given.store).recommender()
    encoder = open_query_encoder(recommender.encoder)
    with QUERIES.open(encoding="utf-8", newline="") as stream:
        labeled = [(row["kind"], row["query"], row["relevant"].split("|")) for row in csv.DictReader(stream)]
    kinds = [*dict.fromkeys(kind for kind, _, _ in labeled), "all"]
    rows = []
    for mode in MODES:
        found: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
        for kind, text, relevant in labeled:
            query = TextQuery(text, mode, None if mode == "keyword" else encoder.encode([text])[0])
            ids = [item.item_id for item in search(recommender, query, ListRequest(K)).items]
            measured = measure(ids, relevant)
            found[kind].append(measured)
            found["all"].append(measured)
            if given.worst and measured[1] < 1 / 3:
                print(f"{mode}: {text!r} gives {ids[:3]}")
        for kind in kinds:
            recall, mrr, first = np.mean(found[kind], axis=0)
            rows.append([mode, f"{kind} ({len(found[kind])})", f"{recall:.3f}", f"{mrr:.3f}", f"{first:.3f}"])
    print(table("Labeled queries", ["mode", "queries", "recall@10", "MRR", "hit@1"], rows))


def measure(ids: Sequence[str], relevant: Sequence[str]) -> tuple[float, float, float]:
    """Return recall, reciprocal rank, and whether the first item is relevant."""
    hits = [item_id in relevant for item_id in ids[:K]]
    rank = hits.index(True) + 1 if any(hits) else 0
    return sum(hits) / min(K, len(relevant)), 1 / rank if rank else 0.0, float(rank == 1)


if __name__ == "__main__":
    main()
