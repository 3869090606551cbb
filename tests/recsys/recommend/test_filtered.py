"""Under conditions: k items whenever k eligible ones exist, never another one, and of an exact index the best of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog, Item
from recsys.data.filters import Condition
from recsys.errors import QueryError
from recsys.events.activity import Event, UserEvents
from recsys.index.annoy import AnnoyVectorIndex
from recsys.index.exact import ExactIndex
from recsys.model.model import Model
from recsys.recommend import ranking
from recsys.recommend.answer import Answer
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from tests.recsys.model.test_precomputed_lists import ids
from tests.support import factories, score_oracle

N = 600
GENRES = ("all", "half", "tenth", "rare")


def genres(num: int) -> list[str]:
    """All items are of the first, every second, tenth and hundredth also of the others."""
    return [name for name, step in zip(GENRES, (1, 2, 10, 100), strict=True) if num % step == 0]


def labelled(model: Model) -> Model:
    items = [
        Item(one.item_id, one.title, one.text, {"n": num, "genre": genres(num)})
        for num, one in enumerate(model.catalog)
    ]
    catalog = Catalog.from_items(items)
    return replace(model, catalog=catalog, attributes=Attributes.from_catalog(catalog))


def made(annoy: bool) -> Recommender:
    model = labelled(factories.model(20, N, 8, 4, annoy=annoy, n_neighbors=6))
    if annoy:
        shallow = {name: model.forests[name].with_search_k(25) for name in ("items_for_user", "items_like_item")}
        model = replace(model, **shallow)
        assert isinstance(model.items_for_user, AnnoyVectorIndex)
    return Recommender(model, "v1")


@pytest.fixture(scope="module")
def exact() -> Recommender:
    return made(annoy=False)


@pytest.fixture(scope="module")
def forest() -> Recommender:
    return made(annoy=True)


@pytest.fixture(params=[10, 4096])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Up to how many eligible items are all ranked."""
    monkeypatch.setattr(ranking, "FEW_ELIGIBLE", request.param)
    return int(request.param)


CONDITIONS = st.lists(
    st.one_of(
        st.builds(Condition, st.just("genre"), st.sampled_from(["in", "not in"]), st.tuples(st.sampled_from(GENRES))),
        st.builds(Condition, st.just("genre"), st.just("in"), st.just(("rare", "tenth"))),
        st.builds(Condition, st.just("n"), st.sampled_from([">=", "<=", ">", "<"]), st.tuples(st.integers(-1, N))),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
IDS = st.frozensets(st.integers(0, N + 5).map(lambda num: f"i{num}"), max_size=60)
ASKED = st.builds(ListRequest, st.integers(1, 40), exclude=IDS, filters=CONDITIONS, include_seen=st.booleans())
EVENTS = st.lists(st.builds(Event, st.integers(0, N - 1).map(lambda num: f"i{num}")), max_size=3).map(tuple)


def satisfied(num: int, condition: Condition) -> bool:
    if condition.attribute == "n":
        bound = float(condition.values[0])
        return {">=": num >= bound, "<=": num <= bound, ">": num > bound, "<": num < bound}[condition.operator]
    return bool(set(genres(num)) & set(condition.values)) == (condition.operator == "in")


def eligible(asked: ListRequest, hidden: frozenset[str], seen: set[int]) -> set[int]:
    """By a look at every item."""
    out = set() if asked.include_seen else seen
    return {
        num
        for num in range(N)
        if num not in out
        and f"i{num}" not in asked.exclude | hidden
        and all(satisfied(num, condition) for condition in asked.filters)
    }


def nums(answer: Answer) -> list[int]:
    return [int(one[1:]) for one in ids(answer)]


def check(answer: Answer, left: set[int], asked: ListRequest, truth: list[float], best: bool) -> None:
    """As many as there can be, of the eligible, with their scores; the best of them where that is promised."""
    found = nums(answer)
    assert set(found) <= left
    assert len(found) == len(set(found)) == min(asked.k, len(left))
    scores = [item.score for item in answer.items]
    assert scores == pytest.approx([truth[num] for num in found], abs=1e-4)
    if best:
        wanted = sorted((truth[num] for num in left), reverse=True)[: asked.k]
        assert scores == pytest.approx(wanted, abs=1e-4)


def likeness(model: Model, num: int) -> list[float]:
    rows = model.items_like_item.table.rows(np.arange(N, dtype=np.int32)).astype(np.float64)
    return [float(value) for value in rows @ rows[num]]


@given(st.integers(0, 19), ASKED, IDS)
def test_items_for_a_user_under_conditions(
    exact: Recommender, forest: Recommender, few: int, user: int, asked: ListRequest, hidden: frozenset[str]
) -> None:
    left = eligible(asked, hidden, score_oracle.seen(exact.model, user))
    truth = score_oracle.scores(exact.model, user)
    check(exact.recommend(f"u{user}", asked, UserEvents(hidden=hidden)), left, asked, truth, best=True)
    check(forest.recommend(f"u{user}", asked, UserEvents(hidden=hidden)), left, asked, truth, best=False)
    scan = replace(asked, exact=True)
    check(forest.recommend(f"u{user}", scan, UserEvents(hidden=hidden)), left, asked, truth, best=True)


@given(st.integers(0, N - 1), ASKED, IDS)
def test_items_like_an_item_under_conditions(
    exact: Recommender, forest: Recommender, few: int, num: int, asked: ListRequest, hidden: frozenset[str]
) -> None:
    left = eligible(asked, hidden, set()) - {num}
    truth = likeness(exact.model, num)
    check(exact.similar_items(f"i{num}", asked, hidden), left, asked, truth, best=True)
    check(forest.similar_items(f"i{num}", asked, hidden), left, asked, truth, best=False)


@given(EVENTS, ASKED, IDS)
def test_items_for_a_guest_and_popular_ones_under_conditions(
    exact: Recommender,
    forest: Recommender,
    few: int,
    events: tuple[Event, ...],
    asked: ListRequest,
    hidden: frozenset[str],
) -> None:
    seen = {int(event.item_id[1:]) for event in events}
    left = eligible(asked, hidden, seen)
    everything = ListRequest(N, include_seen=True)
    truth = dict(zip(*columns(exact.recommend(events, everything)), strict=True))
    scores = [truth[num] for num in range(N)]
    check(exact.recommend(events, asked, UserEvents(hidden=hidden)), left, asked, scores, best=True)
    check(forest.recommend(events, asked, UserEvents(hidden=hidden)), left, asked, scores, best=not events)
    new = UserEvents(events, hidden=hidden)
    check(exact.recommend("nobody", asked, new), left, asked, scores, best=True)
    popular = eligible(asked, hidden, set())
    counts = exact.model.popularity.scores.tolist()
    check(exact.popular(asked, hidden=hidden), popular, asked, counts, best=True)


def columns(answer: Answer) -> tuple[list[int], list[float]]:
    return nums(answer), [item.score for item in answer.items]


def test_many_eligible_items_are_asked_of_the_index_and_few_are_not(
    exact: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for: list[int] = []
    candidates = ExactIndex.candidates

    def counting(self: ExactIndex, vector: np.ndarray, k: int, *, eligible: np.ndarray) -> np.ndarray:
        asked_for.append(int(np.count_nonzero(eligible)))
        return candidates(self, vector, k, eligible=eligible)

    monkeypatch.setattr(ranking, "FEW_ELIGIBLE", 100)
    monkeypatch.setattr(ExactIndex, "candidates", counting)
    exact.recommend("u0", ListRequest(4, filters=(Condition("genre", "in", ("half",)),)))
    assert min(asked_for) > 250  # of 300, less those that were seen
    asked_for.clear()
    exact.recommend("u0", ListRequest(4, filters=(Condition("genre", "in", ("tenth",)),)))
    assert asked_for == []  # of 60


@pytest.mark.parametrize(("n", "k"), [(50, 20), (100, 1), (300, 2), (300, 14)])
def test_where_the_eligible_are_the_worst_all_are_found(
    exact: Recommender, monkeypatch: pytest.MonkeyPatch, n: int, k: int
) -> None:
    """However often the index has to be asked for more."""
    monkeypatch.setattr(ranking, "FEW_ELIGIBLE", 10)
    truth = score_oracle.scores(exact.model, 3)
    worst = sorted(set(range(N)) - score_oracle.seen(exact.model, 3), key=lambda num: truth[num])[:n]
    asked = ListRequest(k, filters=(Condition("n", "in", tuple(str(num) for num in worst)),))
    assert nums(exact.recommend("u3", asked)) == worst[::-1][:k]


def test_nothing_is_eligible(exact: Recommender, forest: Recommender) -> None:
    nowhere = ListRequest(5, filters=(Condition("n", ">", (N,)),))
    for of in (exact, forest):
        answers = (of.recommend("u0", nowhere), of.similar_items("i0", nowhere), of.popular(nowhere))
        assert [(answer.items, answer.next_offset) for answer in answers] == [((), None)] * 3
        assert of.recommend("u0", nowhere).strategy == "personalized"


def test_an_attribute_that_no_item_has_is_refused_whatever_is_asked(exact: Recommender) -> None:
    asked = ListRequest(5, filters=(Condition("gnre", "in", ("half",)),))
    for ask in (
        lambda: exact.recommend("u0", asked),
        lambda: exact.recommend("nobody", asked),
        lambda: exact.recommend([Event("i1")], asked),
        lambda: exact.similar_items("i0", asked),
        lambda: exact.popular(asked),
    ):
        with pytest.raises(QueryError, match="items have no attribute 'gnre'; did you mean 'genre'"):
            ask()
