"""What items and values are called."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog, Item
from recsys.errors import BundleError
from recsys.text.name_index import NameIndex
from recsys.text.name_rules import plain_title
from recsys.text.tokens import tokens
from tests.support import films
from tests.support.parts import arrays, opened

CATALOG = films.catalog()
ATTRIBUTES = Attributes.from_catalog(CATALOG)
NAMES = NameIndex.from_catalog(CATALOG, ATTRIBUTES.nums)


def called(text: str, names: NameIndex = NAMES) -> tuple[set[int], set[str]]:
    """The items and values that all the words of a text stand for."""
    words = [one.word for one in tokens(text)]
    found = [num for stop, num in names.matches(words, 0) if stop == len(words)]
    assert len(found) <= 1
    items = {item for num in found for item in names.items(num)}
    return items, {value.text for num in found for value in names.values_of(num)}


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("the matrix", "The Matrix"),
        ("Matrix", "The Matrix"),
        ("a matrix", "The Matrix"),
        ("wall-e", "WALL-E"),
        ("walle", "WALL-E"),
        ("the godfather part 2", "The Godfather Part II"),
        ("godfather ii", "The Godfather Part II"),
        ("the last jedi", "Star Wars: The Last Jedi"),
        ("star wars", "Star Wars: The Last Jedi"),
        ("STAR WARS THE LAST JEDI", "Star Wars: The Last Jedi"),
    ],
)
def test_an_item_is_called_in_several_ways(text: str, title: str) -> None:
    assert called(text) == ({films.TITLES.index(title)}, set())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("horror", "Horror"),
        ("comedies", "Comedy"),
        ("scary", "Horror"),
        ("science fiction", "Sci-Fi"),
        ("scifi", "Sci-Fi"),
        ("ridley scott", "Ridley Scott"),
        ("scott", "Ridley Scott"),
        ("kubrick", "Stanley Kubrick"),
        ("lilly wachowski", "Lana Wachowski, Lilly Wachowski"),
    ],
)
def test_a_value_is_called_in_several_ways(text: str, value: str) -> None:
    assert called(text) == (set(), {value})


def test_two_items_of_one_title_are_both_meant() -> None:
    assert called("dune") == ({12, 13}, set())


def test_nothing_else_is_a_name() -> None:
    for text in ("policeman", "the", "part", "star", "godfather part", "1999", "alien aliens"):
        assert called(text) == (set(), set())


def test_single_words_and_words_of_other_texts_are_common() -> None:
    common = {NAMES.phrases.id(num) for num in np.flatnonzero(NAMES.common)}
    assert {"up", "it", "heat", "horror", "dune"} <= common
    assert not {"scott", "blade runner", "notting hill", "ridley scott", "galaxy quest"} & common


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Blade Runnr", "Blade Runner"),
        ("Galxy Quset", "Galaxy Quest"),
        ("matrx", "The Matrix"),
        ("shinning", "The Shining"),
    ],
)
def test_a_slip_is_forgiven(text: str, title: str) -> None:
    num = NAMES.nearest([one.word for one in tokens(text)])
    assert num is not None
    assert NAMES.items(num) == [films.TITLES.index(title)]


@pytest.mark.parametrize("text", ["heet", "hit", "xyzzy plugh", "", "blade winner circle", "a"])
def test_other_words_are_no_slips(text: str) -> None:
    assert NAMES.nearest([one.word for one in tokens(text)]) is None


def test_what_two_names_are_as_near_to_is_neither() -> None:
    catalog = Catalog.from_items([Item("a", "Planets"), Item("b", "Planers")])
    names = NameIndex.from_catalog(catalog, {})
    assert names.nearest(["planes"]) is None
    assert names.nearest(["planetts"]) is not None


@pytest.mark.parametrize(
    ("title", "plain"),
    [
        ("Matrix, The (1999)", "The Matrix"),
        ("Strada, La (1954)", "La Strada"),
        ("Dune (2021)", "Dune"),
        ("2001: A Space Odyssey", "2001: A Space Odyssey"),
        ("Me, Myself", "Me, Myself"),
    ],
)
def test_a_title_of_movielens_is_turned_round(title: str, plain: str) -> None:
    assert plain_title(title) == plain


def test_arrays_are_what_they_were() -> None:
    sound = arrays(NAMES)
    again = opened(NameIndex, sound, items=len(CATALOG))
    for name, array in arrays(again).items():
        np.testing.assert_array_equal(array, sound[name])
    assert NameIndex.from_catalog(CATALOG, ATTRIBUTES.nums).targets.tolist() == NAMES.targets.tolist()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("targets", np.full(len(NAMES.targets), len(CATALOG), np.int32)),
        ("targets", np.full(len(NAMES.targets), -len(NAMES.values) - 1, np.int32)),
        ("targets", NAMES.targets.astype(np.int64)),
        ("indptr", NAMES.indptr[:-1]),
        ("indptr", NAMES.indptr[::-1].copy()),
        ("common", NAMES.common.astype(np.int8)),
        ("lengths", NAMES.lengths[:-1]),
        ("value_attributes", -np.ones(len(NAMES.values), np.int32)),
        ("value_attributes", NAMES.value_attributes[:-1]),
    ],
)
def test_arrays_that_do_not_fit_are_refused(field: str, value: object) -> None:
    with pytest.raises(BundleError, match="names: "):
        replace(NAMES, **{field: value})


def test_titles_without_words_are_no_names() -> None:
    names = NameIndex.from_catalog(Catalog.from_items([Item("…"), Item("b", "…", "text")]), {})
    assert len(names.phrases) == 0
    assert list(names.matches(["text"], 0)) == []
    assert names.nearest(["something"]) is None


def test_long_values_are_texts_and_no_names() -> None:
    catalog = Catalog.from_items([Item("a", "A", "", {"plot": "word " * 20, "tags": ["slow", "9"]})])
    names = NameIndex.from_catalog(catalog, {"plot": 0, "tags": 1})
    assert list(names.values) == ["slow", "9"]
    assert called("slow", names) == (set(), {"slow"})
    assert called("9", names) == (set(), set())


def test_an_item_without_a_title_is_called_by_its_id() -> None:
    untitled = Catalog.from_items([Item("sku5"), Item("sku9", "Spade")])
    names = NameIndex.from_catalog(untitled, Attributes.from_catalog(untitled).nums)
    assert names.called(["sku5"], ()) == [0]
    assert names.called(["sku9"], ()) == []
