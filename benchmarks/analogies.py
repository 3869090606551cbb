"""Quality of analogies: "like this item, minus its genre, plus another genre".

    python -m benchmarks.analogies [--store var/store] [--cases 300]

Draws one of the 250 most popular items of the sample's model, one of its genres and a genre that it lacks, and queries
the item plus the new minus the old genre, with and without the behavior that texts borrow
(:mod:`recsys.recommend.text_vectors`). Measures, in the first ten, the shares with the new genre, without the old genre and
both, and the mean cosine with the item. Prints Markdown.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks.figures import table
from recsys.bundle.store import Store
from recsys.data.vectors import Vectors
from recsys.encoders.opening import open_query_encoder
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.recommend.text_vectors import content_row, row_of_text
from recsys.search.examples import Example, VectorQuery, item_example, search_by_examples

POPULAR, K, FEWEST = 250, 10, 15
SEED = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, default=Path("var/store"))
    parser.add_argument("--cases", type=int, default=300)
    given = parser.parse_args()
    recommender = Store(given.store).recommender()
    having = genres(recommender.model)
    encoder = open_query_encoder(recommender.encoder)
    vectors = dict(zip(having, encoder.encode([name.lower() for name in having]), strict=True))
    drawn = cases(recommender.model, having, given.cases)
    rows = []
    for name, row_of in (("content alone", content_row), ("with borrowed behavior", row_of_text)):
        rows_of_genres = {genre: row_of(recommender.model, vector) for genre, vector in vectors.items()}
        measured = [measure(recommender, having, rows_of_genres, *case) for case in drawn]
        rows.append([name, *(f"{one:.3f}" for one in np.mean(measured, axis=0))])
    chance = np.mean([len(having[plus]) for _, plus, _ in drawn]) / len(recommender.model.catalog)
    head = ["texts", f"has the new genre (chance {chance:.3f})", "lacks the old genre", "both", "cosine with the item"]
    print(table(f"{len(drawn)} analogies, the first {K}", head, rows))


def genres(model: Model) -> dict[str, set[int]]:
    """Return the items of each genre that has at least FEWEST."""
    found = defaultdict(set)
    for num, item in enumerate(model.catalog):
        for genre in item.attributes.get("genres") or ():  # type: ignore[union-attr]
            found[str(genre)].add(num)
    return {genre: nums for genre, nums in found.items() if len(nums) >= FEWEST}


def cases(model: Model, having: dict[str, set[int]], n: int) -> list[tuple[int, str, str]]:
    """Draw items, each with the genre to add and the genre to subtract."""
    random = np.random.default_rng(SEED)
    found: list[tuple[int, str, str]] = []
    while len(found) < n:
        num = int(random.choice(model.popularity.order[:POPULAR]))
        own = [genre for genre in having if num in having[genre]]
        others = [genre for genre in having if num not in having[genre]]
        if own:
            found.append((num, others[random.integers(len(others))], own[random.integers(len(own))]))
    return found


def measure(
    recommender: Recommender, having: dict[str, set[int]], rows: dict[str, Vectors], num: int, plus: str, minus: str
) -> tuple[float, float, float, float]:
    item = item_example(recommender, recommender.model.catalog.items.id(num))
    wanted = VectorQuery((item, Example(rows[plus])), (Example(rows[minus]),))
    ids = [one.item_id for one in search_by_examples(recommender, wanted, ListRequest(K)).items]
    nums = recommender.model.catalog.items.known(ids)
    new = np.array([one in having[plus] for one in nums.tolist()])
    old = np.array([one in having[minus] for one in nums.tolist()])
    cosines = recommender.model.items_like_item.table.rows(nums) @ item.vector
    return float(new.mean()), float((~old).mean()), float((new & ~old).mean()), float(cosines.mean())


if __name__ == "__main__":
    main()
