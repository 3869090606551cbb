"""Facets, compared with counts over the records of the catalog."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from recsys.data.catalog import Item
from recsys.data.filters import parse_filter
from recsys.errors import QueryError
from recsys.explore import facets
from recsys.explore.facets import facets_object, frequent_values
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from tests.support import factories

GENRES = ("Drama", "Comedy", "Horror", "Sci-Fi, really")


def items(n: int = 120) -> list[Item]:
    chance = random.Random(5)

    def attributes(num: int) -> dict[str, object]:
        held: dict[str, object] = {"genres": chance.sample(GENRES, k=chance.randrange(1, 3)), "year": 1950 + num % 60}
        if num % 3:
            held["country"] = chance.choice(["CH", "FR"])
        return held

    return [Item(f"i{num}", f"Item {num}", attributes=attributes(num)) for num in range(n)]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return Recommender(factories.model_of(items()), "v1")


def shown(
    recommender: Recommender, *filters: str, hidden: frozenset[str] = frozenset()
) -> dict[str, dict[str, object]]:
    request = ListRequest(filters=tuple(map(parse_filter, filters)))
    answer = facets_object(recommender, request, frequent_values(recommender), hidden)
    return {facet["attribute"]: facet for facet in answer["attributes"]} | {"n": answer["n_items"]}


def counted(facet: dict[str, object]) -> dict[str, int]:
    return {one["value"]: one["n_items"] for one in facet["values"]}  # type: ignore[attr-defined]


def test_counts_are_those_of_the_catalog(recommender: Recommender) -> None:
    catalog = list(recommender.model.catalog)
    answer = shown(recommender)
    assert answer["n"] == 120
    assert counted(answer["genres"]) == Counter(genre for item in catalog for genre in item.attributes["genres"])  # type: ignore[union-attr]
    assert list(counted(answer["genres"]).values()) == sorted(counted(answer["genres"]).values(), reverse=True)
    assert counted(answer["country"]) == Counter(
        item.attributes["country"] for item in catalog if "country" in item.attributes
    )
    year = answer["year"]
    assert (year["kind"], year["low"], year["high"], year["n_items"]) == ("number", 1950.0, 2009.0, 120)
    assert year["quartiles"] == sorted(year["quartiles"])  # type: ignore[type-var]


def test_an_attribute_obeys_the_conditions_on_the_others_only(recommender: Recommender) -> None:
    catalog = list(recommender.model.catalog)
    answer = shown(recommender, "genres:Drama", "year>=1980")
    late = [item for item in catalog if item.attributes["year"] >= 1980]  # type: ignore[operator]
    drama = [item for item in late if "Drama" in item.attributes["genres"]]  # type: ignore[operator]
    assert answer["n"] == len(drama)
    assert counted(answer["genres"]) == Counter(genre for item in late for genre in item.attributes["genres"])  # type: ignore[union-attr]
    assert counted(answer["country"]) == Counter(
        item.attributes["country"] for item in drama if "country" in item.attributes
    )
    assert answer["year"]["low"] == min(
        item.attributes["year"] for item in catalog if "Drama" in item.attributes["genres"]
    )  # type: ignore[type-var,operator]


def test_hidden_items_do_not_count(recommender: Recommender) -> None:
    hidden = frozenset(f"i{num}" for num in range(0, 120, 2))
    assert shown(recommender, hidden=hidden)["n"] == 60


def test_too_many_values_are_not_counted(recommender: Recommender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facets, "MOST_NAMED", 2)
    answer = shown(recommender)
    assert sum(len(answer[name]["values"]) for name in ("genres", "country")) == 2  # type: ignore[arg-type]
    assert answer["genres"]["n_values"] is None


def test_conditions_that_no_item_meets(recommender: Recommender) -> None:
    answer = shown(recommender, "genres:Drama", "year>=3000")
    assert answer["n"] == 0
    assert answer["country"]["values"] == []
    with pytest.raises(QueryError, match=r"items have no attribute 'genre'.*genres"):
        shown(recommender, "genre:Drama")
