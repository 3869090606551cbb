"""How people put it, take it back, point at lists and answer questions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog
from recsys.model.model import Model
from tests.support import films
from tests.support.conversing import heard, names


@pytest.fixture(scope="module")
def model() -> Model:
    return films.model()


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


AFTER_1990, FROM_THE_80S = ["year from 1991"], ["year from 1980", "year up to 1989"]
NOT_THE_80S = ["year not from 1980 to 1989"]


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("something like Alien but not horror, after 1990", AFTER_1990),
        ("no horror, crime, released after 1990, please", AFTER_1990),
        ("without romance - after 1990", AFTER_1990),
        ("less scary, only after 1990", AFTER_1990),
        ("I don't mind horror, after 1990", AFTER_1990),
        ("I have seen Alien, after 1990", AFTER_1990),
        ("no horror, no older than 1991", AFTER_1990),
        ("no horror, from the 80s, comedies", FROM_THE_80S),
        ("not horror, 80s films", FROM_THE_80S),
        ("from the 80s, not horror, 1980s", FROM_THE_80S),
        ("no horror, not from the 80s", NOT_THE_80S),
        ("no horror, romance, or from the 80s", NOT_THE_80S),
        ("avoid horror, the 80s", NOT_THE_80S),
        ("nothing from the early 80s, late 80s, from the mid 80s", NOT_THE_80S),
        ("nothing before 1990, horror, after 2010", ["year from 1990", "year up to 2010"]),
        ("nothing scary, old, or slow", ["year from 1988"]),
    ],
)
def test_a_range_after_a_comma_continues_only_a_list_of_ranges(model: Model, text: str, years: list[str]) -> None:
    filters = names(model, heard(model, text))["filters"]
    assert [one for one in filters if one.startswith("year")] == years


def test_what_comes_after_a_range_after_a_comma_is_wanted(model: Model) -> None:
    assert names(model, heard(model, "no horror, after 1990, comedies")) == {
        "likes": ["Comedy"],
        "dislikes": ["Horror"],
        "filters": ["year from 1991", "no Horror"],
    }


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
