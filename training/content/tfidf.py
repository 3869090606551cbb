"""Texts as weighted counts of their words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from scipy import sparse
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from recsys.data.vectors import Vectors

UNKNOWN = "[UNK]"
COMMON_SHARE = 0.5
FEW_TEXTS = 50


@dataclass(frozen=True, eq=False)
class Words:
    """The vocabulary of some texts and their tf-idf rows; word 0 is the unknown word.

    ``idf = log((1 + n_texts) / (1 + texts with the word)) + 1`` (Salton and Buckley 1988, smoothed), float64 (n_words,).
    A row is ``(1 + log(count)) * idf``, scaled to length 1: the second "action" in a text says less than the first.
    """

    tokenizer: Any  # tokenizers.Tokenizer
    idf: Vectors
    rows: sparse.csr_array  # (n_texts, n_words)


def weigh(texts: Sequence[str]) -> Words:
    """Count and weigh the words of `texts`, which may be empty."""
    words = _vocabulary(texts)
    tokenizer = _tokenizer(words)
    counts = _count_matrix(tokenizer, texts, len(words) + 1)
    documents = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log((1 + len(texts)) / (1 + documents)) + 1
    counts.data = 1 + np.log(counts.data)
    rows = counts.multiply(idf).tocsr()
    rows = sparse.diags_array(1 / np.maximum(sparse.linalg.norm(rows, axis=1), 1e-12)) @ rows
    return Words(tokenizer, idf, rows.tocsr())


def _vocabulary(texts: Sequence[str]) -> list[str]:
    """Return the words of at least two texts, but not of half of them; in a small collection every word."""
    splitter = _tokenizer([])
    documents: Counter[str] = Counter()
    for text in texts:
        normal = splitter.normalizer.normalize_str(text)
        documents.update({word for word, _ in splitter.pre_tokenizer.pre_tokenize_str(normal) if word.isalnum()})
    few = len(texts) < FEW_TEXTS
    return sorted(word for word, n in documents.items() if few or 2 <= n <= COMMON_SHARE * len(texts))


def _tokenizer(words: Sequence[str]) -> Tokenizer:
    vocabulary = {word: number for number, word in enumerate([UNKNOWN, *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    steps = [normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()]
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def _count_matrix(tokenizer: Tokenizer, texts: Sequence[str], width: int) -> sparse.csr_array:
    encoded = [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
    indptr = np.concatenate(([0], np.cumsum([len(ids) for ids in encoded])))
    columns = np.fromiter(chain.from_iterable(encoded), dtype=np.int32, count=int(indptr[-1]))
    counts = sparse.csr_array((np.ones(len(columns)), columns, indptr), shape=(len(texts), width))
    counts.sum_duplicates()
    counts.data[counts.indices == 0] = 0
    counts.eliminate_zeros()
    return counts
