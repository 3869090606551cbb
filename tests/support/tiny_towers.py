"""Towers of random weights in a folder, and small pictures."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from safetensors.numpy import save_file

from recsys.encoders.tower_files import DESCRIPTION, WEIGHTS, Description

WORDS = ("blue", "circle", "green", "of", "picture", "red", "square")
SIDE, CHANNELS, DIM, HIDDEN, WORD_DIM = 16, (5, 7), 6, 9, 4
COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 40, 220)}

Tensors = dict[str, NDArray[np.float32]]


def write(folder: Path, weights: Tensors | None = None, **changes: Any) -> Path:
    """The folder; `changes` are those of ``towers.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    described = Description(name="tiny", side=SIDE, convolutions=len(CHANNELS), scale=12.5, words=WORDS)
    (folder / DESCRIPTION).write_text(described.model_copy(update=changes).model_dump_json(), encoding="utf-8")
    save_file(tensors() if weights is None else weights, folder / WEIGHTS)
    return folder


def tensors(seed: int = 0) -> Tensors:
    random = np.random.default_rng(seed)

    def normal(*shape: int) -> NDArray[np.float32]:
        return random.normal(scale=0.5, size=shape).astype(np.float32)

    made, n_in, side = {"text.words": normal(len(WORDS), WORD_DIM)}, 3, SIDE
    for number, n_out in enumerate(CHANNELS):
        made[f"picture.{number}.weight"], made[f"picture.{number}.bias"] = normal(9 * n_in, n_out), normal(n_out)
        n_in, side = n_out, side // 2
    for name, width in (("picture", n_in * side * side + sum(CHANNELS)), ("text", WORD_DIM)):
        made[f"{name}.inner"], made[f"{name}.inner_bias"] = normal(width, HIDDEN), normal(HIDDEN)
        made[f"{name}.outer"], made[f"{name}.outer_bias"] = normal(HIDDEN, DIM), normal(DIM)
    return made


def picture(colour: str = "red", size: tuple[int, int] = (20, 20)) -> Any:
    """A plain ground with a darker square in its upper left quarter."""
    made = Image.new("RGB", size, COLOURS[colour])
    made.paste((0, 0, 0), (0, 0, size[0] // 2, size[1] // 2))
    return made


def saved(image: Any, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()
