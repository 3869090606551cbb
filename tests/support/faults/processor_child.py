"""Answers a fixed set of questions about a published model, on whatever processor the environment lets the libraries see.

Run as a process of its own: ``python -m tests.support.faults.processor_child STORE``. It prints one JSON object, from each
question to its answer.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from werkzeug.test import TestResponse

from recsys.bundle.store import Store
from recsys.config import IndexConfig, ServeConfig
from recsys.data.filters import parse_filter
from recsys.model.model import Model
from recsys.model.precomputed_lists import ItemLists, UserLists
from recsys.recommend.batch import recommend_many, recommend_penalized
from recsys.recommend.json import answer_object
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.search.items import search
from recsys.search.json import caption_object, search_object
from recsys.search.pictures import PictureQuery, captions
from serving.app import create_app
from serving.settings import Settings
from tests.support import factories
from training.indexes import precompute_lists

ROWS = (0, 7, 31)
ASKED = [
    *(f"/recommend/u{num}?k=25&explain=true" for num in ROWS),
    *(f"/recommend/u{num}?k=25&offset=13" for num in ROWS),
    "/recommend/u7?k=20&popularity_penalty=0.4",
    "/recommend/u7?k=20&diversity=0.5",
    *(f"/recommend/u7?k=25&content_weight={weight}&explain=true" for weight in (0, 0.3, 1.7)),
    "/recommend/u7?k=20&filter=year>=2000&explain=true",
    "/recommend/u7?k=20&filter=genre:war",
    "/recommend/u7?k=20&cluster=1",
    *(f"/similar/i{num}?k=25&explain=true" for num in ROWS),
    *(f"/similar/i{num}?k=25&offset=9" for num in ROWS),
    "/similar/i3?k=20&diversity=0.3",
    *(f"/similar/i{num}?k=25&by={by}" for num in ROWS for by in ("behavior", "content")),
    "/popular?k=30",
    "/popular?k=30&trending=true&offset=7",
    *(f"/search?q=red+castle&k=25&mode={mode}" for mode in ("semantic", "keyword", "hybrid")),
    "/search?q=red+castle+by+the+sea&k=10&offset=7&user_id=u3",
    "/clusters",
    "/clusters/0?k=40",
    "/segments/1?k=40",
    "/map?k=50",
    "/directions",
    "/tags/i5",
    "/anomalies?kind=items&k=50",
    "/anomalies?kind=users&k=50",
    "/users/u7",
]
GIVEN: list[tuple[str, dict[str, Any]]] = [
    ("/recommend", {"history": [{"item_id": f"i{num}"} for num in (1, 5, 64, 9)], "k": 25, "explain": True}),
    ("/rank", {"user_id": "u7", "item_ids": [f"i{num}" for num in range(0, 240, 5)], "explain": True}),
    *(
        (
            "/query",
            {
                "positive": [{"item_id": "i3"}, {"text": "red castle"}, {"user_id": "u7"}],
                "negative": [{"item_id": "i9"}, {"text": "wine"}],
                "strategy": strategy,
                "k": 25,
            },
        )
        for strategy in ("mean", "best_score", "context_pairs")
    ),
    ("/tags", {"text": "red wine by the sea"}),
    ("/chat", {"messages": [{"role": "user", "content": "I like Title 3 and an old castle by the sea"}], "k": 20}),
    ("/chat", {"messages": [{"role": "user", "content": "war, but no robots"}], "user_id": "u3", "k": 20}),
]


def answers(recommender: Recommender) -> Iterator[tuple[str, object]]:
    """Each question and what is answered."""
    client = create_app(Settings(Path(), "", ServeConfig(access_log=False)), recommender).test_client()
    for path in ASKED:
        yield path, _said(client.get(path))
    for number, (path, given) in enumerate(GIVEN):
        yield f"{path} {number}", _said(client.post(path, json=given))
    yield from _pictures(recommender)
    for num in ROWS:
        for penalty in (0.0, 0.4):
            asked = ListRequest(25, 5, exact=True, popularity_penalty=penalty, diversity=penalty)
            yield f"exact u{num} {penalty}", answer_object(recommender.recommend(f"u{num}", asked), {}, "")


def _said(response: TestResponse) -> dict[str, Any]:
    """An answer without what is new in each; a refusal is none."""
    if response.status_code != 200:
        raise AssertionError(f"{response.request.path}: {response.text}")
    said: dict[str, Any] = response.json
    return {name: value for name, value in said.items() if name != "recommendation_id"}


def _pictures(recommender: Recommender) -> Iterator[tuple[str, object]]:
    """By vectors that are given: what an encoder adds is not asked for here."""
    vectors = factories.random_vectors(4, recommender.model.picture_dim, 5)
    for number, vector in enumerate(vectors / np.linalg.norm(vectors.astype(np.float64), axis=1)[:, None]):
        query = PictureQuery(vector.astype(np.float32))
        for offset in (0, 8):
            asked = ListRequest(20, offset, filters=(parse_filter("year>1995"),) * (number % 2))
            found = search(recommender, query, asked)
            yield f"picture {number} from {offset}", search_object(found, query, {}, "")
        yield f"caption {number}", caption_object(captions(recommender, query.vector, 3), "")


def lists(model: Model) -> Iterator[tuple[str, object]]:
    """Lists of many users, and those that are computed beforehand."""
    users, recommender = np.arange(len(model.users), dtype=np.int32), Recommender(model, "")
    for exact in (True, False):
        for number, one in enumerate(recommend_many(recommender, users, 15, exact=exact)):
            yield f"batch {exact} {number}", [one.nums.tolist(), one.scores.tolist()]
    for number, row in enumerate(recommend_penalized(recommender, users, 15, (0.2, 0.7))):
        yield f"penalized {number}", [[one.nums.tolist(), one.scores.tolist()] for one in row]
    made = precompute_lists.with_lists(model, IndexConfig(lists=12))
    for name, kept in (("users", made.need(UserLists)), ("items", made.need(ItemLists))):
        yield f"lists of {name}", [kept.nums.tolist(), kept.scores.tolist(), kept.collaborative.tolist()]
    listed = Recommender(made, "v1")
    for num in ROWS:
        yield f"listed u{num}", answer_object(listed.recommend(f"u{num}", ListRequest(8)), {}, "v1")
        yield f"listed i{num}", answer_object(listed.similar_items(f"i{num}", ListRequest(8)), {}, "v1")


def main(store: Path) -> None:
    found: dict[str, object] = {}
    recommender = Store(store).recommender()
    for kind in ("exact", "forest"):
        if kind == "forest":
            recommender = replace(recommender, model=with_forests(recommender.model))
        found |= {f"{kind} {name}": said for name, said in answers(recommender)}
        found |= {f"{kind} {name}": said for name, said in lists(recommender.model)}
    json.dump(found, sys.stdout)


def with_forests(model: Model) -> Model:
    """The model served by its forests, which look at a part of the items."""
    return replace(model, **{name: forest.with_search_k(60) for name, forest in model.forests.items()})  # type: ignore[arg-type]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
