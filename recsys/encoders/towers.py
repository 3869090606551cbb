"""Two towers in numpy: pictures and words to vectors of one space, without torch.

The picture tower is a row of convolutions (3 x 3, stride 2, then ``max(x, 0)``) with two dense layers behind them, which
get the last maps, where things are, and the largest value of each channel of the last two, what they are wherever they are.
The text tower adds up a vector for each word that it knows and has two dense layers as well. Both end on the unit sphere,
where the cosine of a picture and a text says how well they go together (CLIP: Radford et al., ICML 2021).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.vectors import Vectors, unit_rows
from recsys.encoders.pictures import Picture

WORD = re.compile(r"\w+")
KERNEL, STRIDE = 3, 2
POOLED = 2  # of so many convolutions, the last ones, the largest values are looked at
BATCH = 64


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution and ``max(x, 0)`` behind it.

    Parameters
    ----------
    weight : float32 array (9 * n_in, n_out)
        Row, column, channel of the window, in this order.
    bias : float32 array (n_out,)
    """

    weight: Vectors
    bias: Vectors

    def __call__(self, maps: Vectors) -> Vectors:
        """From maps (n, side, side, n_in) of an even side to maps (n, side / 2, side / 2, n_out)."""
        padded = np.pad(maps, ((0, 0), (1, 1), (1, 1), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (KERNEL, KERNEL), axis=(1, 2))
        windows = windows[:, ::STRIDE, ::STRIDE].transpose(0, 1, 2, 4, 5, 3)
        n, height, width = windows.shape[:3]
        found = windows.reshape(n * height * width, -1) @ self.weight + self.bias
        return np.asarray(np.maximum(found, 0).reshape(n, height, width, -1))


@dataclass(frozen=True, eq=False)
class Head:
    """Two dense layers with ``max(x, 0)`` between them: (n_in, hidden), (hidden,), (hidden, dim), (dim,)."""

    inner: Vectors
    inner_bias: Vectors
    outer: Vectors
    outer_bias: Vectors

    def __call__(self, states: Vectors) -> Vectors:
        hidden = np.maximum(states @ self.inner + self.inner_bias, 0)
        return np.asarray(hidden @ self.outer + self.outer_bias)


@dataclass(frozen=True, eq=False)
class TowerEncoder:
    """An encoder of pictures and words, see :class:`recsys.encoders.picture_encoders.PictureEncoder`.

    Parameters
    ----------
    name, fingerprint : str
    scale : float
        What cosines were multiplied with in the training, above 0.
    side : int
        Pictures are looked at as squares of so many pixels.
    words : mapping
        The number of each word that is known.
    word_vectors : float32 array (n_words, n_in)
    text_head, picture_head : Head
    convolutions : tuple of Convolution
    """

    name: str
    fingerprint: str
    scale: float
    side: int
    words: Mapping[str, int]
    word_vectors: Vectors
    text_head: Head
    convolutions: tuple[Convolution, ...]
    picture_head: Head

    def encode(self, texts: Sequence[str], advance: Callable[[int], None] = lambda _: None) -> Vectors:
        vectors = np.zeros((len(texts), self.text_head.outer.shape[1]), dtype=np.float32)
        for row, text in enumerate(texts):
            nums = word_nums(text, self.words)
            if nums:  # else nothing is known of it
                vectors[row] = self.text_head(self.word_vectors[nums].sum(axis=0))
        advance(len(texts))
        return unit_rows(vectors)

    def encode_pictures(self, pictures: Sequence[Picture], advance: Callable[[int], None] = lambda _: None) -> Vectors:
        vectors = np.zeros((len(pictures), self.picture_head.outer.shape[1]), dtype=np.float32)
        for start in range(0, len(pictures), BATCH):
            some = pictures[start : start + BATCH]
            vectors[start : start + len(some)] = self._looked_at(np.stack([squared(one, self.side) for one in some]))
            advance(len(some))
        return unit_rows(vectors)

    def _looked_at(self, squares: NDArray[np.uint8]) -> Vectors:
        maps = [brightness(squares)]
        for convolution in self.convolutions:
            maps.append(convolution(maps[-1]))
        largest = [one.max(axis=(1, 2)) for one in maps[1:][-POOLED:]]
        return self.picture_head(np.concatenate((maps[-1].reshape(len(squares), -1), *largest), axis=1))


def word_nums(text: str, words: Mapping[str, int]) -> list[int]:
    """The numbers of those words of a text that are known."""
    return [words[word] for word in WORD.findall(text.casefold()) if word in words]


def squared(picture: Picture, side: int) -> NDArray[np.uint8]:
    """A picture as a square, uint8 array (side, side, 3); what is not square is compressed, so that nothing is cut off."""
    if picture.size != (side, side):
        from PIL.Image import Resampling

        picture = picture.resize((side, side), Resampling.BOX)
    return np.asarray(picture, dtype=np.uint8)


def brightness(squares: NDArray[np.uint8]) -> Vectors:
    """From 0 to 255 to what the tower takes, -1 to 1."""
    return np.asarray(squares, dtype=np.float32) / np.float32(127.5) - np.float32(1)
