"""English words and phrases with a meaning of their own in a conversation or a query, read from ``english.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from importlib.resources import files
from typing import Any

Phrase = tuple[str, ...]
UNSEEN = 0.5  # sentiment of what is neither liked nor seen
POLARITIES = {"wanted": 1.0, "unseen": UNSEEN, "neutral": 0.0, "less": -0.5, "unwanted": -1.0}


def phrase_at(words: Sequence[str], start: int, phrases: Collection[Phrase]) -> Phrase:
    """Return the shortest of `phrases` that begins at word `start`, or () where none does."""
    candidates = (tuple(words[start : start + n]) for n in range(1, LONGEST_PHRASE + 1))
    return next((phrase for phrase in candidates if phrase in phrases), ())


def _phrases(name: str) -> frozenset[Phrase]:
    return frozenset(tuple(text.split()) for text in _ENGLISH["phrases"][name])


_ENGLISH: Mapping[str, Any] = tomllib.loads(files(__package__).joinpath("english.toml").read_text("utf-8"))
WORDS = {name: frozenset(text.split()) for name, text in _ENGLISH["words"].items()}
STOP_WORDS = WORDS["function"] | WORDS["request"] | WORDS["chatter"]  # they describe no item
LEADING_STOP_WORDS = STOP_WORDS - WORDS["described"]
TRAILING_STOP_WORDS = (WORDS["request"] | WORDS["chatter"]) - WORDS["described"]
QUERY_STOP_WORDS = WORDS["function"] | WORDS["people"] | WORDS["query"]
RESETS, ONLY = _phrases("reset"), _phrases("only")
IDIOMS = {tuple(text.split()): POLARITIES[name] for name, texts in _ENGLISH["idioms"].items() for text in texts}
ORDINALS = {word: n for words in _ENGLISH["ordinals"] for n, word in enumerate(words.split(), 1)} | {"last": -1}
LONGEST_PHRASE = max(map(len, (*RESETS, *ONLY, *IDIOMS)))
ALIASES: Mapping[str, Sequence[str]] = _ENGLISH["aliases"]
NUMBER_RANGES: Mapping[str, Any] = _ENGLISH["ranges"]
