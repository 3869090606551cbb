"""Vector arithmetic on vectors of a known structure, and each strategy against its formula written down anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys.data.catalog import Catalog, Item
from recsys.data.filters import parse_filter
from recsys.data.vectors import Vectors, unit_rows
from recsys.errors import NotFoundError, QueryError
from recsys.events.activity import Event, UserEvents
from recsys.index.exact import ExactIndex, VectorTable
from recsys.model import blending
from recsys.model.model import Model
from recsys.model.similarity import Likeness
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.search.examples import (
    STRATEGIES,
    Example,
    Strategy,
    VectorQuery,
    item_example,
    search_by_examples,
    text_example,
    user_example,
)
from tests.support import factories

PEOPLE = ("king", "queen", "man", "woman", "prince", "princess", "duke", "duchess")
MALE = {"king", "man", "prince", "duke"}
NOBLE = {"king": 2.0, "queen": 2.0, "prince": 1.2, "princess": 1.2, "duke": 0.6, "duchess": 0.6}


def meanings(seed: int) -> Vectors:
    """For each of PEOPLE a vector (12,) of what they are, with a little that is their own."""
    random = np.random.default_rng(seed)
    person, male, female, noble, young = np.eye(12)[:5]
    made = []
    for name in PEOPLE:
        vector = person + 1.5 * (male if name in MALE else female) + NOBLE.get(name, 0.0) * noble
        made.append(vector + young * name.startswith("prin") + random.normal(scale=0.02, size=12))
    return np.array(made, dtype=np.float32)


def kingdom(weight: float = 0.5) -> Recommender:
    """A model in which behavior and content of items have the same structure, in other coordinates."""
    base = factories.model(n_items=len(PEOPLE), factors=12, text_dim=12)
    factors, texts = meanings(0), unit_rows(meanings(1))
    trust = np.ones(len(PEOPLE), dtype=np.float32)
    rows = blending.items_like_item(factors, blending.centered(texts), weight, trust)
    model = replace(
        base,
        catalog=Catalog.from_items([Item(name, name.title()) for name in PEOPLE]),
        items_like_item=ExactIndex(VectorTable.from_vectors(rows)),
        likeness=Likeness.of(weight, blending.text_mean(texts)),
    )
    return Recommender(model, "v")


def words() -> dict[str, Vectors]:
    return dict(zip(PEOPLE, unit_rows(meanings(1)), strict=True))


def found(recommender: Recommender, wanted: VectorQuery, k: int = 3) -> list[str]:
    return [item.item_id for item in search_by_examples(recommender, wanted, ListRequest(k)).items]


class TestArithmetic:
    @pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
    @pytest.mark.parametrize(
        ("plus", "minus", "answer"),
        [
            (("king", "woman"), "man", "queen"),
            (("queen", "man"), "woman", "king"),
            (("prince", "woman"), "man", "princess"),
            (("duchess", "man"), "woman", "duke"),
        ],
    )
    def test_king_less_man_plus_woman_is_queen(
        self, plus: tuple[str, str], minus: str, answer: str, weight: float
    ) -> None:
        recommender = kingdom(weight)
        positive = tuple(item_example(recommender, one) for one in plus)
        assert found(recommender, VectorQuery(positive, (item_example(recommender, minus),)))[0] == answer

    def test_control_king_and_woman_alone_are_no_queen(self) -> None:
        recommender = kingdom()
        assert found(recommender, VectorQuery((item_example(recommender, "king"),)))[0] != "queen"

    def test_texts_take_the_place_of_items(self) -> None:
        recommender = kingdom(weight=0.0)
        positive = tuple(text_example(recommender, words()[one]) for one in ("king", "woman"))
        negative = (text_example(recommender, words()["man"]),)
        found_items = found(recommender, VectorQuery(positive, negative), 5)
        assert found_items[0] == "queen"
        assert {"king", "woman"} & set(found_items)  # nothing was given that could be left out

    def test_a_larger_weight_counts_more(self) -> None:
        recommender = kingdom()
        king, woman = (item_example(recommender, one) for one in ("king", "woman"))
        light = found(recommender, VectorQuery((king, replace(woman, weight=0.01))))
        heavy = found(recommender, VectorQuery((king, replace(woman, weight=100.0))))
        assert light[0] in MALE
        assert heavy[0] not in MALE


class TestStrategies:
    """On the random model, against plain loops."""

    def scores(self, model: Model, wanted: VectorQuery) -> dict[str, float]:
        rows = model.items_like_item.table.rows(np.arange(len(model.catalog), dtype=np.int32)).astype(np.float64)
        made = {}
        for num, row in enumerate(rows):
            positive = [one.weight * float(row @ one.vector) for one in wanted.positive]
            negative = [one.weight * float(row @ one.vector) for one in wanted.negative]
            made[model.catalog.items.id(num)] = self.score(wanted, row, positive, negative)
        return made

    def score(self, wanted: VectorQuery, row: Vectors, positive: list[float], negative: list[float]) -> float:
        def h(z: float) -> float:
            return (1 + z / (1 + abs(z))) / 2

        if wanted.strategy == "best_score":
            best, worst = max(positive), max(negative, default=-np.inf)
            return h(best) if best > worst else -h(worst)
        if wanted.strategy == "context_pairs":
            losses = [min(one - other, 0) for one in positive for other in negative]
            loss = sum(losses) / max(1, len(losses))
            return loss if loss < 0 else h(sum(positive) / len(positive))
        total = sum(one.weight for one in wanted.positive)
        vector = sum(one.weight * one.vector.astype(np.float64) for one in wanted.positive) / total
        if wanted.negative:
            away = sum(one.weight for one in wanted.negative)
            mean = sum(one.weight * one.vector.astype(np.float64) for one in wanted.negative) / away
            vector = 2 * vector - mean
        return float(row @ vector / np.linalg.norm(vector))

    @pytest.mark.parametrize("strategy", STRATEGIES)
    @pytest.mark.parametrize("with_negative", [True, False])
    def test_scores_are_those_of_the_formulas(self, model: Model, strategy: Strategy, with_negative: bool) -> None:
        recommender = Recommender(model, "v")
        text = unit_rows(factories.random_vectors(1, 3, seed=9))[0]
        positive = (item_example(recommender, "i3", 2.0), text_example(recommender, text, 0.7))
        negative = (item_example(recommender, "i8"), user_example(recommender, "u1", weight=1.3))
        wanted = VectorQuery(positive, negative if with_negative else (), strategy)
        expected = self.scores(model, wanted)
        given = {"i3", "i8"} if with_negative else {"i3"}
        answer = search_by_examples(recommender, wanted, ListRequest(100))
        assert answer.strategy == strategy
        assert {item.item_id for item in answer.items} == expected.keys() - given
        for item in answer.items:
            assert item.score == pytest.approx(expected[item.item_id], abs=1e-5)
        scores = [item.score for item in answer.items]
        assert scores == sorted(scores, reverse=True)

    def test_best_score_finds_what_is_like_one_of_two_unlike_items(self) -> None:
        rows = unit_rows(np.array([[1, 0], [0, 1], [1, 0.1], [0.1, 1], [1, 1]], dtype=np.float32))
        recommender = plane(rows)
        positive = tuple(item_example(recommender, one) for one in ("i0", "i1"))
        assert set(found(recommender, VectorQuery(positive, (), "best_score"), 2)) == {"i2", "i3"}
        assert found(recommender, VectorQuery(positive, (), "mean"), 1) == ["i4"]

    def test_context_pairs_put_what_is_more_like_a_negative_last(self) -> None:
        rows = unit_rows(np.array([[1, 0], [0, 1], [1, 0.9], [1, 2], [0.9, 1], [1, 0.1]], dtype=np.float32))
        recommender = plane(rows)
        wanted = VectorQuery((item_example(recommender, "i0"),), (item_example(recommender, "i1"),), "context_pairs")
        answer = search_by_examples(recommender, wanted, ListRequest(10))
        assert [item.item_id for item in answer.items] == ["i5", "i2", "i4", "i3"]
        assert [item.score > 0 for item in answer.items] == [True, True, False, False]

    @pytest.mark.parametrize("strategy", STRATEGIES)
    def test_an_approximate_index_answers_too(self, strategy: Strategy) -> None:
        recommender = Recommender(factories.model(n_items=400, annoy=True), "v")
        wanted = VectorQuery((item_example(recommender, "i3"),), (item_example(recommender, "i8"),), strategy)
        exact = search_by_examples(recommender, wanted, ListRequest(10, exact=True)).items
        approximate = search_by_examples(recommender, wanted, ListRequest(10)).items
        assert {item.item_id for item in approximate} & {item.item_id for item in exact}
        assert len(approximate) == 10


def plane(rows: Vectors) -> Recommender:
    """Items with the given rows of behavior, (n, 2)."""
    n = len(rows)
    model = factories.model(n_items=n, factors=2, text_dim=0)
    return Recommender(replace(model, items_like_item=ExactIndex(VectorTable.from_vectors(rows))), "v")


class TestBounds:
    @pytest.mark.parametrize("strategy", STRATEGIES)
    def test_given_hidden_and_excluded_items_are_never_answered(self, model: Model, strategy: Strategy) -> None:
        recommender = Recommender(model, "v")
        wanted = VectorQuery((item_example(recommender, "i1"),), (item_example(recommender, "i2"),), strategy)
        answer = search_by_examples(recommender, wanted, ListRequest(100, exclude=["i3", "nix"]), frozenset({"i4"}))
        assert {item.item_id for item in answer.items} == {f"i{num}" for num in range(50)} - {"i1", "i2", "i3", "i4"}

    @pytest.mark.parametrize("strategy", STRATEGIES)
    def test_filters_hold(self, model: Model, strategy: Strategy) -> None:
        recommender = Recommender(model, "v")
        wanted = VectorQuery((item_example(recommender, "i1"),), (), strategy)
        answer = search_by_examples(recommender, wanted, ListRequest(100, filters=(parse_filter("year<1995"),)))
        assert {item.item_id for item in answer.items} == {"i0", "i2", "i3", "i4"}

    @pytest.mark.parametrize("strategy", STRATEGIES)
    def test_pages_are_parts_of_one_list(self, model: Model, strategy: Strategy) -> None:
        recommender = Recommender(model, "v")
        wanted = VectorQuery((item_example(recommender, "i1"),), (item_example(recommender, "i2"),), strategy)
        whole = search_by_examples(recommender, wanted, ListRequest(48))
        first, second = (search_by_examples(recommender, wanted, ListRequest(24, offset=offset)) for offset in (0, 24))
        assert [*first.items, *second.items] == [*whole.items]
        assert (first.next_offset, second.next_offset, whole.next_offset) == (24, None, None)

    @pytest.mark.parametrize("strategy", STRATEGIES)
    def test_examples_that_say_nothing_get_the_popular_items(self, model: Model, strategy: Strategy) -> None:
        recommender = Recommender(model, "v")
        nothing = text_example(recommender, np.zeros(3, dtype=np.float32))
        answer = search_by_examples(recommender, VectorQuery((nothing,), (), strategy), ListRequest(5))
        assert (answer.strategy, answer.fallback) == ("popular", True)
        alike = item_example(recommender, "i1")
        with_one = search_by_examples(recommender, VectorQuery((alike, nothing), (nothing,), strategy), ListRequest(5))
        assert with_one == search_by_examples(recommender, VectorQuery((alike,), (), strategy), ListRequest(5))

    def test_examples_that_cancel_out_get_the_popular_items_without_them(self, model: Model) -> None:
        recommender = Recommender(model, "v")
        one = item_example(recommender, "i1")
        wanted = VectorQuery((one,), (replace(one, vector=-one.vector), replace(one, vector=5 * one.vector)))
        answer = search_by_examples(recommender, wanted, ListRequest(100))
        assert answer.fallback
        assert "i1" not in {item.item_id for item in answer.items}
        assert len(answer.items) == 49

    def test_a_query_needs_a_positive_example(self) -> None:
        with pytest.raises(QueryError, match="at least one positive example"):
            VectorQuery((), ())

    @pytest.mark.parametrize("weight", [0.0, 1e-7, -1.0, 1001.0, float("nan"), float("inf")])
    def test_a_weight_out_of_range_is_told(self, weight: float) -> None:
        with pytest.raises(QueryError, match="the weight of an example is"):
            Example(np.ones(2, dtype=np.float32), weight)

    def test_what_is_not_known_is_told(self, model: Model) -> None:
        recommender = Recommender(model, "v")
        with pytest.raises(NotFoundError, match="'nix' is not in the catalog"):
            item_example(recommender, "nix")
        with pytest.raises(NotFoundError, match="nothing is known of user 'nobody'"):
            user_example(recommender, "nobody")
        with pytest.raises(NotFoundError, match="nothing is known of user 'u1'"):
            user_example(recommender, "u1", UserEvents(forgotten=True))

    def test_events_of_a_user_count(self, model: Model) -> None:
        recommender = Recommender(model, "v")
        before = user_example(recommender, "u1").vector
        after = user_example(recommender, "u1", UserEvents((Event("i40"),))).vector
        guest = user_example(recommender, "nobody", UserEvents((Event("i40"),))).vector
        assert not np.allclose(before, after)
        assert np.linalg.norm(guest) == pytest.approx(1, abs=1e-6)
