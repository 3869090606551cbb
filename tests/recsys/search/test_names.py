"""Items and users by the beginning of their names, compared with a plain loop over all names."""

from __future__ import annotations

import random

import numpy as np
import pytest

from recsys.data.catalog import Item
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.search import names
from recsys.search.names import find_items, find_users
from recsys.text.tokens import folded_words
from tests.support import factories

WORDS = ("Amélie", "Alien", "Aliens", "the", "Thing", "二人", "of", "Space", "Straße", "II", "don't")


def catalog_of(n: int) -> list[Item]:
    chance = random.Random(3)
    return [Item(f"i{num}", " ".join(chance.choices(WORDS, k=chance.randrange(1, 5)))) for num in range(n)]


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return Recommender(factories.model_of(catalog_of(200)), "v1")


def found(recommender: Recommender, typed: str, k: int = 100, **fields: object) -> list[str]:
    nums, _ = find_items(recommender, typed, ListRequest(k=k, **fields))  # type: ignore[arg-type]
    return [recommender.items.id(num) for num in nums]


@pytest.mark.parametrize(
    "typed", ["al", "ALIEN", "amel", "amé", "thing of", "of thi", "二", "i1", "i17", "strasse", "zzz", "don"]
)
@pytest.mark.parametrize("most", [5000, 20])
def test_found_are_those_of_a_plain_loop(
    recommender: Recommender, typed: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "MOST_POPULAR", most)
    catalog, words = recommender.model.catalog, folded_words(typed)

    def matches(num: int) -> bool:
        title = folded_words(catalog.titles[num])
        return catalog.items.id(num).startswith(typed) or all(any(w.startswith(q) for w in title) for q in words)

    expected = [num for num in recommender.model.popularity.order.tolist() if matches(num)]
    shown = found(recommender, typed, k=1000)
    if most == 5000:
        assert set(shown) == {catalog.items.id(num) for num in expected}
        first = [
            name for name in shown if name == typed or folded_words(catalog.titles[catalog.items.get(name)]) == words
        ]
        assert shown == first + [catalog.items.id(num) for num in expected if catalog.items.id(num) not in first]
    else:  # beyond the popular titles, letters are found as they are typed
        assert set(shown) <= {catalog.items.id(num) for num in expected}
        literal = {
            catalog.items.id(n) for n in expected if max(typed.split(), key=len).lower() in catalog.titles[n].lower()
        }
        assert literal <= set(shown)


def test_pages_are_the_list(recommender: Recommender) -> None:
    whole = found(recommender, "al", k=1000)
    request, pages = ListRequest(k=7), []
    while True:
        nums, after = find_items(recommender, "al", request)
        pages += [recommender.items.id(num) for num in nums]
        if after is None:
            break
        request = ListRequest(k=7, offset=after)
    assert pages == whole
    assert len(whole) > 14


def test_hidden_and_excluded_items_are_left_out(recommender: Recommender) -> None:
    first, second, *rest = found(recommender, "al")
    nums, _ = find_items(recommender, "al", ListRequest(k=100, exclude=(first,)), frozenset({second}))
    assert [recommender.items.id(num) for num in nums] == rest


def test_without_letters_all_items_by_popularity(recommender: Recommender) -> None:
    nums, after = find_items(recommender, "", ListRequest(k=5))
    assert nums == recommender.model.popularity.order[:5].tolist()
    assert after == 5


def test_users_by_the_beginning_of_their_id(recommender: Recommender) -> None:
    gone = recommender.users.id(12)
    shown = [recommender.users.id(num) for num in find_users(recommender, "u1", 100, lambda name: name == gone)]
    assert shown == sorted(name for name in recommender.users if name.startswith("u1") and name != gone)
    assert find_users(recommender, "nobody", 5, lambda _: False) == []


def test_without_letters_users_with_a_history_of_typical_length(recommender: Recommender) -> None:
    lengths = np.diff(recommender.model.histories.indptr)
    nums = find_users(recommender, "", 5, lambda _: False)
    far = np.abs(lengths - names.TYPICAL_HISTORY)
    assert sorted(far[nums]) == sorted(far)[:5]


def test_a_start_longer_than_every_string_finds_none(recommender: Recommender) -> None:
    assert len(recommender.items.strings.starting_with("i" * 50)) == 0
    assert len(recommender.items.strings.starting_with("\ud800")) == 0
