"""Items that stand out: texts that were exchanged, records that stand twice, and data in which texts say nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from recsys.data.catalog import Catalog, Item
from recsys.data.histories import Histories
from recsys.model import blending
from tests.support import tastes
from training.content import lsa
from training.factors import neighbors
from training.insights import odd_items
from training.insights.odd_items import Known

N = 150


def known(texts: list[str], titles: list[str] | None = None, **attributes: list[int]) -> Known:
    pairs = tastes.tastes(n_users=300, n_items=N, n_tastes=5, per_user=15)
    records = [
        Item(f"i{num:03}", (titles or [f"Item {num}"] * N)[num] if titles else f"Item {num}", text)
        for num, text in enumerate(texts)
    ]
    if attributes:
        records = [
            replace(item, attributes={name: values[num] for name, values in attributes.items()})
            for num, item in enumerate(records)
        ]
    vectors = lsa.fit(texts, 16, 0)[2]
    return Known(
        Catalog.from_items(records),
        blending.centered(vectors),
        vectors,
        neighbors.by_behavior(pairs, 20, 0.5, 0),
        neighbors.by_words(texts, 20),
        Histories.from_interactions(pairs).matrix(),
    )


def test_exchanged_texts_are_found() -> None:
    texts = tastes.texts(N, 5)
    wrong = [7, 31, 77, 118]
    exchanged = texts.copy()
    for num in wrong:
        exchanged[num] = texts[num + 1]  # of another taste
    found = odd_items.disagreements(known(exchanged), 0)
    ranked = sorted(found, key=lambda num: -found[num].strength)
    assert set(ranked[:4]) == set(wrong)
    assert all(found[num].strength > 0.5 for num in wrong)
    assert sum(one.strength > 0.5 for one in found.values()) <= 6
    like, usual, chance, users = found[7].numbers
    assert like < usual
    assert abs(chance) < 0.2
    assert users >= odd_items.FEWEST_USERS


def test_where_texts_say_nothing_of_behavior_nothing_is_said() -> None:
    texts = tastes.texts(N, 5)
    shuffled = [texts[num] for num in np.random.default_rng(0).permutation(N)]
    assert odd_items.disagreements(known(shuffled), 0) == {}
    nothing = replace(known(texts), texts=np.zeros((N, 0), np.float32), vectors=np.zeros((N, 0), np.float32))
    assert odd_items.disagreements(nothing, 0) == {}
    assert odd_items.duplicates(nothing) == {}


def numbered(texts: list[str]) -> list[str]:
    """With words of their own, so that no two are alike."""
    return [
        f"{text} alpha{chr(97 + num % 26)}{chr(97 + num // 26)} beta{chr(97 + num // 26)}{chr(97 + num % 26)}"
        for num, text in enumerate(texts)
    ]


def test_a_record_that_stands_twice_is_found_from_both_sides() -> None:
    texts = numbered(tastes.texts(N, 5))
    texts[80] = texts[20]
    titles = [f"Item {num}" for num in range(N)]
    titles[80] = "ITEM 20"
    found = odd_items.duplicates(known(texts, titles))
    assert {num: one.other for num, one in found.items()} == {20: 80, 80: 20}
    cosine, same, both, users, others = found[80].numbers
    assert (cosine, same) == (pytest.approx(1, abs=1e-5), 1.0)
    assert found[80].strength > 0.99
    assert min(users, others) >= both
    other_title = odd_items.duplicates(known(texts))
    assert other_title[80].strength < found[80].strength


def test_a_sequel_is_no_duplicate() -> None:
    texts = numbered(tastes.texts(N, 5))
    texts[20], texts[80] = f"{texts[20]} part 1", f"{texts[20]} part 2"
    assert odd_items.duplicates(known(texts)) == {}
    texts[80] = texts[20]
    years = [1990 + num for num in range(N)]
    assert odd_items.duplicates(known(texts, year=years)) == {}
    years[80] = years[20]
    assert set(odd_items.duplicates(known(texts, year=years))) == {20, 80}


def test_the_largest_of_rows_by_hand() -> None:
    matrix = sparse.csr_matrix(np.array([[0, 3, 1, 3], [0, 0, 0, 0], [5, 0, 0, 0]], dtype=np.float32))
    assert odd_items._largest(matrix, 2).tolist() == [[1, 3], [-1, -1], [0, -1]]
