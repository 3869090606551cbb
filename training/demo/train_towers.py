"""Trains a tower for pictures and one for words into one space, on scenes that are drawn and told here.

The loss is that of CLIP (Radford et al., ICML 2021): in a batch of pictures and a caption of each, the cosines of all pairs
times a learned scale are logits, and the mean of two cross entropies is made small, that of each picture over the captions and
that of each caption over the pictures (symmetric InfoNCE: van den Oord et al. 2018). A caption that happens to be true of
another picture of the batch, which is known here, does not count as wrong for it: the pair is left out of both sums.

What is learned is written as plain numbers, with the normalization of batches folded into the convolutions, and runs without
torch (:mod:`recsys.encoders.towers`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save
from torch import Tensor, nn

from recsys.encoders.tower_files import DESCRIPTION, WEIGHTS, Description
from recsys.encoders.towers import POOLED, brightness, squared, word_nums
from training.demo.drawing import draw
from training.demo.scenes import Scene, caption, coded, vocabulary

LARGEST_SCALE = 100.0
FIRST_SCALE = 10.0
SHIFT = 1  # pixels by which a picture is moved, at most


@dataclass(frozen=True)
class TowerSettings:
    """How large the towers are, and how they are trained.

    Parameters
    ----------
    side : int
        Pictures are looked at as squares of so many pixels.
    channels : tuple of int
        Of each convolution, which halves the side.
    hidden, text_hidden, word_dim, dim : int
        Lengths of the hidden layers, of the vectors of words and of those of pictures and texts.
    pictures : int
        How many are drawn.
    batch, steps : int
    rate : float
        The largest learning rate; it rises over a tenth of the steps and falls to 0 like a cosine.
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
    """Both towers."""

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
        """Unit vectors of pictures (n, 3, side, side)."""
        maps = [squares]
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            maps.append(nn.functional.relu(norm(convolution(maps[-1]))))
        states = [maps[-1].permute(0, 2, 3, 1).flatten(1)]  # channels last, as they are run
        states += [one.amax(dim=(2, 3)) for one in maps[1:][-POOLED:]]
        return nn.functional.normalize(self.picture(torch.cat(states, dim=1)), dim=1)

    def of_texts(self, counts: Tensor) -> Tensor:
        """Unit vectors of texts, of which the number of each word is given, (n, n_words)."""
        return nn.functional.normalize(self.text(self.words(counts)), dim=1)

    def scale(self) -> Tensor:
        return self.log_scale.exp().clamp(max=LARGEST_SCALE)


def _head(n_in: int, hidden: int, dim: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(n_in, hidden), nn.ReLU(), nn.Linear(hidden, dim))


def train(
    scenes: Sequence[Scene], settings: TowerSettings, advance: Callable[[int], None] = lambda _: None
) -> dict[str, bytes]:
    """Train on pictures and captions of some scenes.

    Parameters
    ----------
    advance : callable
        Told how many more pictures are drawn, and steps done.

    Returns
    -------
    dict
        The files of the towers by name; the same for equal arguments on the same machine.
    """
    words = vocabulary()
    random = np.random.default_rng(settings.random_state)
    chosen = [scenes[place] for place in _evenly(len(scenes), settings.pictures, random)]
    squares = np.empty((len(chosen), settings.side, settings.side, 3), dtype=np.uint8)
    for row, scene in enumerate(chosen):
        squares[row] = squared(draw(scene, random), settings.side)
        advance(1)
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(settings.random_state)
        towers = Towers(settings, len(words)).to(memory_format=torch.channels_last)  # type: ignore[call-overload] # missing in its stubs
        _fit(towers, chosen, squares, words, settings, random, advance)
    return _files(towers.eval(), words, settings)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in one order, however many processors there are; for towers of this size more threads save little."""
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
        Captions by pictures; those on the diagonal belong together.
    left_out : bool tensor (n, n)
        Pairs beside the diagonal that are true as well.
    """
    open_pairs = logits.masked_fill(left_out, -torch.inf)
    own = torch.arange(len(logits))
    return (nn.functional.cross_entropy(open_pairs, own) + nn.functional.cross_entropy(open_pairs.T, own)) / 2


def also_true(codes: NDArray[np.int64], told: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which captions are true of which other pictures of a batch, (n, n).

    Parameters
    ----------
    codes : int64 array (n, n_attributes)
        The scene of each picture and caption.
    told : bool array (n, n_attributes)
        What each caption tells.
    """
    agrees = (codes[:, None] == codes[None]) | ~told[:, None]
    found: NDArray[np.bool_] = agrees.all(axis=2)
    np.fill_diagonal(found, False)
    return found


def _fit(
    towers: Towers,
    scenes: Sequence[Scene],
    squares: NDArray[np.uint8],
    words: Sequence[str],
    settings: TowerSettings,
    random: np.random.Generator,
    advance: Callable[[int], None],
) -> None:
    numbers = {word: num for num, word in enumerate(words)}
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
        texts = towers.of_texts(torch.from_numpy(_counts([one.text for one in captions], numbers)))
        pictures = towers.of_pictures(_moved(squares[some], random))
        left_out = torch.from_numpy(also_true(codes[some], told))
        loss = losses(towers.scale() * texts @ pictures.T, left_out)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        advance(1)


def _evenly(n: int, size: int, random: np.random.Generator) -> list[int]:
    """`size` numbers below `n`, each as often as any other, in random order."""
    found: list[int] = random.permutation(np.resize(np.arange(n), size)).tolist()
    return found


def _moved(squares: NDArray[np.uint8], random: np.random.Generator) -> Tensor:
    """A batch for the tower (n, 3, side, side), moved by a pixel or not at all, so that single pixels say nothing.

    Its channels lie last in memory: on a processor the convolutions take half the time that way.
    """
    down, across = (int(random.integers(-SHIFT, SHIFT + 1)) for _ in range(2))
    moved = np.roll(squares, (down, across), axis=(1, 2))
    return torch.from_numpy(np.ascontiguousarray(brightness(moved))).permute(0, 3, 1, 2)


def _counts(texts: Sequence[str], numbers: dict[str, int]) -> NDArray[np.float32]:
    counts = np.zeros((len(texts), len(numbers)), dtype=np.float32)
    for row, text in enumerate(texts):
        np.add.at(counts[row], word_nums(text, numbers), 1)
    return counts


def _files(towers: Towers, words: Sequence[str], settings: TowerSettings) -> dict[str, bytes]:
    tensors: dict[str, NDArray[np.float32]] = {"text.words": _array(towers.words.weight.T)}
    for number in range(len(settings.channels)):
        convolution, norm = towers.convolutions[number], towers.norms[number]
        assert isinstance(convolution, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        weight = (convolution.weight * gain[:, None, None, None]).permute(2, 3, 1, 0)
        tensors[f"picture.{number}.weight"] = _array(weight.flatten(0, 2))
        tensors[f"picture.{number}.bias"] = _array(norm.bias - norm.running_mean * gain)
    for name, head in (("picture", towers.picture), ("text", towers.text)):
        for place, part in ((0, "inner"), (2, "outer")):
            dense = head[place]
            assert isinstance(dense, nn.Linear)
            tensors[f"{name}.{part}"], tensors[f"{name}.{part}_bias"] = _array(dense.weight.T), _array(dense.bias)
    described = Description(
        name="drawn-scenes",
        side=settings.side,
        convolutions=len(settings.channels),
        scale=round(float(towers.scale().detach()), 4),
        words=tuple(words),
    )
    return {DESCRIPTION: described.model_dump_json(indent=1).encode() + b"\n", WEIGHTS: save(tensors)}


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(tensor.detach().numpy(), dtype=np.float32)


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Write the files of towers into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
