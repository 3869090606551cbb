"""A few films whose vectors say what they are: how much space, fun, fear and love there is in them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog, Item
from recsys.data.vectors import Vectors, unit_rows
from recsys.index.exact import ExactIndex, VectorTable
from recsys.model import blending
from recsys.model.model import Model
from recsys.model.similarity import Likeness
from recsys.text.bm25 import Bm25
from recsys.text.name_index import NameIndex
from tests.support import factories

SPACE, FUN, FEAR, LOVE = np.eye(4, dtype=np.float32)

# title, year, director, genres, text, vector
FILMS: tuple[tuple[str, int, str, str, str, Vectors], ...] = (
    ("Alien", 1979, "Ridley Scott", "Sci-Fi|Horror", "a creature hunts the crew of a space ship", SPACE + FEAR),
    ("Aliens", 1986, "James Cameron", "Sci-Fi|Horror|Action", "marines fight a nest of creatures", SPACE + FEAR),
    ("Blade Runner", 1982, "Ridley Scott", "Sci-Fi", "a policeman hunts artificial people", SPACE),
    (
        "The Matrix",
        1999,
        "Lana Wachowski, Lilly Wachowski",
        "Sci-Fi|Action",
        "the world is a black dream of machines",
        SPACE,
    ),
    ("Galaxy Quest", 1999, "Dean Parisot", "Sci-Fi|Comedy", "actors must fly a real space ship", SPACE + FUN),
    ("Spaceballs", 1987, "Mel Brooks", "Sci-Fi|Comedy", "a parody of wars among the stars", SPACE + FUN),
    ("The Shining", 1980, "Stanley Kubrick", "Horror", "a writer and his family in an empty white hotel", FEAR),
    ("It", 1990, "Tommy Lee Wallace", "Horror", "a clown under the town hunts children", FEAR),
    ("Up", 2009, "Pete Docter", "Animation|Comedy|Family", "an old man flies away in his house", FUN),
    ("Heat", 1995, "Michael Mann", "Crime", "a thief and a policeman in the town", FEAR + LOVE),
    (
        "WALL-E",
        2008,
        "Andrew Stanton",
        "Animation|Sci-Fi|Family",
        "a lonely robot and the wall of a town",
        SPACE + LOVE,
    ),
    ("Notting Hill", 1999, "Roger Michell", "Comedy|Romance", "an actress falls in love with a bookseller", LOVE + FUN),
    ("Dune", 1984, "David Lynch", "Sci-Fi", "a desert planet and its worms", SPACE),
    ("Dune", 2021, "Denis Villeneuve", "Sci-Fi", "a desert planet and its heirs", SPACE),
    ("The Godfather Part II", 1974, "Francis Ford Coppola", "Crime", "a son and his father in the family", FEAR),
    (
        "Alien Resurrection",
        1997,
        "Jean-Pierre Jeunet",
        "Sci-Fi|Horror",
        "a black space ship and white blood",
        SPACE + FEAR,
    ),
    ("Black and White", 1999, "James Toback", "Drama", "a film of black and white people in the town", LOVE),
    ("Star Wars: The Last Jedi", 2017, "Rian Johnson", "Sci-Fi|Action", "a girl finds an old master", SPACE),
)
TITLES = [f"{title} ({year})" if title == "Dune" else title for title, year, *_ in FILMS]


def catalog() -> Catalog:
    return Catalog.from_items(
        [
            Item(f"i{num}", title, text, {"year": year, "director": director, "genres": genres.split("|")})
            for num, (title, year, director, genres, text, _) in enumerate(FILMS)
        ]
    )


def model() -> Model:
    """The films by what they are about alone; item 13 is the most popular one, and eight users have each seen three of them."""
    known = catalog()
    base = factories.model(n_users=8, n_items=len(known), text_dim=4)
    vectors = unit_rows(np.stack([vector for *_, vector in FILMS]))
    rows = blending.items_like_item(
        np.zeros((len(known), 4), np.float32), vectors, 0.5, np.ones(len(known), np.float32)
    )
    attributes = Attributes.from_catalog(known)
    extras = (Bm25.from_texts(known.texts(), list(known.titles)), NameIndex.from_catalog(known, attributes.nums))
    return replace(
        base.with_extras(*extras),
        catalog=known,
        attributes=attributes,
        items_by_text=ExactIndex(VectorTable.from_vectors(vectors)),
        items_like_item=ExactIndex(VectorTable.from_vectors(rows)),
        likeness=Likeness.of(0.5, np.zeros(4, dtype=np.float32)),
        forests={},
    )
