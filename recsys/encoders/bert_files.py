"""Opens the files of a sentence-transformers model that :mod:`recsys.encoders.bert` can run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from recsys.data.vectors import Vectors
from recsys.encoders.bert import BertEncoder, Dense, Layer, Norm, Pooling, Shape
from recsys.encoders.safetensors_file import map_tensors
from recsys.errors import EncoderError

WEIGHTS, TOKENIZER = "model.safetensors", "tokenizer.json"


def open_bert(name: str, folder: Path, fingerprint: str) -> BertEncoder | None:
    """Open a sentence-transformers folder; None where it holds another kind of model than this file can run.

    Raises
    ------
    EncoderError
        When it is of the kind, but its weights or its tokenizer do not fit what it says.
    """
    shape = read_shape(folder)
    tensors = map_tensors(folder / WEIGHTS) if shape is not None and (folder / WEIGHTS).is_file() else {}
    if shape is None or any(array.dtype != np.float32 for key, array in tensors.items() if key.endswith("weight")):
        return None
    tensors = {key.removeprefix("bert."): array for key, array in tensors.items()}
    try:
        encoder = _encoder(name, folder, fingerprint, shape, tensors)
        encoder.encode(["what does not fit together is told now"])
    except KeyError as error:
        raise EncoderError(f"encoder {name}: {folder / WEIGHTS} has no array {error}") from error
    except Exception as error:  # tokenizers raises nothing narrower
        raise EncoderError(f"encoder {name}: {folder} does not load: {error}") from error
    return encoder


def read_shape(folder: Path) -> Shape | None:
    """What a folder holds; None where it is not a plain BERT with the mean or the first token as its vector."""
    try:
        modules = _json(folder / "modules.json")
        kinds = [module["type"].rpartition(".")[2] for module in modules]
        paths = [module["path"] for module in modules]
        bert, own = _json(folder / "config.json"), _json(folder / "sentence_bert_config.json")
        pooling = _pooling(_json(folder / paths[1] / "config.json"))
        prompt = _json(folder / "config_sentence_transformers.json").get("default_prompt_name")
        plain = (
            kinds in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
            and paths[0] == ""
            and prompt is None  # which would be put before every text
            and bert["model_type"] == "bert"
            and bert["hidden_act"] == "gelu"
            and bert.get("position_embedding_type", "absolute") == "absolute"
            and not bert.get("is_decoder", False)
            and not own.get("do_lower_case", False)
        )
        if not plain or pooling is None:
            return None
        return Shape(
            hidden=int(bert["hidden_size"]),
            layers=int(bert["num_hidden_layers"]),
            heads=int(bert["num_attention_heads"]),
            longest=min(int(own["max_seq_length"]), int(bert["max_position_embeddings"])),
            epsilon=float(bert.get("layer_norm_eps", 1e-12)),
            pooling=pooling,
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _pooling(config: Mapping[str, Any]) -> Pooling | None:
    named = config.get("pooling_mode")  # of newer releases, in place of a flag for each
    modes = [named] if named else [key.removeprefix("pooling_mode_") for key, on in config.items() if on is True]
    modes = [mode for mode in modes if mode != "include_prompt"]  # there is none
    if modes in (["mean"], ["mean_tokens"]):
        return "mean"
    return "cls" if modes in (["cls"], ["cls_token"]) else None


def _encoder(name: str, folder: Path, fingerprint: str, shape: Shape, tensors: Mapping[str, Vectors]) -> BertEncoder:
    words, kinds = tensors["embeddings.word_embeddings.weight"], tensors["embeddings.token_type_embeddings.weight"]
    tokenizer = _open_tokenizer(folder / TOKENIZER, shape.longest)
    if tokenizer.get_vocab_size() > len(words):
        raise ValueError(f"it has {tokenizer.get_vocab_size()} tokens and vectors for {len(words)}")
    return BertEncoder(
        name,
        fingerprint,
        tokenizer,
        shape,
        words,
        tensors["embeddings.position_embeddings.weight"][: shape.longest]
        + kinds[0],  # a lone text is of the first kind
        _norm(tensors, "embeddings.", shape),
        tuple(_layer(tensors, f"encoder.layer.{number}.", shape) for number in range(shape.layers)),
    )


def _layer(tensors: Mapping[str, Vectors], at: str, shape: Shape) -> Layer:
    attention = f"{at}attention.self."
    names = [f"{attention}{part}." for part in ("query", "key", "value")]
    weight = np.vstack([tensors[f"{name}weight"] for name in names])
    bias = np.concatenate([tensors[f"{name}bias"] for name in names])
    return Layer(
        shape.heads,
        Dense.of(weight, bias),
        _dense(tensors, f"{at}attention.output.dense."),
        _norm(tensors, f"{at}attention.output.", shape),
        _dense(tensors, f"{at}intermediate.dense."),
        _dense(tensors, f"{at}output.dense."),
        _norm(tensors, f"{at}output.", shape),
    )


def _dense(tensors: Mapping[str, Vectors], at: str) -> Dense:
    return Dense.of(tensors[f"{at}weight"], tensors[f"{at}bias"])


def _norm(tensors: Mapping[str, Vectors], at: str, shape: Shape) -> Norm:
    weight, bias = tensors[f"{at}LayerNorm.weight"], tensors[f"{at}LayerNorm.bias"]
    if not weight.shape == bias.shape == (shape.hidden,):
        raise ValueError(f"{at}LayerNorm has {weight.shape} and {bias.shape} numbers, not {shape.hidden}")
    return Norm(weight, bias, shape.epsilon)


def _open_tokenizer(path: Path, longest: int) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(longest)
    tokenizer.no_padding()
    return tokenizer


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
