"""Search over a file of one document a line, without a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from recsys.encoders.hub import TextEncoder
from recsys.errors import DataError
from recsys.search.text import Corpus, Mode, TextQuery


class Document(NamedTuple):
    """A document and the number of its line, from 1."""

    line: int
    text: str


class FoundDocument(NamedTuple):
    """A document and its score."""

    document: Document
    score: float


def read_documents(path: Path) -> list[Document]:
    """The lines of a file that are not blank; raises DataError when it cannot be read or has none."""
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"--documents {path}: cannot be read: {error}") from error
    found = [Document(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise DataError(f"--documents {path}: it holds no line of text")
    return found


def search_documents(
    documents: Sequence[Document],
    text: str,
    k: int,
    mode: Mode = "semantic",
    encoder: TextEncoder | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> list[FoundDocument]:
    """The `k` documents that fit a text best, best first.

    Parameters
    ----------
    encoder : TextEncoder or None
        None for ``mode="keyword"``, which needs none.
    advance : callable
        Told how many more documents are encoded.
    """
    texts = [one.text for one in documents]
    corpus = Corpus.of(texts, None if encoder is None else encoder.encode(texts, advance))
    query = TextQuery(text, mode, None if encoder is None else encoder.encode([text])[0])
    found = corpus.find(query, k)
    return [
        FoundDocument(documents[num], score)
        for num, score in zip(found.nums.tolist(), found.scores.tolist(), strict=True)
    ]
