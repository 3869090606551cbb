from __future__ import annotations

from array import array

import pytest

import recsys.data.attribute_index
from recsys.data.attribute_index import Texts, invert_numbers, invert_texts

VALUES = ["c", "a", "b", "a"]


def colliding(attribute_num: int, text: str) -> bytes:
    """A digest of which the first half is the same for all strings."""
    return bytes(8) + attribute_num.to_bytes(4, "little") + ord(text).to_bytes(4, "little")


def texts() -> Texts:
    digests = bytearray(b"".join(recsys.data.attribute_index.digest(0, text) for text in VALUES))
    return invert_texts(digests, array("i", range(len(VALUES))), {0})


def test_digests_that_agree_in_their_first_half_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recsys.data.attribute_index, "digest", colliding)
    of = texts()
    assert of.high.tolist() == [0, 0, 0]
    assert {text: of.equal(0, text).tolist() for text in "abcd"} == {"a": [1, 3], "b": [2], "c": [0], "d": []}
    assert of.equal(1, "a").tolist() == []
    of.confirm({"names": 1, "items": 4})


def test_a_string_between_two_that_are_there_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recsys.data.attribute_index, "digest", colliding)
    digests = bytearray(colliding(0, "a") + colliding(0, "c"))
    of = invert_texts(digests, array("i", [0, 1]), {0})
    assert of.equal(0, "b").tolist() == []


def test_postings_rise_and_hold_an_item_once() -> None:
    digests = bytearray(recsys.data.attribute_index.digest(0, "a") * 4)
    assert invert_texts(digests, array("i", [3, 1, 3, 2]), {0}).equal(0, "A").tolist() == [1, 2, 3]


def test_equal_numbers_stand_in_the_order_of_their_items() -> None:
    of = invert_numbers(array("i", [0, 0, 0]), array("i", [2, 0, 1]), array("d", [5.0, 5.0, 4.0]), 1)
    assert of.equal(0, 5.0).tolist() == [0, 2]
    assert of.compared(0, "<", 5.0).tolist() == [1]
