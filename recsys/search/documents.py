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
    """Return the nonblank lines of a file; raises DataError when it cannot be read or has none."""
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"--documents {path}: cannot be read: {error}") from error
    documents = [Document(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    if not documents:
        raise DataError(f"--documents {path}: it holds no line of text")
    return documents


def search_documents(
    documents: Sequence[Document],
    text: str,
    k: int,
    mode: Mode = "semantic",
    encoder: TextEncoder | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> list[FoundDocument]:
    """Return the `k` best documents for a text, best first.

    Parameters
    ----------
    encoder : TextEncoder or None
        None only for ``mode="keyword"``.
    advance : callable
        Called with the number of newly encoded documents.
    """
    texts = [document.text for document in documents]
    corpus = Corpus.of(texts, None if encoder is None else encoder.encode(texts, advance))
    best = corpus.find(TextQuery(text, mode, None if encoder is None else encoder.encode([text])[0]), k)
    return [FoundDocument(documents[num], float(score)) for num, score in zip(best.nums, best.scores, strict=True)]
