"""Words and phrases of the language file."""

from __future__ import annotations

import pytest

from recsys.text.tokens import fold
from recsys.text.vocabulary import ALIASES, IDIOMS, ONLY, ORDINALS, POLARITIES, RESETS, WORDS, Phrase, phrase_at


def test_every_word_is_written_as_tokens_are_folded() -> None:
    texts = [text for name, several in ALIASES.items() for text in (name, *several)]
    phrases = [*IDIOMS, *ONLY, *RESETS, *(tuple(text.split()) for text in texts)]
    words = [
        *(word for words in WORDS.values() for word in words),
        *(word for one in phrases for word in one),
        *ORDINALS,
    ]
    assert len(words) > 700
    assert [word for word in words if fold(word) != word] == []


@pytest.mark.parametrize("phrases", [IDIOMS, ONLY, RESETS], ids=["idioms", "only", "resets"])
def test_no_phrase_hides_a_longer_one(phrases: set[Phrase]) -> None:
    assert [one for one in phrases for n in range(1, len(one)) if one[:n] in phrases] == []


def test_a_phrase_is_found_where_it_begins() -> None:
    words = ["i", "cant", "get", "enough", "of", "it"]
    assert phrase_at(words, 1, IDIOMS) == ("cant", "get", "enough")
    assert phrase_at(words, 2, IDIOMS) == ()
    assert IDIOMS["cant", "get", "enough"] == POLARITIES["wanted"]
    assert phrase_at(["start", "over"], 0, RESETS) == ("start", "over")
    assert phrase_at(["start"], 0, RESETS) == ()


def test_ordinals_count_from_1() -> None:
    assert (ORDINALS["first"], ORDINALS["1st"], ORDINALS["tenth"], ORDINALS["last"]) == (1, 1, 10, -1)
