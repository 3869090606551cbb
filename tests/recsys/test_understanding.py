"""What is understood of a conversation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recsys import mentions
from recsys.attributes import Attributes
from recsys.catalog import Catalog, Item
from recsys.filters import parse_filter
from recsys.model import Model
from recsys.replies import condition_text, mention_text
from recsys.understanding import DECAY, LONGEST_TEXT, MOST_TURNS, understand
from recsys.understood import Message, Understood
from recsys.utterance import Utterance
from tests.recsys import films


@pytest.fixture(scope="module")
def model() -> Model:
    return films.model()


def heard(model: Model, *turns: str, **more: Any) -> Understood:
    """Turns of a person; "A: " begins one of the other side."""
    messages = [Message("assistant", turn[3:]) if turn.startswith("A: ") else Message("user", turn) for turn in turns]
    return understand(model, messages, **more)


def names(model: Model, found: Understood) -> dict[str, list[str]]:
    sides = {"likes": found.likes, "dislikes": found.dislikes, "seen": found.seen}
    shown = {side: [mention_text(model, one) for one in mentions] for side, mentions in sides.items()}
    shown["filters"] = [condition_text(one) for one in found.filters]
    return {side: texts for side, texts in shown.items() if texts}


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I am not in the mood for a comedy", {"dislikes": ["Comedy"], "filters": ["no Comedy"]}),
        ("I do not really ever want a horror film", {"dislikes": ["Horror"], "filters": ["no Horror"]}),
        ("not really a huge fan of horror", {"dislikes": ["Horror"], "filters": ["no Horror"]}),
        ("no horror show me a comedy", {"likes": ["Comedy"], "dislikes": ["Horror"], "filters": ["no Horror"]}),
        ("I'm not a fan of crime, I like comedies",
         {"likes": ["Comedy"], "dislikes": ["Crime"], "filters": ["no Crime"]}),
        ("romance is not my thing", {"dislikes": ["Romance"], "filters": ["no Romance"]}),
        ("horror isn't for me", {"dislikes": ["Horror"], "filters": ["no Horror"]}),
        ("horror and crime are so boring", {"dislikes": ["Horror", "Crime"], "filters": ["no Crime, Horror"]}),
        ("ok, enough horror", {"dislikes": ["Horror"], "filters": ["no Horror"]}),
        ("comedies suck", {"dislikes": ["Comedy"], "filters": ["no Comedy"]}),
        ("comedies are great", {"likes": ["Comedy"]}),
        ("horror is not bad", {"likes": ["Horror"]}),
        ("comedy? no thanks", {"dislikes": ["Comedy"], "filters": ["no Comedy"]}),
        ("heat was terrible", {"dislikes": ["Heat"]}),
        ("The Shining is overrated", {"dislikes": ["The Shining"]}),
        ("I don't dislike horror", {}),
        ("I'm scared of horror films", {"dislikes": ["Horror"], "filters": ["no Horror"]}),
        ("I can't stand horror", {"dislikes": ["Horror"], "filters": ["no Horror"]}),
        ("I hate horror except for Alien", {"likes": ["Alien"], "dislikes": ["Horror"], "filters": ["no Horror"]}),
        ("crime films but not heat", {"likes": ["Crime"], "dislikes": ["Heat"]}),
        ("space films but not like alien", {"likes": ['"space"'], "dislikes": ["Alien"]}),
        ("I've never seen Alien", {}),
        ("I have already seen Alien, Heat and Up", {"seen": ["Alien", "Heat", "Up"]}),
        ("Alien and Dune 1984", {"likes": ["Alien", "Dune"]}),
        ("only comedies", {"likes": ["Comedy"], "filters": ["only Comedy"]}),
        ("nothing but horror and crime", {"likes": ["Horror", "Crime"], "filters": ["only Crime, Horror"]}),
        ("scott films please", {"likes": ["Ridley Scott"]}),
        ("kubrick", {"likes": ["Stanley Kubrick"]}),
        ("no jeunet or coppola", {"dislikes": ["Jean-Pierre Jeunet", "Francis Ford Coppola"],
                                  "filters": ["no Francis Ford Coppola, Jean-Pierre Jeunet"]}),
        ("falling in love over letters", {"likes": ['"falling in love over letters"']}),
        ("thanks, that's perfect!", {}),
        ("lol ok", {}),
        ("either, surprise me", {}),
    ],
)  # fmt: skip
def test_how_people_put_it(model: Model, text: str, expected: dict[str, list[str]]) -> None:
    assert names(model, heard(model, text)) == expected


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("horror please", "actually, forget horror"), {}),
        (("no horror", "I don't mind horror"), {}),
        (("no horror", "actually horror is fine"), {}),
        (
            ("not kubrick, not jeunet, sci-fi",),
            {
                "likes": ["Sci-Fi"],
                "dislikes": ["Stanley Kubrick", "Jean-Pierre Jeunet"],
                "filters": ["no Jean-Pierre Jeunet, Stanley Kubrick"],
            },
        ),
        (("nothing from the 80s",), {"filters": ["year not from 1980 to 1989"]}),
        (("not from the 50s", "nor from 1984"), {"filters": ["year not from 1950 to 1959 nor 1984"]}),
        (("nothing from the 80s", "films from the 80s please"), {"filters": ["year from 1980", "year up to 1989"]}),
        (("nothing before 1990", "forget the 80s"), {}),
        (("nothing before 1990", "any year is fine"), {}),
        (("only comedies", "any genre"), {}),
        (("comedies by kubrick from the 80s", "start over"), {}),
        (("something with robots", "forget the robots"), {}),
        (("something with robots", "no robots"), {"dislikes": ['"robots"']}),
        (("I loved Alien", "actually I hated Alien"), {"dislikes": ["Alien"]}),
        (("I loved Alien", "forget Alien"), {"seen": ["Alien"]}),
        (("horror", "comedy instead"), {"likes": ["Comedy"]}),
        (("horror", "now only comedies"), {"likes": ["Comedy"], "filters": ["only Comedy"]}),
        (("only comedies", "some horror too"), {"likes": ["Comedy", "Horror"], "filters": ["only Comedy, Horror"]}),
        (("only comedies", "no comedies"), {"dislikes": ["Comedy"], "filters": ["no Comedy"]}),
    ],
)
def test_a_later_word_takes_back_an_earlier_one(
    model: Model, turns: tuple[str, ...], expected: dict[str, list[str]]
) -> None:
    assert names(model, heard(model, *turns)) == expected


LIST = "A: For you:\n1. Alien\n2. Heat: like Alien\n3. Dune (2021)\nComedy, yes or no?"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("more like the second one", {"likes": ["Heat"]}),
        ("not the first one", {"dislikes": ["Alien"]}),
        ("the last one looks good", {"likes": ["Dune"]}),
        ("number 2 please", {"likes": ["Heat"]}),
        ("I have seen the third one", {"seen": ["Dune"]}),
        ("the ninth one", {"likes": ['"ninth one"']}),
        ("heat was good", {"likes": ["Heat"]}),
        ("number 0", {"likes": ['"number 0"']}),
        ("number \u1369", {"likes": ['"number \u1369"']}),
        ("my first movie was Up", {"likes": ["Up", '"first movie was"']}),
        ("the last film I watched was Up", {"seen": ["Up"]}),
        ("more like heat", {"likes": ["Heat"]}),
    ],
)
def test_places_in_the_last_list(model: Model, text: str, expected: dict[str, list[str]]) -> None:
    found = heard(model, "hi", LIST, text)
    assert names(model, found) == expected


@pytest.mark.parametrize(
    "text",
    ["no idea", "no preference", "none of these", "ok, what about something with robots", "no horror", "no problem"],
)
def test_what_only_begins_like_an_answer_is_none(model: Model, text: str) -> None:
    found = heard(model, "hi", LIST, text)
    assert "Comedy" not in str(names(model, found))


@pytest.mark.parametrize(
    ("question", "text", "filters"),
    [
        ("Since 1995, or before it?", "before it", ["year up to 1994"]),
        ("Since 1995, or before it?", "since 1995", ["year from 1995"]),
        ("Runtime at least 39.5, or under it?", "at least 39.5", ["runtime from 39.5"]),
        ("Runtime at least 39.5, or under it?", "under it", ["runtime up to 39.5"]),
        ("Runtime at least 39.5, or under it?", "under 20!", ["runtime up to 20"]),
        ("Runtime at least 39.5, or under it?", "under the sea", []),
    ],
)
def test_a_number_answers_the_question_for_one(model: Model, question: str, text: str, filters: list[str]) -> None:
    items = [replace(one, attributes={**one.attributes, "runtime": 39.5}) for one in model.catalog]
    catalog = Catalog.from_items(items)
    timed = replace(model, catalog=catalog, attributes=Attributes.from_catalog(catalog))
    found = heard(timed, "hi", f"A: {question}", text)
    assert names(timed, found).get("filters", []) == filters
    assert bool([one for one in found.likes if one.is_text]) == (not filters)
    assert found.asked == {("year" if "1995" in question else "runtime", "")}


def test_places_are_those_of_the_list_and_not_of_the_known_titles(model: Model) -> None:
    found = heard(model, "hi", "A: 1. Unknown Thing\n2. Alien\n3. Heat", "number 2 please")
    assert names(model, found) == {"likes": ["Alien"]}


def test_a_line_of_a_list_asks_nothing(model: Model) -> None:
    assert names(model, heard(model, "hi", "A: 1. A Horror, really?", "no")) == {}


def test_what_is_said_in_the_same_breath_is_no_answer(model: Model) -> None:
    found = names(model, heard(model, "hi", LIST, "no, comedy is great"))
    assert found == {"likes": ["Comedy"]}
    assert names(model, heard(model, "hi", LIST, "yes", ignore=frozenset({"yes"}))) == {}


def test_long_lists_are_all_known(model: Model) -> None:
    lines = [f"{num}. {title}: like Blade Runner; Sci-Fi" for num, title in enumerate(films.TITLES, 1)]
    replies = ["A: For you:\n" + "\n".join(lines[start : start + 6]) + "\n" + "z" * 3000 for start in range(0, 18, 6)]
    turns = [turn for one in replies for turn in (one, "more")]
    found = heard(model, "hi", *turns)
    assert found.shown == set(range(len(films.TITLES)))


def test_a_list_of_many_titles_costs_as_much_as_it_is_long(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """All pairs were compared again for each title that was found: 2 KB took half a minute."""
    compared = []
    between = mentions._gap_between

    def counted(said: Utterance, stop: int, start: int) -> str:
        compared.append(stop)
        return between(said, stop, start)

    monkeypatch.setattr(mentions, "_gap_between", counted)
    found = heard(model, "Heat 1995" + " or heat" * 245)
    assert len(compared) < 20 * 245
    assert 1 <= len(found.likes) <= mentions.MOST_NAMED


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


def test_yes_and_no_answer_the_question(model: Model) -> None:
    question = "A: 1. Alien\nComedy, yes or no?"
    assert names(model, heard(model, "hi", question, "yes")) == {"likes": ["Comedy"]}
    assert names(model, heard(model, "hi", question, "No, thanks")) == {
        "dislikes": ["Comedy"],
        "filters": ["no Comedy"],
    }
    assert names(model, heard(model, "hi", "A: Nothing to ask.", "yes")) == {}
    which = "A: Which director: Mel Brooks, Ridley Scott or another?"
    assert names(model, heard(model, "hi", which, "none of them"))["dislikes"] == ["Mel Brooks", "Ridley Scott"]
    assert names(model, heard(model, "hi", which, "Mel Brooks")) == {"likes": ["Mel Brooks"]}


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
