"""Encoders of random weights in ONNX: two towers for words and pictures, or one for words; and small pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from recsys.encoders.onnx_encoder import DESCRIPTION, IMAGE, TEXT, TOKENIZER, Description

WORDS = ("blue", "circle", "green", "of", "picture", "red", "square")
TEXT_WORDS = ("red", "wine", "old", "castle", "by", "the", "sea", "robots", "robot")
SIDE, CHANNELS, DIM, HIDDEN, WORD_DIM = 16, (5, 7), 6, 9, 4
SCALE = 12.5
LONGEST = 10  # words of a text
COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 40, 220)}

Tensors = dict[str, NDArray[np.float32]]
Node = tuple[Any, ...]  # operator, inputs, output and attributes


def write(folder: Path, weights: Tensors | None = None, **changes: Any) -> Path:
    """The folder of two towers; `changes` are those of ``encoder.json``."""
    weights = tensors() if weights is None else weights
    write_text(folder, WORDS, weights, **changes)
    _save(folder / IMAGE, "pixels", TensorProto.UINT8, ["n", SIDE, SIDE, 3], _picture_nodes(), weights)
    return folder


def write_text(folder: Path, words: Sequence[str] = TEXT_WORDS, weights: Tensors | None = None, **changes: Any) -> Path:
    """The folder of an encoder of texts, in which all unknown words are one word."""
    folder.mkdir(parents=True, exist_ok=True)
    described = Description(name="tiny", scale=SCALE).model_copy(update=changes)
    (folder / DESCRIPTION).write_text(described.model_dump_json(), encoding="utf-8")
    tokenizer(words).save(str(folder / TOKENIZER))
    _save(folder / TEXT, "", TensorProto.INT64, ["n", "length"], _text_nodes(), weights or tensors(words=words))
    return folder


def tokenizer(words: Sequence[str]) -> Tokenizer:
    made = Tokenizer(models.WordLevel({word: num for num, word in enumerate(("[UNK]", *words))}, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()  # type: ignore[assignment]
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()  # type: ignore[assignment]
    made.enable_truncation(LONGEST)
    made.enable_padding(length=8)  # which is not to be done here
    return made


def tensors(seed: int = 0, words: Sequence[str] | None = None) -> Tensors:
    """Weights with large entries, so that an error in any of them shows; of towers where no `words` are given.

    Towers know nothing of a text without a known word: number 0 has a vector of zeros and there are no biases.
    """
    random = np.random.default_rng(seed)

    def normal(*shape: int) -> NDArray[np.float32]:
        return random.normal(scale=0.5, size=shape).astype(np.float32)

    made, n_in, side = {"text.words": normal(1 + len(words or WORDS), WORD_DIM)}, 3, SIDE
    for number, n_out in enumerate(CHANNELS):
        made[f"picture.{number}.weight"], made[f"picture.{number}.bias"] = normal(n_out, n_in, 3, 3), normal(n_out)
        n_in, side = n_out, side // 2
    for name, width in (("picture", n_in * side * side + sum(CHANNELS)), ("text", WORD_DIM)):
        made[f"{name}.inner"], made[f"{name}.inner_bias"] = normal(width, HIDDEN), normal(HIDDEN)
        made[f"{name}.outer"], made[f"{name}.outer_bias"] = normal(HIDDEN, DIM), normal(DIM)
    if words is None:
        for name in ("words", "inner_bias", "outer_bias"):
            made[f"text.{name}"][: 1 if name == "words" else None] = 0
    return made


def _text_nodes() -> list[Node]:
    return [
        ("Gather", ["text.words", "input_ids"], "found"),
        ("Cast", ["attention_mask"], "mask", {"to": TensorProto.FLOAT}),
        ("Unsqueeze", ["mask", "last"], "column"),
        ("Mul", ["found", "column"], "masked"),
        ("ReduceSum", ["masked", "length_axis"], "state", {"keepdims": 0}),
        *_head("text"),
    ]


def _picture_nodes() -> list[Node]:
    nodes: list[Node] = [
        ("Cast", ["pixels"], "bright", {"to": TensorProto.FLOAT}),
        ("Div", ["bright", "half"], "positive"),
        ("Sub", ["positive", "one"], "around"),
        ("Transpose", ["around"], "map.0", {"perm": [0, 3, 1, 2]}),
    ]
    for number in range(len(CHANNELS)):
        weights = [f"picture.{number}.weight", f"picture.{number}.bias"]
        window = {"strides": [2, 2], "pads": [1, 1, 1, 1]}
        nodes += [
            ("Conv", [f"map.{number}", *weights], f"sum.{number}", window),
            ("Relu", [f"sum.{number}"], f"map.{number + 1}"),
            ("ReduceMax", [f"map.{number + 1}", "places"], f"largest.{number}", {"keepdims": 0}),
        ]
    nodes += [
        ("Flatten", [f"map.{len(CHANNELS)}"], "flat"),
        ("Concat", ["flat", *(f"largest.{number}" for number in range(len(CHANNELS)))], "state", {"axis": 1}),
    ]
    return nodes + _head("picture")


def _head(of: str) -> list[Node]:
    return [
        ("Gemm", ["state", f"{of}.inner", f"{of}.inner_bias"], "inner"),
        ("Relu", ["inner"], "hidden"),
        ("Gemm", ["hidden", f"{of}.outer", f"{of}.outer_bias"], "vectors"),
    ]


def _save(path: Path, name: str, kind: int, shape: list[Any], nodes: list[Node], weights: Tensors) -> None:
    constants: dict[str, NDArray[Any]] = {
        **weights,
        "half": np.float32(127.5).reshape(()),
        "one": np.float32(1).reshape(()),
        "last": np.array([2]),
        "length_axis": np.array([1]),
        "places": np.array([2, 3]),
    }
    used = {one for node in nodes for one in node[1]}
    dim = weights["picture.outer" if name else "text.outer"].shape[1]
    graph = helper.make_graph(
        [helper.make_node(node[0], node[1], [node[2]], **(node[3] if len(node) > 3 else {})) for node in nodes],
        "tiny",
        [
            helper.make_tensor_value_info(one, kind, shape)
            for one in ([name] if name else ["input_ids", "attention_mask"])
        ],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["n", dim])],
        [numpy_helper.from_array(array, one) for one, array in constants.items() if one in used],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)


def picture(colour: str = "red", size: tuple[int, int] = (20, 20)) -> Any:
    """A plain ground with a darker square in its upper left quarter."""
    made = Image.new("RGB", size, COLOURS[colour])
    made.paste((0, 0, 0), (0, 0, size[0] // 2, size[1] // 2))
    return made


def saved(image: Any, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()
