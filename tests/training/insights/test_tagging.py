"""Suggested attributes in training: which are learned, what is measured, and that nothing is found that the text said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recsys.data.catalog import Catalog, Item
from recsys.data.vectors import Vectors, unit_rows
from recsys.explore.suggested_tags import of_item
from recsys.model.extras.tagging import Tagging
from recsys.model.similarity import Likeness
from recsys.progress import Stages
from recsys.recommend.recommender import Recommender
from tests.support.sample import small
from training import pipeline
from training.insights import tagging
from training.insights.tag_votes import NUMBERS_OF_VOTERS, cross_measured, vote

N, DIM, FACTORS = 120, 6, 4


def encode(texts: Sequence[str]) -> Vectors:
    """A direction for each word of a text; a word that ends with its own number has that one."""
    rows = np.zeros((len(texts), DIM), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in text.replace(".", "").replace(",", "").split():
            row[hash_of(word) % DIM] += 1
    return unit_rows(rows)


def hash_of(word: str) -> int:
    return int(word[-1]) if word[-1].isdigit() else sum(map(ord, word))


def items(told: bool, seed: int = 0) -> list[Item]:
    """The word of an item's text decides about its genre in nine of ten; with `told` the text says the genre as well."""
    random = np.random.default_rng(seed)
    made = []
    for num in range(N):
        word = int(random.integers(3))
        genre = f"g{word if random.random() < 0.9 else random.integers(3)}"
        values = [genre, "long"] if num % 4 == 0 else [genre]
        text = f"story{word}" + (f". {', '.join(values)}" if told else "")
        attributes = {"genres": values, "land": f"l{word}", "year": 1990 + num, "prose": f"all about {num}"}
        made.append(Item(f"i{num}", f"Item {num}", text, attributes))
    return made


def space(catalog: Catalog, weight: float = 0.5) -> tagging.Space:
    texts = encode([item.text for item in catalog])
    behavior = np.zeros((len(catalog), FACTORS), dtype=np.float32)
    rows = np.hstack((behavior, np.float32(np.sqrt(1 - weight)) * texts)).astype(np.float32)
    return tagging.Space(rows, FACTORS, Likeness.of(weight, np.zeros(DIM, dtype=np.float32)), encode)


def fitted(told: bool) -> tuple[Tagging, Catalog]:
    catalog = Catalog.from_items(items(told))
    return tagging.fit(catalog, space(catalog)), catalog


def test_attributes_of_words_that_repeat_are_learned_and_no_others() -> None:
    found, _ = fitted(told=False)
    assert list(found.names) == ["genres", "land"]
    assert list(found.values) == ["g0", "g1", "g2", "long", "l0", "l1", "l2"]
    assert found.single.tolist() == [0, 1]
    assert found.having(0).all()
    assert [found.values[num] for num in found.values_of(4, 0).tolist()] == sorted(
        items(told=False)[4].attributes["genres"]
    )


def test_held_out_items_are_suggested_well_and_better_than_by_the_most_frequent_values() -> None:
    found, _ = fitted(told=False)
    for attribute, least in ((0, 0.7), (1, 0.95)):
        measured = found.measured(attribute, "text")
        assert measured.tested == N
        assert measured.f1 > max(least, measured.base_f1 + 0.1)
        assert measured.calibration_error < 0.15
    assert tagging.figures(found)["tags land f1 text"] == found.measured(1, "text").f1


def test_a_text_that_tells_the_value_does_not_help() -> None:
    """The part that lists the values is taken out of the text of a held-out item."""
    told, catalog = fitted(told=True)
    plain, _ = fitted(told=False)
    assert told.measured(0, "text").f1 <= plain.measured(0, "text").f1 + 0.05
    item = catalog[4]
    assert tagging.without(item, item.attributes["genres"]) == items(told=False)[4].text
    assert tagging.without(replace(item, text="story1. Drama. Comedy"), ["Drama"]) == "story1. Comedy"
    assert tagging.without(replace(item, text="A Drama of love"), ["Drama"]) == "A Drama of love"


def test_votes_against_a_loop() -> None:
    random = np.random.default_rng(3)
    rows = unit_rows(random.normal(size=(60, 5)).astype(np.float32))
    catalog = Catalog.from_items([Item(f"i{num}", attributes={"g": [f"v{num % 4}"]}) for num in range(60)])
    known = tagging._matrix([(f"v{num % 4}",) if num % 5 else () for num in range(60)], ["v0", "v1", "v2", "v3"])
    assert len(catalog) == 60
    having = np.flatnonzero(np.diff(known.indptr))
    tested = having[:7]
    votes = vote(rows, rows[tested], tested, known, having)
    for at, num in enumerate(tested.tolist()):
        likeness = {other: float(rows[num] @ rows[other]) for other in having.tolist() if other != num}
        for k in NUMBERS_OF_VOTERS:
            nearest = sorted(likeness, key=lambda other: (-likeness[other], other))[:k]
            total = sum(max(0, likeness[other]) for other in nearest)
            by_hand = [sum(max(0, likeness[other]) for other in nearest if other % 4 == v) / total for v in range(4)]
            assert votes[k][at].tolist() == pytest.approx(by_hand, abs=1e-5)


def test_what_is_measured_was_not_chosen_on() -> None:
    """Votes that say nothing: choosing and measuring on the same items would find something in them."""
    random = np.random.default_rng(1)
    truth = np.eye(3, dtype=bool)[random.integers(0, 3, 200)]
    shares = random.random((200, 3))
    known = tagging._matrix([(f"v{int(row.argmax())}",) for row in truth], ["v0", "v1", "v2"])
    chosen = cross_measured({5: shares / shares.sum(axis=1, keepdims=True)}, truth, known, single=True)
    precision = chosen.settings[3]
    assert precision == pytest.approx(1 / 3, abs=0.09)


@pytest.mark.parametrize("few", [[], [Item("a")], [Item(f"i{n}", attributes={"g": [f"v{n}"]}) for n in range(40)]])
def test_a_catalog_whose_values_do_not_repeat_has_none(few: list[Item]) -> None:
    if few:
        catalog = Catalog.from_items(few)
        assert tagging.fit(catalog, space(catalog)) is None


def test_without_texts_and_behavior_nobody_votes() -> None:
    catalog = Catalog.from_items(items(told=False))
    nothing = tagging.Space(
        np.zeros((N, FACTORS), np.float32), FACTORS, Likeness.of(1, np.zeros(0, np.float32)), encode
    )
    found = tagging.fit(catalog, nothing)
    assert found.measured(0, "text").tested == 0
    assert tagging.figures(found) == {}


def test_a_trained_model_answers_as_it_was_measured(some_users: Path) -> None:
    """F1 of the genres of the sample, each asked as an item of the catalog."""
    trained = pipeline.train(small(some_users), Stages(quiet=True))
    asking, model = Recommender(trained.model, ""), trained.model
    names = list(model.need(Tagging).names)
    assert "genres" in names
    measured = model.need(Tagging).measured(names.index("genres"), "blended")
    right = wrong = missing = 0
    for num in range(0, len(model.catalog), 4):
        (found,) = (one for one in of_item(asking, model.catalog.items.id(num)).attributes if one.attribute == "genres")
        suggested = {tag.value for tag in found.tags if tag.suggested}
        right += len(suggested & set(found.known))
        wrong += len(suggested - set(found.known))
        missing += len(set(found.known) - suggested)
    assert 2 * right / (2 * right + wrong + missing) >= measured.f1 - 0.1
    assert measured.f1 > measured.base_f1
    assert trained.header.metrics["tags genres f1 blended"] == measured.f1
