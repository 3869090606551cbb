"""Training of a picture tower and a text tower with one output space, on drawn scenes and their captions.

The loss is that of CLIP (Radford et al., ICML 2021): in a batch of pictures with a caption each, the cosines of all pairs
times a learned scale are logits. Minimized is the mean of two cross entropies, of each picture over the captions and
of each caption over the pictures (symmetric InfoNCE: van den Oord et al. 2018). Pairs with a caption that is also true of
another picture of the batch are left out of both sums.

Both towers are written in ONNX with the tokenizer, as a folder for ``content.picture_encoder``
(:mod:`recsys.encoders.onnx_encoder`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from torch import Tensor, nn

from examples.pictures.drawing import draw
from examples.pictures.scenes import Scene, caption, coded, vocabulary
from recsys.encoders.onnx_encoder import DESCRIPTION, IMAGE, TEXT, TOKENIZER, Description
from recsys.encoders.pictures import squared
from training.content.onnx_export import write_model

LARGEST_SCALE = 100.0
FIRST_SCALE = 10.0
SHIFT = 1  # maximum shift of a picture in pixels
POOLED = 2  # number of last convolutions whose channel maxima are used
UNKNOWN = "[UNK]"  # number 0, for unknown words


@dataclass(frozen=True)
class TowerSettings:
    """Sizes of the towers and parameters of the training.

    Parameters
    ----------
    side : int
        Side of the input pictures in pixels.
    channels : tuple of int
        Output channels of each convolution, which halves the side.
    hidden, text_hidden, word_dim, dim : int
        Lengths of the hidden layers, of the word vectors and of the output vectors.
    pictures : int
        Number of training pictures.
    batch, steps : int
    rate : float
        Largest learning rate; it rises for a tenth of the steps and then falls to 0 like a cosine.
    decay : float
        Weight decay of AdamW.
    random_state : int
    """

    side: int = 64
    channels: tuple[int, ...] = (16, 32, 64, 96)
    hidden: int = 256
    text_hidden: int = 128
    word_dim: int = 64
    dim: int = 64
    pictures: int = 8000
    batch: int = 192
    steps: int = 1000
    rate: float = 3e-3
    decay: float = 0.02
    random_state: int = 42


class Towers(nn.Module):
    """Both towers.

    Pictures go through convolutions (3 x 3, stride 2). Two dense layers get the last maps, which locate objects, and the
    maxima of the channels of the last two, which identify objects at any position. Word vectors are summed and go through
    two dense layers.
    """

    def __init__(self, settings: TowerSettings, n_words: int) -> None:
        super().__init__()
        self.convolutions, self.norms = nn.ModuleList(), nn.ModuleList()
        n_in, side = 3, settings.side
        for n_out in settings.channels:
            self.convolutions.append(nn.Conv2d(n_in, n_out, 3, 2, 1, bias=False))
            self.norms.append(nn.BatchNorm2d(n_out))
            n_in, side = n_out, -(-side // 2)
        pooled = sum(settings.channels[-POOLED:])
        self.picture = _head(n_in * side * side + pooled, settings.hidden, settings.dim)
        self.words = nn.Linear(n_words, settings.word_dim, bias=False)
        self.text = _head(settings.word_dim, settings.text_hidden, settings.dim)
        self.log_scale = nn.Parameter(torch.tensor(float(np.log(FIRST_SCALE))))

    def of_pictures(self, squares: Tensor) -> Tensor:
        """Return unit vectors of pictures (n, 3, side, side)."""
        maps = [squares]
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            maps.append(nn.functional.relu(norm(convolution(maps[-1]))))
        states = [maps[-1].permute(0, 2, 3, 1).flatten(1)]
        states += [one.amax(dim=(2, 3)) for one in maps[1:][-POOLED:]]
        return nn.functional.normalize(self.picture(torch.cat(states, dim=1)), dim=1)

    def of_texts(self, counts: Tensor) -> Tensor:
        """Return unit vectors of texts, given as counts of words (n, n_words)."""
        return nn.functional.normalize(self.text(self.words(counts)), dim=1)

    def scale(self) -> Tensor:
        return self.log_scale.exp().clamp(max=LARGEST_SCALE)


class _Texts(nn.Module):
    """Text tower for token ids; a text without known words has a zero vector."""

    def __init__(self, towers: Towers) -> None:
        super().__init__()
        self.towers = towers

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        known = attention_mask * (input_ids > 0)
        n_words = self.towers.words.in_features
        counts = (nn.functional.one_hot(input_ids, n_words + 1)[..., 1:] * known[..., None]).sum(dim=1)
        return self.towers.of_texts(counts.float()) * known.amax(dim=1, keepdim=True)


class _Pictures(nn.Module):
    """Picture tower for pixels, uint8 (n, side, side, 3)."""

    def __init__(self, towers: Towers) -> None:
        super().__init__()
        self.towers = towers

    def forward(self, pixels: Tensor) -> Tensor:
        return self.towers.of_pictures(brightness(pixels))


def brightness(pixels: Tensor) -> Tensor:
    """Scale pixels 0 to 255 (n, side, side, 3) to -1 to 1 (n, 3, side, side).

    The channels stay last in memory, which halves the time of convolutions on a CPU.
    """
    return (pixels.float() / 127.5 - 1).permute(0, 3, 1, 2)


def tokenizer_of(words: Sequence[str]) -> Tokenizer:
    """Return a tokenizer that maps words to numbers from 1 on, in their order."""
    numbers = {word: num for num, word in enumerate((UNKNOWN, *words))}
    tokenizer = Tokenizer(models.WordLevel(numbers, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def _head(n_in: int, hidden: int, dim: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(n_in, hidden), nn.ReLU(), nn.Linear(hidden, dim))


def train(scenes: Sequence[Scene], settings: TowerSettings, advance: Callable[[int], None] = lambda _: None) -> Towers:
    """Train on pictures and captions of some scenes; the weights are the same for equal arguments on the same machine.

    Parameters
    ----------
    advance : callable
        Called with the number of pictures drawn or steps done.
    """
    words = tokenizer_of(vocabulary())
    random = np.random.default_rng(settings.random_state)
    chosen = [scenes[place] for place in _evenly(len(scenes), settings.pictures, random)]
    squares = np.empty((len(chosen), settings.side, settings.side, 3), dtype=np.uint8)
    for row, scene in enumerate(chosen):
        squares[row] = squared(draw(scene, random), settings.side)
        advance(1)
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(settings.random_state)
        towers = Towers(settings, len(vocabulary()))
        towers.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # missing in its stubs
        _fit(towers, chosen, squares, words, settings, random, advance)
    return towers.eval()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Use one thread, so that the order of sums does not depend on the number of processors; more threads save little."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def losses(logits: Tensor, left_out: Tensor) -> Tensor:
    """Symmetric InfoNCE of a batch.

    Parameters
    ----------
    logits : float tensor (n, n)
        Captions by pictures; the diagonal has the matching pairs.
    left_out : bool tensor (n, n)
        Other pairs that match as well.
    """
    open_pairs = logits.masked_fill(left_out, -torch.inf)
    own = torch.arange(len(logits))
    return (nn.functional.cross_entropy(open_pairs, own) + nn.functional.cross_entropy(open_pairs.T, own)) / 2


def also_true(codes: NDArray[np.int64], told: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pairs off the diagonal whose caption is true of the picture, (n, n).

    Parameters
    ----------
    codes : int64 array (n, n_attributes)
        The scene of each picture and caption.
    told : bool array (n, n_attributes)
        Attributes that each caption describes.
    """
    agrees = (codes[:, None] == codes[None]) | ~told[:, None]
    found: NDArray[np.bool_] = agrees.all(axis=2)
    np.fill_diagonal(found, False)
    return found


def _fit(
    towers: Towers,
    scenes: Sequence[Scene],
    squares: NDArray[np.uint8],
    words: Tokenizer,
    settings: TowerSettings,
    random: np.random.Generator,
    advance: Callable[[int], None],
) -> None:
    codes = coded(scenes)
    optimizer = torch.optim.AdamW(towers.parameters(), lr=settings.rate, weight_decay=settings.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.rate, total_steps=settings.steps, pct_start=0.1)
    towers.train()
    rows = np.empty(0, dtype=np.int64)
    for _ in range(settings.steps):
        if len(rows) < settings.batch:
            rows = random.permutation(len(scenes))
        some, rows = rows[: settings.batch], rows[settings.batch :]
        captions = [caption(scenes[row], random) for row in some.tolist()]
        told = np.stack([one.told for one in captions])
        texts = towers.of_texts(torch.from_numpy(counts_of([one.text for one in captions], words)))
        pictures = towers.of_pictures(_moved(squares[some], random))
        left_out = torch.from_numpy(also_true(codes[some], told))
        loss = losses(towers.scale() * texts @ pictures.T, left_out)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        advance(1)


def _evenly(n: int, size: int, random: np.random.Generator) -> list[int]:
    """Return `size` numbers below `n`, each equally often, in random order."""
    found: list[int] = random.permutation(np.resize(np.arange(n), size)).tolist()
    return found


def _moved(squares: NDArray[np.uint8], random: np.random.Generator) -> Tensor:
    """Return a batch for the tower (n, 3, side, side), randomly shifted by up to a pixel."""
    down, across = (int(random.integers(-SHIFT, SHIFT + 1)) for _ in range(2))
    moved = np.roll(squares, (down, across), axis=(1, 2))
    return brightness(torch.from_numpy(np.ascontiguousarray(moved)))


def counts_of(texts: Sequence[str], words: Tokenizer) -> NDArray[np.float32]:
    """Return the counts of known words in each text, (len(texts), n_words)."""
    counts = np.zeros((len(texts), words.get_vocab_size()), dtype=np.float32)
    for row, text in enumerate(texts):
        np.add.at(counts[row], words.encode(text).ids, 1)
    return counts[:, 1:]


def write(folder: Path, towers: Towers, settings: TowerSettings) -> None:
    """Write both towers in ONNX, the tokenizer and the scale into a new folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pixels = torch.zeros((2, settings.side, settings.side, 3), dtype=torch.uint8)
    write_model(folder / IMAGE, _Pictures(towers), ("pixels",), (pixels,), n_free=1)
    ids = torch.ones((2, 7), dtype=torch.int64)
    write_model(folder / TEXT, _Texts(towers), ("input_ids", "attention_mask"), (ids, ids.clone()))
    tokenizer_of(vocabulary()).save(str(folder / TOKENIZER))
    described = Description(name="drawn-scenes", scale=round(float(towers.scale().detach()), 4))
    (folder / DESCRIPTION).write_text(described.model_dump_json() + "\n", encoding="utf-8")
