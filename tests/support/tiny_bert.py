"""A BERT of random weights in a sentence-transformers folder, and what it computes, written down anew in plain loops."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "wine", "old", "castle", "by", "the", "sea", "##s", "robot"]
HIDDEN, HEADS, LAYERS, INNER, LONGEST, EPSILON = 12, 3, 2, 70, 10, 1e-6

Tensors = dict[str, NDArray[np.float32]]


def write(folder: Path, **changes: Any) -> Path:
    """The folder; `changes` are those of ``config.json``, but ``pooling``, ``modules`` and ``limits``, which have own files."""
    pooling = changes.pop("pooling", {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False})
    kinds = changes.pop("modules", ("Transformer", "Pooling", "Normalize"))
    limits = changes.pop("limits", {"max_seq_length": LONGEST, "do_lower_case": False})
    config = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": HIDDEN,
        "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS,
        "intermediate_size": INNER,
        "max_position_embeddings": LONGEST,
        "type_vocab_size": 2,
        "vocab_size": len(WORDS),
        "layer_norm_eps": EPSILON,
        "position_embedding_type": "absolute",
    }
    paths = ["", "1_Pooling", "2_Normalize"]
    modules = [
        {"idx": num, "name": str(num), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for num, (kind, path) in enumerate(zip(kinds, paths, strict=False))
    ]
    (folder / "1_Pooling").mkdir(parents=True, exist_ok=True)
    for name, content in {
        "config.json": config | changes,
        "sentence_bert_config.json": limits,
        "modules.json": modules,
        "1_Pooling/config.json": {"word_embedding_dimension": HIDDEN, **pooling},
        "config_sentence_transformers.json": {"prompts": {}, "default_prompt_name": None},
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]"},
    }.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    save_file(tensors(), folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def tokenizer() -> Tokenizer:
    made = Tokenizer(models.WordPiece({word: num for num, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    made.enable_padding(length=8)  # which is not to be done here
    return made


def tensors(seed: int = 0) -> Tensors:
    """Weights with large entries, so that an error in any of them shows."""
    random = np.random.default_rng(seed)

    def normal(*shape: int) -> NDArray[np.float32]:
        return random.normal(scale=0.7, size=shape).astype(np.float32)

    made = {
        "embeddings.word_embeddings.weight": normal(len(WORDS), HIDDEN),
        "embeddings.position_embeddings.weight": normal(LONGEST, HIDDEN),
        "embeddings.token_type_embeddings.weight": normal(2, HIDDEN),
        "embeddings.LayerNorm.weight": normal(HIDDEN),
        "embeddings.LayerNorm.bias": normal(HIDDEN),
        "pooler.dense.weight": normal(HIDDEN, HIDDEN),
        "pooler.dense.bias": normal(HIDDEN),
    }
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}."
        shapes = {
            "attention.self.query": (HIDDEN, HIDDEN),
            "attention.self.key": (HIDDEN, HIDDEN),
            "attention.self.value": (HIDDEN, HIDDEN),
            "attention.output.dense": (HIDDEN, HIDDEN),
            "intermediate.dense": (INNER, HIDDEN),
            "output.dense": (HIDDEN, INNER),
        }
        for name, shape in shapes.items():
            made[f"{at}{name}.weight"], made[f"{at}{name}.bias"] = normal(*shape), normal(shape[0])
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            made[f"{at}{name}.weight"], made[f"{at}{name}.bias"] = normal(HIDDEN), normal(HIDDEN)
    return made


def states(ids: list[int], weights: Tensors | None = None) -> NDArray[np.float64]:
    """The last states of one text, (len(ids), HIDDEN), in float64."""
    at = {name: array.astype(np.float64) for name, array in (weights or tensors()).items()}
    words, places = at["embeddings.word_embeddings.weight"], at["embeddings.position_embeddings.weight"]
    kind = at["embeddings.token_type_embeddings.weight"][0]
    x = np.array([_norm(words[one] + places[place] + kind, at, "embeddings.") for place, one in enumerate(ids)])
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}."
        mixed = _attention(x, at, f"{name}attention.self.")
        y = _dense(mixed, at, f"{name}attention.output.dense.")
        x = np.array([_norm(row, at, f"{name}attention.output.") for row in x + y])
        inner = np.vectorize(_gelu)(_dense(x, at, f"{name}intermediate.dense."))
        x = np.array([_norm(row, at, f"{name}output.") for row in x + _dense(inner, at, f"{name}output.dense.")])
    return x


def _attention(x: NDArray[np.float64], at: dict[str, Any], name: str) -> NDArray[np.float64]:
    size = HIDDEN // HEADS
    queries, keys, values = (_dense(x, at, f"{name}{part}.") for part in ("query", "key", "value"))
    mixed = np.zeros_like(x)
    for head in range(HEADS):
        part = slice(head * size, (head + 1) * size)
        for i in range(len(x)):
            weights = [math.exp(float(queries[i, part] @ keys[j, part]) / math.sqrt(size)) for j in range(len(x))]
            mixed[i, part] = sum(weight * values[j, part] for j, weight in enumerate(weights)) / sum(weights)
    return mixed


def _dense(x: NDArray[np.float64], at: dict[str, Any], name: str) -> NDArray[np.float64]:
    found: NDArray[np.float64] = x @ at[f"{name}weight"].T + at[f"{name}bias"]
    return found


def _norm(row: NDArray[np.float64], at: dict[str, Any], name: str) -> NDArray[np.float64]:
    scaled = (row - row.mean()) / math.sqrt(float(row.var()) + EPSILON)
    found: NDArray[np.float64] = scaled * at[f"{name}LayerNorm.weight"] + at[f"{name}LayerNorm.bias"]
    return found


def _gelu(x: float) -> float:
    return x * 0.5 * (1 + math.erf(x / math.sqrt(2)))
