"""Text of a message with its tokens, and where its clauses and sentences begin and end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import dropwhile, groupby

from recsys.text.tokens import Token, tokens
from recsys.text.vocabulary import LEADING_STOP_WORDS, TRAILING_STOP_WORDS, WORDS

QUOTES = frozenset("\"\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019'")
CLAUSE_ENDS = frozenset('.,!?;:\n()\u2013\u2014"\u201c\u201d\u00ab\u00bb')
SENTENCE_ENDS = frozenset('.!?\n:;"\u201c\u00ab')
CLAUSE_WORDS = WORDS["contrast"] | WORDS["conjunctions"]
MAX_CAPITALS = 0.6  # share of the words of a text; above it, a capital marks no name


@dataclass(frozen=True)
class Utterance:
    """A text and its tokens; methods take token numbers, `stop` is the number after the last token."""

    text: str

    @cached_property
    def tokens(self) -> Sequence[Token]:
        return tokens(self.text)

    def gap(self, i: int) -> str:
        """Return the characters before token `i`."""
        start = self.tokens[i - 1].stop if i else 0
        stop = self.tokens[i].start if i < len(self.tokens) else len(self.text)
        return self.text[start:stop]

    def word(self, i: int) -> str:
        """Return the word of token `i`, "" outside the text."""
        return self.tokens[i].word if 0 <= i < len(self.tokens) else ""

    def words(self, start: int, stop: int | None = None) -> list[str]:
        return [token.word for token in self.tokens[start:stop]]

    def span(self, start: int, stop: int) -> tuple[int, int]:
        """Return the first character of some tokens, and the one after the last."""
        return self.tokens[start].start, self.tokens[stop - 1].stop

    def part(self, start: int, stop: int) -> str:
        """Return the text of some tokens."""
        return self.text[slice(*self.span(start, stop))]

    def ends(self, i: int) -> bool:
        """Whether a clause or an entry of a list ends before token `i`."""
        return i in (0, len(self.tokens)) or not CLAUSE_ENDS.isdisjoint(self.gap(i)) or self.word(i) in CLAUSE_WORDS

    def begins(self, i: int) -> bool:
        """Whether a sentence begins with token `i`, so its capital marks no name."""
        return i == 0 or not SENTENCE_ENDS.isdisjoint(self.gap(i))

    def quoted(self, start: int, stop: int) -> bool:
        return self.gap(start)[-1:] in QUOTES and self.gap(stop)[:1] in QUOTES

    @cached_property
    def shouts(self) -> bool:
        """Whether most words have capitals, so that none marks a name."""
        inner = [token for i, token in enumerate(self.tokens) if not self.begins(i) and token.raw != "I"]
        return len(inner) > 1 and sum(token.capital for token in inner) > MAX_CAPITALS * len(inner)

    def runs(self, numbers: Iterable[int], clauses: Sequence[int]) -> Iterator[list[int]]:
        """Split rising token numbers into runs of neighbors in a clause, without the stop words at both ends."""
        for _, group in groupby(enumerate(numbers), lambda pair: (pair[1] - pair[0], clauses[pair[1]])):
            run = list(dropwhile(lambda i: self.word(i) in LEADING_STOP_WORDS, (i for _, i in group)))
            while run and self.word(run[-1]) in TRAILING_STOP_WORDS:
                run.pop()
            yield run
