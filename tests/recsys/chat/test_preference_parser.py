"""What is understood of a conversation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recsys.chat import entities
from recsys.chat.preference_parser import DECAY, LONGEST_TEXT, MOST_TURNS
from recsys.chat.reply_text import mention_text
from recsys.chat.utterance import Utterance
from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog, Item
from recsys.data.filters import parse_filter
from recsys.model.model import Model
from recsys.text.name_index import NameIndex
from tests.support import films
from tests.support.conversing import heard, names


@pytest.fixture(scope="module")
def model() -> Model:
    return films.model()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I loved Alien but not horror", {"likes": ["Alien"], "dislikes": ["Horror"], "filters": ["no Horror"]}),
        ("nothing from before 1990", {"filters": ["year from 1990"]}),
        ("something funnier", {"likes": ["Comedy"]}),
        ("I hated The Shining", {"dislikes": ["The Shining"]}),
        ("I didn't really like Heat", {"dislikes": ["Heat"]}),
        ("I hate horror and love comedies", {"likes": ["Comedy"], "dislikes": ["Horror"], "filters": ["no Horror"]}),
        ("no horror, crime or romance, please",
         {"dislikes": ["Horror", "Crime", "Romance"], "filters": ["no Crime, Horror, Romance"]}),
        ("no horror, I want comedies", {"likes": ["Comedy"], "dislikes": ["Horror"], "filters": ["no Horror"]}),
        ("without romance, set in a desert", {"likes": ['"desert"'], "dislikes": ["Romance"], "filters": ["no Romance"]}),
        ("not too scary", {"dislikes": ["Horror"]}),
        ("less violent", {"dislikes": ['"violent"']}),
        ("I prefer comedies over crime", {"likes": ["Comedy"], "dislikes": ["Crime"]}),
        ("anything but romance", {"dislikes": ["Romance"], "filters": ["no Romance"]}),
        ("I can't get enough of horror", {"likes": ["Horror"]}),
        ("not only horror but also comedies", {"likes": ["Horror", "Comedy"]}),
        ("I don't mind horror", {}),
        ("a comedy by Mel Brooks", {"likes": ["Comedy", "Mel Brooks"]}),
        ("something by kubrick", {"likes": ["Stanley Kubrick"]}),
        ("I have seen Alien and Aliens already", {"seen": ["Alien", "Aliens"]}),
        ("a lonely robot in space", {"likes": ['"lonely robot in space"']}),
        ("nothing like Alien", {"dislikes": ["Alien"]}),
        ("I loved Alien; Heat was great", {"likes": ["Alien", "Heat"]}),
        ("what should I watch tonight?", {}),
        ("", {}),
        ("!?…", {}),
    ],
)  # fmt: skip
def test_likes_dislikes_and_filters(model: Model, text: str, expected: dict[str, list[str]]) -> None:
    assert names(model, heard(model, text)) == expected


def test_a_list_of_many_titles_costs_as_much_as_it_is_long(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """All pairs were compared again for each title that was found: 2 KB took half a minute."""
    compared = []
    between = entities._gap_between

    def counted(said: Utterance, stop: int, start: int) -> str:
        compared.append(stop)
        return between(said, stop, start)

    monkeypatch.setattr(entities, "_gap_between", counted)
    found = heard(model, "Heat 1995" + " or heat" * 245)
    assert len(compared) < 20 * 245
    assert 1 <= len(found.likes) <= entities.MOST_NAMED


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("I loved It", "It"),
        ('something like "up"', "Up"),
        ("I loved heat", "Heat"),
        ("something like it (1990)", "It"),
        ("It 1990", "It"),
        ("heat", "Heat"),
        ("i liked alien", "Alien"),
        ("Alien was great", "Alien"),
        ("films such as heat", "Heat"),
        ("THE MATRIX", "The Matrix"),
        ("I liked the matrx", "The Matrix"),
        ("I love Blade Runnr", "Blade Runner"),
        ("notting hil", "Notting Hill"),
        ("I loved Galaxy Quset", "Galaxy Quest"),
        ("I loved Alien Resurection", "Alien Resurrection"),
        ("the godfather 2", "The Godfather Part II"),
        ("Wall-E", "WALL-E"),
        ("dune 1984", "Dune"),
    ],
)
def test_an_item_is_named(model: Model, text: str, title: str) -> None:
    found = heard(model, text)
    assert [mention_text(model, one) for one in found.likes if one.items] == [title]


@pytest.mark.parametrize(
    "text",
    [
        "it was up to her",
        "cheer me up",
        "I love it",
        "the heat of the desert",
        "alien invasion",
        "I like the way it ends",
        "it is up",
        "up",
        "films about an alien, up in the sky",
        "I WANT IT NOW",
        "the Heart of a machine",
        "a dune in the desert",
        "an old black and white film",
    ],
)
def test_common_words_are_no_titles(model: Model, text: str) -> None:
    found = heard(model, text)
    assert found.items() == set()


def test_names_of_words_that_texts_use_need_three_words_or_a_cue(model: Model) -> None:
    items = [replace(item, text=f"{item.text}, life is beautiful, says mann") for item in model.catalog]
    catalog = Catalog.from_items([replace(items[0], title="Life Is Beautiful"), *items[1:]])
    nums = Attributes.from_catalog(catalog).nums
    common = replace(model, catalog=catalog).with_extras(NameIndex.from_catalog(catalog, nums))
    assert heard(common, "a town where life is beautiful all day").items() == {0}
    assert [one.value for one in heard(common, "something by mann").likes] == ["Michael Mann"]
    assert [one.said for one in heard(common, "a policeman mann walks").likes] == ["policeman mann walks"]


def test_titles_in_a_list_vouch_for_each_other(model: Model) -> None:
    found = heard(model, "Alien, Heat and It are my favourites")
    assert found.items() == {films.TITLES.index(title) for title in ("Alien", "Heat", "It")}


def test_slips_are_forgiven_in_a_list_with_another_title(model: Model) -> None:
    found = heard(model, "I loved The Matrix, galxy quest and blade runer")
    assert found.items() == {films.TITLES.index(title) for title in ("The Matrix", "Galaxy Quest", "Blade Runner")}


def test_of_two_items_of_one_title_the_year_decides(model: Model) -> None:
    for text, num in (("I loved Dune 1984", 12), ("I loved Dune (2021)", 13)):
        (mention,) = [one for one in heard(model, text).likes if one.items]
        assert mention.items == (num,)
    (mention,) = heard(model, "I loved Dune").likes
    assert set(mention.items) == {12, 13}


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("after 1990", ["year>=1991"]),
        ("since 1990", ["year>=1990"]),
        ("from 1990 on", ["year>=1990"]),
        ("before 1990", ["year<=1989"]),
        ("until 1990", ["year<=1990"]),
        ("nothing after 2000", ["year<=2000"]),
        ("nothing before 1990", ["year>=1990"]),
        ("no films older than 1990", ["year>=1990"]),
        ("from the 80s", ["year>=1980", "year<=1989"]),
        ("from the 1980s", ["year>=1980", "year<=1989"]),
        ("from the '80s", ["year>=1980", "year<=1989"]),
        ("the eighties", ["year>=1980", "year<=1989"]),
        ("late 90s", ["year>=1996", "year<=1999"]),
        ("the 70s or the 80s", ["year>=1970", "year<=1989"]),
        ("since the 90s", ["year>=1990"]),
        ("before the 90s", ["year<=1989"]),
        ("after the 80s", ["year>=1990"]),
        ("between 1970 and 1979", ["year>=1970", "year<=1979"]),
        ("1970-1979", ["year>=1970", "year<=1979"]),
        ("from 1979 to 1970", ["year>=1970", "year<=1979"]),
        ("after 1980 and before 2000", ["year>=1981", "year<=1999"]),
        ("from 1994", ["year>=1994", "year<=1994"]),
        ("around 1990", ["year>=1988", "year<=1992"]),
        ("1990 or later", ["year>=1990"]),
        ("not from 1994", ["year!:1994"]),
        ("room 237 has 1994 pages", []),
        ("1994", ["year>=1994", "year<=1994"]),
        ("1999 films", ["year>=1999", "year<=1999"]),
        ("the best 1999 comedies", ["year>=1999", "year<=1999"]),
        ("nothing before 1990, comedies please", ["year>=1990"]),
        ("films since 1990 horror", ["year>=1990"]),
        ("I loved Dune 1984, comedies please", []),
        ("0000 comedies", []),
        ("2500 comedies", []),
        ("I've never seen films from the 80s", []),
        ("I watched a lot of films from the 80s", []),
        ("at least 2010", ["year>=2010"]),
        ("2010+", ["year>=2010"]),
        ("at most 1990", ["year<=1990"]),
        ("from the last 20 years", ["year>=2001"]),
        ("recent movies", ["year>=1999"]),
        ("something old", ["year<=1987"]),
        ("not too old", ["year>=1988"]),
        ("an old man in a new house", []),
    ],
)
def test_ranges_of_years(model: Model, text: str, filters: list[str]) -> None:
    found = heard(model, text).filters
    mask = model.attributes.mask
    assert mask(found).tolist() == mask([parse_filter(one) for one in filters]).tolist()
    assert bool(found) == bool(filters)


def test_a_later_range_replaces_an_earlier_one_where_both_cannot_hold(model: Model) -> None:
    assert names(model, heard(model, "from the 80s", "no, from the 90s"))["filters"] == [
        "year from 1990",
        "year up to 1999",
    ]
    assert names(model, heard(model, "after 1980", "before 2000"))["filters"] == ["year from 1981", "year up to 1999"]
    assert names(model, heard(model, "after 2000", "before 1990"))["filters"] == ["year up to 1989"]


def test_late_turns_weigh_more(model: Model) -> None:
    found = heard(model, "I loved Alien", "A: Then Aliens.", "and Heat", "and robots")
    assert [(one.said, one.turn, one.weight) for one in found.likes] == [
        ("Alien", 0, pytest.approx(DECAY**2)),
        ("Heat", 2, pytest.approx(DECAY)),
        ("robots", 3, 1.0),
    ]


def test_a_later_word_on_a_value_takes_back_an_earlier_one(model: Model) -> None:
    found = heard(model, "no horror", "well, some horror please")
    assert names(model, found) == {"likes": ["Horror"]}
    found = heard(model, "I love horror", "no more horror")
    assert names(model, found) == {"dislikes": ["Horror"], "filters": ["no Horror"]}


def test_what_the_other_side_named_and_asked_is_known(model: Model) -> None:
    found = heard(model, "I loved Alien", "A: 1. Aliens: like Alien\n2. Heat\nComedy, yes or no?", "more")
    assert {films.TITLES[num] for num in found.shown} == {"Aliens", "Heat"}
    assert found.asked == {("genres", "Comedy")}
    found = heard(model, "hi", "A: 1. It (1990): liked by many\n2. Dune (2021)\n* Up\n- Heat, it is hot", "more")
    assert {films.TITLES[num] for num in found.shown} == {"It", "Dune (2021)", "Up", "Heat"}
    assert heard(model, "hi", "A: Since 1995, or before it?", "more").asked == {("year", "")}


def test_older_and_newer_than_what_was_named(model: Model) -> None:
    assert names(model, heard(model, "I loved Alien", "something newer"))["filters"] == ["year from 1980"]
    assert names(model, heard(model, "I loved Alien", "something older"))["filters"] == ["year up to 1978"]
    assert names(model, heard(model, "hi", "A: 1. Heat", "older"))["filters"] == ["year up to 1994"]
    assert names(model, heard(model, "something older")) == {}


def test_what_was_understood_wrongly_can_be_taken_back(model: Model) -> None:
    said = "I loved Heat from the 80s, a comedy"
    assert heard(model, said, ignore=frozenset({"heat"})).items() == set()
    assert heard(model, said, ignore=frozenset({"from the 80s"})).filters == ()
    found = heard(model, said, ignore=frozenset({"comedy", "a comedy"}))
    assert "Comedy" not in names(model, found)["likes"]


def test_a_model_without_years_knows_no_ranges_of_them(model: Model) -> None:
    other = Catalog.from_items(
        [Item(one.item_id, one.title, one.text, {"price": 3.5, "runtime": 120}) for one in model.catalog]
    )
    without = replace(model, catalog=other, attributes=Attributes.from_catalog(other))
    assert heard(without, "nothing before 1990").filters == ()
    assert names(without, heard(without, "runtime under 100"))["filters"] == ["runtime up to 100"]
    assert names(without, heard(without, "at least 100 runtime"))["filters"] == ["runtime from 100"]
    assert names(without, heard(without, "no price above 3.5"))["filters"] == ["price up to 3.5"]


@pytest.mark.parametrize(
    "text",
    [
        "\0\x1b[2J\u202e",
        "(" * 4000,
        "not " * 1000,
        "Alien " * 700,
        "a" * 4000,
        "'" * 4000,
        "no no, no; no! " * 200,
        "1990 " * 800,
        "from the 80s " * 300,
        "\ud800",
        "東京物語" * 900,
        "Aliem Aleins Ailen " * 200,
    ],
)
def test_hostile_texts_are_only_texts(model: Model, text: str) -> None:
    found = heard(model, text)
    assert all(len(one.said) <= LONGEST_TEXT for one in found.likes if one.is_text)


def test_of_a_thousand_turns_the_latest_are_read(model: Model) -> None:
    turns = ["I loved Alien", *[f"something with robots number {num}" for num in range(998)], "no horror"]
    found = heard(model, *turns)
    assert len({one.turn for one in found.likes}) == MOST_TURNS - 1
    assert found.items() == set()
    assert names(model, found)["filters"] == ["no Horror"]
    assert sum(len(one.said) for one in heard(model, *["x" * 4000] * 1000).likes) <= 4 * LONGEST_TEXT
