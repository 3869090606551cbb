"""What groups of items are about, and their names."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.catalog import Attribute, Catalog, Item
from recsys.model.extras.descriptions import Meaning, Numbers, Value, Word
from training.explore.describe import Describer
from training.explore.lexicon import Lexicon

FILMS: list[tuple[str, str, dict[str, Attribute]]] = [
    ("Alien", "the crew of a ship meets a monster in space", {"genres": ["Horror", "Sci-Fi"], "year": 1979}),
    ("Aliens", "the marines meet a hive of the monster in space", {"genres": ["Action", "Sci-Fi"], "year": 1986}),
    ("The Thing", "the men of a station meet a monster of ice", {"genres": ["Horror", "Sci-Fi"], "year": 1982}),
    ("Notting Hill", "the owner of a shop falls in love with a star", {"genres": ["Romance"], "year": 1999}),
    ("Amélie", "the waitress of a café finds love in Paris", {"genres": ["Romance", "Comedy"], "year": 2001}),
    ("Before Sunset", "the writer meets an old love in Paris", {"genres": ["Romance"], "year": 2004}),
]


def describer(films: list[tuple[str, str, dict[str, Attribute]]] = FILMS) -> Describer:
    catalog = Catalog.from_items([Item(f"i{num}", *film) for num, film in enumerate(films)])
    return Describer(catalog, Lexicon.from_catalog(catalog), np.ones(len(films)))


def members(*groups: list[int], n: int = len(FILMS)) -> sparse.csr_array:
    rows: NDArray[np.float64] = np.zeros((len(groups), n))
    for group, nums in enumerate(groups):
        rows[group, nums] = 1
    return sparse.csr_array(rows)


@pytest.fixture
def meanings() -> list[Meaning]:
    return describer().meanings(members([0, 1, 2], [3, 4, 5]), [[0], [4, 5]])


def test_words_of_a_group_and_not_of_all(meanings: list[Meaning]) -> None:
    monsters, lovers = ([one.word for one in meaning.words] for meaning in meanings)
    assert monsters[0] == "monster"
    assert "space" in monsters
    assert lovers[:2] == ["love", "paris"]
    assert not {"the", "of", "in"} & {*monsters, *lovers}
    assert "hive" not in monsters, "a word of one item is not what the group has in common"


def test_weights_fall(meanings: list[Meaning]) -> None:
    for meaning in meanings:
        weights = [one.weight for one in meaning.words]
        assert weights == sorted(weights, reverse=True)
        assert min(weights) > 0


def test_the_formula() -> None:
    """tf log(1 + A / f) by hand: love is 3 of the 5 marks of its group (love 3, Paris 2), and stands 3 times in all."""
    made = describer().meanings(members([0, 1, 2], [3, 4, 5]), [[], []])
    lexicon = describer().lexicon
    sizes = members([0, 1, 2], [3, 4, 5]) @ lexicon.words.rows
    total = np.asarray(sizes.sum(axis=1)).ravel()
    love = made[1].words[0]
    assert love == Word("love", pytest.approx(3 / total[1] * np.log1p(total.mean() / 3), rel=1e-5))


def test_values_with_their_shares(meanings: list[Meaning]) -> None:
    assert meanings[0].values[0] == Value("genres", "Sci-Fi", 1.0, 0.5)
    assert (
        Value("genres", "Horror", pytest.approx(2 / 3, abs=1e-5), pytest.approx(1 / 3, abs=1e-5)) in meanings[0].values
    )
    assert [one.value for one in meanings[1].values] == ["Romance"]


def test_numbers_where_they_differ(meanings: list[Meaning]) -> None:
    assert meanings[0].numbers == (Numbers("year", 1979, 1982, 1986, 1986),)
    assert meanings[1].numbers == (Numbers("year", 1999, 2001, 2004, 1986),)
    (everything,) = describer().meanings(members([0, 1, 2, 3, 4, 5]), [[]])
    assert everything == Meaning()


def test_items_count_by_their_weight() -> None:
    weights = sparse.csr_array(np.array([[1.0, 0, 0, 9.0, 0, 0]]))
    (made,) = describer().meanings(weights, [[3]])
    assert made.values == ()
    weights = sparse.csr_array(np.array([[2.0, 0, 0, 9.0, 9.0, 0]]))
    (made,) = describer().meanings(weights, [[3]])
    assert made.values[0] == Value("genres", "Romance", 0.9, 0.5)


def test_a_name_says_values_then_words(meanings: list[Meaning]) -> None:
    first, second = (describer().name(one) for one in meanings)
    assert first == "Sci-Fi, Horror, monster, meet"
    assert second.startswith("Romance, love, paris")


def test_users_without_a_common_value_are_named_by_titles() -> None:
    meaning = Meaning((Word("monster", 1.0),), (Value("genres", "Horror", 0.2, 0.1),), items=(0, 3))
    assert describer().name(meaning) == "monster"
    assert describer().name(meaning, of_users=True) == "like Alien and Notting Hill"
    common = meaning._replace(values=(Value("genres", "Horror", 0.5, 0.1),))
    assert describer().name(common, of_users=True) == "Horror, monster"


def test_a_name_does_not_say_a_thing_twice() -> None:
    meaning = Meaning((Word("sci", 3.0), Word("fi", 2.0), Word("ship", 1.0)), (Value("genres", "Sci-Fi", 0.9, 0.1),))
    assert describer().name(meaning) == "Sci-Fi, ship"


def test_without_words_a_name_is_of_titles_or_ids() -> None:
    bare = describer([("A", "", {}), ("", "", {}), ("C", "", {})])
    (meaning,) = bare.meanings(members([0, 1], n=3), [[0, 1]])
    assert meaning == Meaning(items=(0, 1))
    assert bare.name(meaning) == "like A and i1"


def test_the_lexicon_leaves_out_what_says_nothing() -> None:
    films: list[tuple[str, str, dict[str, Attribute]]] = [
        (
            f"Film {num}",
            f"the film of {num} {'cats' if num % 3 else 'dogs'} x{num}",
            {"code": f"c{num}", "note": "y" * 80},
        )
        for num in range(60)
    ]
    lexicon = describer(films).lexicon
    assert lexicon.words.keys == ("dogs",), "cats is of more than half, x7 of one, 7 no word"
    assert lexicon.values.keys == ()
    assert lexicon.numbers == {}


def test_no_group_has_no_meaning() -> None:
    assert describer().meanings(sparse.csr_array((0, len(FILMS))), []) == []
