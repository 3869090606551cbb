"""BERT in numpy: the runtime of sentence-transformers models such as all-MiniLM-L6-v2 for single texts, without torch.

Each layer (Devlin et al., NAACL 2019) is self-attention ``softmax(Q K' / sqrt(d)) V`` and two dense layers with the exact
GELU ``x (1 + erf(x / sqrt(2))) / 2``, each followed by a sum and a normalization. A text's vector is the mean of the states of
its tokens, or that of the first one, scaled to length 1.

The texts of a batch stand end to end and are not padded to one length, so a vector depends on its own text alone, but for
rounding. The vectors are those of sentence-transformers to 1e-5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors, unit_rows

Pooling = Literal["mean", "cls"]
BATCH_TOKENS = 4096
ROWS = 4  # OpenBLAS takes so many at once, and longer for one less
ROOT_HALF = np.float32(0.5**0.5)
ERF_STEP = np.float32(0.3275911)
ERF = tuple(np.float32(one) for one in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592))


@dataclass(frozen=True)
class Shape:
    """What the files of a model say of it.

    Parameters
    ----------
    hidden, layers, heads, longest : int
        Length of a state, layers, attention heads, and tokens after which a text is cut off.
    epsilon : float
        Added to variances.
    pooling : str
        How a text's vector is made of those of its tokens: "mean", or "cls", the first.
    """

    hidden: int
    layers: int
    heads: int
    longest: int
    epsilon: float
    pooling: Pooling


@dataclass(frozen=True, eq=False)
class Dense:
    """A matrix (n_in, n_out) and a bias (n_out,)."""

    weight: Vectors
    bias: Vectors

    @classmethod
    def of(cls, weight: Vectors, bias: Vectors) -> Dense:
        """From a matrix as torch keeps it, (n_out, n_in); raises ValueError when the two do not fit."""
        if weight.ndim != 2 or bias.shape != (len(weight),):
            raise ValueError(f"a matrix of shape {weight.shape} has a bias of shape {bias.shape}")
        return cls(np.ascontiguousarray(weight.T, dtype=np.float32), np.asarray(bias))

    def __call__(self, states: Vectors) -> Vectors:
        found: Vectors = states @ self.weight  # this way round OpenBLAS reads the matrix once, as it lies
        found += self.bias
        return found


@dataclass(frozen=True, eq=False)
class Norm:
    """Normalization of each state to mean 0 and variance 1, then a scale and a shift."""

    weight: Vectors
    bias: Vectors
    epsilon: float

    def __call__(self, states: Vectors) -> Vectors:
        share = np.float32(1 / states.shape[1])
        moved = np.asarray(states - np.add.reduce(states, axis=1, keepdims=True) * share, dtype=np.float32)
        variance = np.einsum("ij,ij->i", moved, moved) * share
        moved *= (1 / np.sqrt(variance + np.float32(self.epsilon)))[:, None]
        moved *= self.weight
        moved += self.bias
        return moved


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer; `attend` gives queries, keys and values side by side."""

    heads: int
    attend: Dense
    attended: Dense
    first_norm: Norm
    inner: Dense
    outer: Dense
    second_norm: Norm

    def __call__(self, states: Vectors, starts: Sequence[int]) -> Vectors:
        """The next states (n, hidden) of texts of which text i is ``states[starts[i]:starts[i + 1]]``."""
        parts = self.attend(states)
        mixed = np.zeros_like(states)
        for start, stop in pairwise(starts):
            mixed[start:stop] = self._attention(parts[start:stop])
        states = self.first_norm(states + self.attended(mixed))
        return self.second_norm(states + self.outer(_gelu(self.inner(states))))

    def _attention(self, parts: Vectors) -> Vectors:
        n = len(parts)
        queries, keys, values = parts.reshape(n, 3, self.heads, -1).transpose(1, 2, 0, 3)
        weights = queries @ keys.transpose(0, 2, 1)
        weights *= np.float32(queries.shape[2] ** -0.5)
        weights -= np.maximum.reduce(weights, axis=2, keepdims=True)
        np.exp(weights, out=weights)
        weights /= np.add.reduce(weights, axis=2, keepdims=True)
        return np.asarray((weights @ values).transpose(1, 0, 2).reshape(n, -1))


@dataclass(frozen=True, eq=False)
class BertEncoder:
    """A text encoder, see :class:`recsys.encoders.hub.TextEncoder`.

    Parameters
    ----------
    name, fingerprint : str
    tokenizer : tokenizers.Tokenizer
    shape : Shape
    words : float32 array (n_tokens, hidden)
        Memory-mapped.
    places : float32 array (longest, hidden)
    first_norm : Norm
    layers : tuple of Layer
    """

    name: str
    fingerprint: str
    tokenizer: Any
    shape: Shape
    words: Vectors
    places: Vectors
    first_norm: Norm
    layers: tuple[Layer, ...]

    def encode(self, texts: Sequence[str], advance: Callable[[int], None] = lambda _: None) -> Vectors:
        tokens = [encoding.ids for encoding in self.tokenizer.encode_batch_fast([text.strip() for text in texts])]
        vectors = np.zeros((len(texts), self.words.shape[1]), dtype=np.float32)
        for rows in _batches([len(ids) for ids in tokens]):
            vectors[rows] = self._pooled([tokens[row] for row in rows])
            advance(len(rows))
        return unit_rows(vectors)

    def _pooled(self, texts: Sequence[Sequence[int]]) -> Vectors:
        """Vectors of texts from their token numbers, (len(texts), hidden)."""
        starts = [0, *np.cumsum([len(ids) for ids in texts]).tolist()]
        states = self._embedded(np.concatenate([np.asarray(ids) for ids in texts]), starts)
        states = np.pad(states, ((0, -len(states) % ROWS), (0, 0)))
        for layer in self.layers:
            states = layer(states, starts)
        if self.shape.pooling == "cls":
            return states[starts[:-1]]
        return np.stack([states[start:stop].mean(axis=0) for start, stop in pairwise(starts)])

    def _embedded(self, ids: NDArray[np.int64], starts: Sequence[int]) -> Vectors:
        places = np.concatenate([np.arange(stop - start) for start, stop in pairwise(starts)])
        return self.first_norm(self.words[ids] + self.places[places])


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Row numbers of texts of like lengths, as many as have BATCH_TOKENS tokens together."""
    batch: list[int] = []
    total = 0
    for row in sorted(range(len(lengths)), key=lambda row: lengths[row]):
        if batch and total + lengths[row] > BATCH_TOKENS:
            yield batch
            batch, total = [], 0
        batch.append(row)
        total += lengths[row]
    if batch:
        yield batch


def _gelu(states: Vectors) -> Vectors:
    """In place; erf by formula 7.1.26 of Abramowitz and Stegun (1964), which is right to 1.5e-7."""
    size = np.abs(states)
    scaled = size * ROOT_HALF
    step = 1 / (1 + ERF_STEP * scaled)
    tail = ERF[0] * step  # 1 - erf of the size, after the steps below
    for one in ERF[1:]:
        tail += one
        tail *= step
    np.multiply(scaled, scaled, out=scaled)
    np.negative(scaled, out=scaled)
    tail *= np.exp(scaled, out=scaled)
    tail *= size
    tail *= np.float32(0.5)
    np.maximum(states, 0, out=states)
    states -= tail
    return states
