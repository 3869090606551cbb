"""Items for what was understood, their reasons, and the question."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, replace

import pytest

from recsys.chat.clarify import LEAST, MOST_OPTIONS, POOL, clarifying, entropy
from recsys.chat.intent import ATTRIBUTES
from recsys.chat.preference_parser import understand
from recsys.chat.preferences import MOST_TEXTS, Message, Preferences
from recsys.chat.recommend import MOST_WORDS, Reply, converse
from recsys.chat.reply_text import plain_reply
from recsys.data.catalog import Item
from recsys.data.filters import parse_filter
from recsys.data.vectors import Vectors
from recsys.errors import QueryError
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from tests.support import films

SPOKEN = {"robots": films.SPACE, "lonely robot in space": films.SPACE + films.LOVE, "laughs": films.FUN}


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return Recommender(films.model(), "v")


def heard(recommender: Recommender, *turns: str) -> Preferences:
    return understand(recommender.model, [Message("user", turn) for turn in turns])


def reply(recommender: Recommender, *turns: str, asked: ListRequest = ListRequest(5), user_id: str = "") -> Reply:  # noqa: B008
    found = heard(recommender, *turns)
    vectors: dict[str, Vectors] = {text: SPOKEN[text] for text in found.texts() if text in SPOKEN}
    taste = recommender.user_state(user_id) if user_id else None
    return converse(recommender, found, vectors, asked, state=taste)


def titles(found: Reply) -> list[str]:
    return [item.title for item in found.answer.items]


def test_items_near_a_liked_one_come_without_it(recommender: Recommender) -> None:
    found = reply(recommender, "I loved Alien")
    assert titles(found)[0] == "Aliens"
    assert "Alien" not in titles(found)
    assert found.reasons[0].near is not None
    assert (found.reasons[0].near.title, found.reasons[0].near.score) == ("Alien", pytest.approx(1.0, abs=1e-5))
    assert (found.answer.strategy, found.answer.fallback) == ("conversation", False)


def test_disliked_values_and_ranges_are_conditions(recommender: Recommender) -> None:
    found = reply(recommender, "I loved Alien but not horror", "nothing from before 1990", asked=ListRequest(50))
    records = [recommender.item(item.item_id) for item in found.answer.items]
    assert {record.title for record in records} == {
        *(
            "The Matrix",
            "Galaxy Quest",
            "Up",
            "Heat",
            "WALL-E",
            "Notting Hill",
            "Dune",
            "Black and White",
            "Star Wars: The Last Jedi",
        )
    }
    assert found.n_left == 9


def test_a_value_that_was_asked_for_comes_first(recommender: Recommender) -> None:
    found = reply(recommender, "I loved Blade Runner", "something funnier")
    assert set(titles(found)[:2]) == {"Galaxy Quest", "Spaceballs"}
    assert found.reasons[0].attributes == (("genres", "Comedy"),)
    assert found.reasons[0].by_attributes == pytest.approx(ATTRIBUTES)


def test_less_of_a_value_is_wanted_and_not_none(recommender: Recommender) -> None:
    found = titles(reply(recommender, "I loved Alien", "less scary", asked=ListRequest(50)))
    assert "Aliens" in found
    assert found.index("Blade Runner") < found.index("It")


def test_late_turns_move_the_intent_more(recommender: Recommender) -> None:
    assert titles(reply(recommender, "robots", "laughs"))[0] in ("Up", "Galaxy Quest", "Spaceballs")
    first, last = (
        reply(recommender, *turns, asked=ListRequest(50)) for turns in (("robots", "laughs"), ("laughs", "robots"))
    )
    assert titles(first).index("Up") < titles(last).index("Up")


def test_disliked_items_push_away(recommender: Recommender) -> None:
    with_it = titles(reply(recommender, "I loved Heat", asked=ListRequest(50)))
    without = titles(reply(recommender, "I loved Heat", "I hated It", asked=ListRequest(50)))
    assert with_it.index("The Shining") < without.index("The Shining")


def test_dislikes_alone_move_the_popular_list(recommender: Recommender) -> None:
    popular = titles(reply(recommender, "hello", asked=ListRequest(50)))
    found = reply(recommender, "no robots", asked=ListRequest(50))
    assert titles(found).index("Notting Hill") < popular.index("Notting Hill")
    assert titles(found).index("Blade Runner") > popular.index("Blade Runner")
    assert (found.answer.strategy, found.answer.fallback) == ("conversation", False)


def test_what_has_nothing_that_was_asked_for_stands_behind_a_line(recommender: Recommender) -> None:
    found = heard(recommender, "romance")
    lines = plain_reply(recommender.model, found, converse(recommender, found, {}, ListRequest(3))).splitlines()
    assert lines[:3] == ["For Romance:", "1. Notting Hill (1999): Romance", "Without Romance:"]
    none = heard(recommender, "not too scary")
    assert plain_reply(recommender.model, none, converse(recommender, none, {}, ListRequest(3))).startswith(
        "For less Horror:"
    )


def test_where_nothing_is_known_of_what_was_said_that_is_said(recommender: Recommender) -> None:
    found = heard(recommender, "xyzzy")
    text = plain_reply(recommender.model, found, converse(recommender, found, {}, ListRequest(3)))
    assert text.startswith('Nothing is known of "xyzzy"; liked by many:\n1. ')


def test_reasons_add_up_to_the_score_and_order_the_list(recommender: Recommender) -> None:
    found = reply(
        recommender, "I loved Alien", "a comedy with a lonely robot in space", asked=ListRequest(50), user_id="u1"
    )
    for item, why in zip(found.answer.items, found.reasons, strict=True):
        parts = why.meaning + why.by_attributes + why.by_words + why.personal + why.popularity
        assert item.score == pytest.approx(parts, abs=1e-5)
    scores = [item.score for item in found.answer.items]
    assert scores == sorted(scores, reverse=True)
    assert any(why.personal for why in found.reasons)


def test_words_of_the_text_are_a_reason(recommender: Recommender) -> None:
    found = reply(recommender, "a lonely robot in space")
    why = dict(zip(titles(found), found.reasons, strict=True))["WALL-E"]
    assert why.words == ("lonely", "robot")
    assert why.by_words > 0
    assert len(why.words) <= MOST_WORDS


def test_what_was_seen_shown_excluded_hidden_or_filtered_is_not_answered(recommender: Recommender) -> None:
    everything = set(titles(reply(recommender, "space", asked=ListRequest(50))))
    assert len(everything) == len(films.FILMS) - 1  # both films called Dune are there
    messages = [Message("user", "robots"), Message("assistant", "1. WALL-E"), Message("user", "more")]
    shown = understand(recommender.model, messages)
    left = converse(
        recommender, shown, {"robots": films.SPACE}, ListRequest(50, exclude=["i0", "nix"]), frozenset({"i1"})
    )
    ids = {item.item_id for item in left.answer.items}
    assert ids == {f"i{num}" for num in range(len(films.FILMS))} - {"i0", "i1", "i10"}
    seen = reply(recommender, "robots", asked=ListRequest(50), user_id="u3")
    assert not {"i3", "i4", "i5"} & {item.item_id for item in seen.answer.items}
    few = reply(recommender, "robots", asked=ListRequest(50, filters=(parse_filter("year>2000"),)))
    assert set(titles(few)) == {"Up", "WALL-E", "Dune", "Star Wars: The Last Jedi"}
    with pytest.raises(QueryError, match="items have no attribute 'colour'"):
        reply(recommender, "robots", asked=ListRequest(filters=(parse_filter("colour:red"),)))


def test_preferences_are_frozen(recommender: Recommender) -> None:
    found = heard(recommender, "I loved Alien but not horror")
    with pytest.raises(FrozenInstanceError, match="likes"):
        found.likes = ()  # type: ignore[misc]
    assert hash(found) == hash(heard(recommender, "I loved Alien but not horror"))


def test_where_nothing_was_understood_something_stands_in(recommender: Recommender) -> None:
    guest, user = reply(recommender, "hello"), reply(recommender, "hello", user_id="u3")
    assert (guest.answer.strategy, guest.answer.fallback) == ("popular", True)
    assert (user.answer.strategy, user.answer.fallback) == ("personalized", False)
    assert [item.source for item in guest.answer.items] == ["popularity"] * 5
    assert guest.question is not None


def test_where_nothing_is_left_that_is_said(recommender: Recommender) -> None:
    found = heard(recommender, "nothing before 2050")
    left = converse(recommender, found, {}, ListRequest())
    assert left.answer.items == ()
    assert left.question is None
    assert plain_reply(recommender.model, found, left) == "Nothing is left for year from 2050; take one of it back."


def test_texts_without_vectors_count_by_their_words(recommender: Recommender) -> None:
    found = converse(recommender, heard(recommender, "a lonely robot in space"), {}, ListRequest(3))
    assert found.answer.items[0].title == "WALL-E"
    assert found.answer.items[0].source == "keyword"


def test_only_the_latest_texts_are_encoded(recommender: Recommender) -> None:
    found = heard(
        recommender,
        *(f"desert number {word}" for word in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"]),
        "not deserts",
    )
    assert len(found.texts()) == MOST_TEXTS + 1


def test_the_answer_in_plain_words(recommender: Recommender) -> None:
    found = heard(recommender, "I loved Alien but not horror")
    answer = converse(recommender, found, {}, ListRequest(2))
    text = plain_reply(recommender.model, found, answer)
    assert text.splitlines()[0] == "For Alien, no Horror:"
    assert text.splitlines()[1].startswith("1. ")
    assert "like Alien" in text.splitlines()[1]
    assert answer.question is not None
    assert text.splitlines()[-1] == answer.question.text


def test_an_approximate_index_finds_the_same(recommender: Recommender) -> None:
    exact = reply(recommender, "I loved Alien", asked=ListRequest(5, exact=True))
    assert titles(exact) == titles(reply(recommender, "I loved Alien"))


class TestQuestions:
    def ask(self, recommender: Recommender, *turns: str) -> object:
        return reply(recommender, *turns, asked=ListRequest(3)).question

    def test_entropy_is_in_bits(self) -> None:
        assert entropy((8, 8)) == pytest.approx(1)
        assert entropy((4, 4, 4, 4)) == pytest.approx(2)
        assert entropy((16, 0)) == 0
        assert entropy((1, 3)) == pytest.approx(-(0.25 * math.log2(0.25) + 0.75 * math.log2(0.75)))

    def test_the_best_split_is_asked(self, recommender: Recommender) -> None:
        catalog = recommender.model.catalog
        question = clarifying(catalog, list(range(len(catalog))), Preferences())
        assert question is not None
        shares = {}
        for item in catalog:
            for value in item.attributes["genres"]:  # type: ignore[union-attr]
                shares[value] = shares.get(value, 0) + 1
        best = max(entropy((n, len(catalog) - n)) for n in shares.values())
        assert question.gain == pytest.approx(best)
        assert (question.attribute, question.n) == ("genres", len(catalog))
        assert sum(option.n for option in question.options) == len(catalog)

    def test_what_was_said_or_asked_is_not_asked_again(self, recommender: Recommender) -> None:
        catalog, nums = recommender.model.catalog, list(range(len(films.FILMS)))
        said = Preferences()
        asked = []
        while (question := clarifying(catalog, nums, said)) is not None:
            first = question.options[0].label
            pair = (question.attribute, first if question.attribute != "year" else "")
            assert pair not in said.asked
            said = replace(said, asked=said.asked | {pair})
            asked.append(pair)
        assert ("year", "") in asked
        assert len(asked) > 3

    def test_the_answers_are_understood(self, recommender: Recommender) -> None:
        """What an option says leaves as many candidates as it states."""
        model = recommender.model
        for kind in ("genres", "year"):
            items = [replace(item, attributes={kind: item.attributes[kind]}) for item in model.catalog]
            question = clarifying(_Listed(items), list(range(len(items))), Preferences())  # type: ignore[arg-type]
            assert question is not None
            for option in question.options:
                found = heard(recommender, option.say)
                liked = [one for one in found.likes if one.attribute]
                conditions = [*found.filters, *(parse_filter(f"{one.attribute}:{one.value}") for one in liked)]
                assert int(model.attributes.mask(conditions).sum()) == option.n, option

    def test_one_of_a_few_values_is_asked_for(self) -> None:
        items = [Item(f"i{num}", attributes={"maker": "abcd"[num % 4] * 3}) for num in range(16)]
        question = clarifying(_Listed(items), list(range(16)), Preferences())  # type: ignore[arg-type]
        assert question is not None
        assert question.text == "Which maker: aaa, bbb, ccc or ddd?"
        assert question.gain == pytest.approx(2)

    def test_of_many_values_the_frequent_ones_are_options(self) -> None:
        makers = ["a1"] * 6 + ["b1"] * 5 + [f"c{num}" for num in range(5)]
        items = [Item(f"i{num}", attributes={"maker": maker}) for num, maker in enumerate(makers)]
        question = clarifying(_Listed(items), list(range(16)), Preferences())  # type: ignore[arg-type]
        assert question is not None
        assert [(one.label, one.n) for one in question.options] == [("a1", 6), ("b1", 5), ("another", 5)]
        assert len(question.options) <= MOST_OPTIONS + 1

    @pytest.mark.parametrize(
        "attributes", [[{}] * 8, [{"genre": "same"}] * 8, [{"genre": f"g{num}"} for num in range(40)], [{"n": 3}] * 8]
    )
    def test_where_nothing_splits_nothing_is_asked(self, attributes: list[dict[str, object]]) -> None:
        items = [Item(f"i{num}", attributes=one) for num, one in enumerate(attributes)]  # type: ignore[arg-type]
        question = clarifying(_Listed(items), list(range(len(items))), Preferences())  # type: ignore[arg-type]
        assert question is None or question.gain >= LEAST

    def test_a_few_candidates_need_no_question(self, recommender: Recommender) -> None:
        assert clarifying(recommender.model.catalog, [0, 1, 2], Preferences()) is None

    def test_no_more_than_the_best_are_looked_at(self) -> None:
        items = [Item(f"i{num}", attributes={"side": "left" if num < POOL else "right"}) for num in range(2 * POOL)]
        assert clarifying(_Listed(items), list(range(2 * POOL)), Preferences()) is None  # type: ignore[arg-type]


class _Listed(list[Item]):
    """Items by their numbers, as a catalog gives them."""
