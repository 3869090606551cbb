"""Promise 32: two replicas on different processors answer the same, to the last byte.

One model is published once. Processes whose linear algebra takes the code of other processors answer the same questions about
it. The model is as hard as can be: of every item there are four, and so of every score.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__  # type: ignore[import-not-found]

from recsys.bundle.manifest import EncoderInfo, PictureInfo
from recsys.bundle.store import Store
from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog, Item
from recsys.data.vectors import Vectors
from recsys.index.annoy import AnnoyVectorIndex
from recsys.index.exact import ExactIndex, VectorTable
from recsys.model import blending
from recsys.model.extras.anomalies import LABELS, Anomalies, Finding, Found, Kind, Outliers
from recsys.model.extras.picture_tags import Tags
from recsys.model.model import Model
from recsys.model.similarity import Likeness
from recsys.text.bm25 import Bm25
from recsys.text.name_index import NameIndex
from tests.support import factories
from training.content import lsa
from training.insights import tagging

# What a processor must be able to do to run the code that OpenBLAS has for each name.
CORES: dict[str, set[str]] = {
    "Prescott": {"pni"},
    "Nehalem": {"sse4_2"},
    "Sandybridge": {"avx"},
    "Haswell": {"avx2", "fma"},
    "Zen": {"avx2", "fma"},
    "SkylakeX": {"avx512f", "avx512bw", "avx512dq", "avx512vl"},
    "Cooperlake": {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_bf16"},
    "Sapphirerapids": {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_bf16", "amx_tile", "amx_bf16"},
}
OF_ARM = {"ARMV8": {"asimd"}, "NEOVERSEN1": {"asimd", "atomics"}, "NEOVERSEV1": {"sve"}}
COPIES, KINDS, USERS = 4, 60, 40
FACTORS, DIM = 37, 48
TEXTS = (
    "red wine",
    "old castle",
    "the red castle by the sea",
    "robot robots",
    "wine by the sea",
    "robots and red wine",
)
GENRES = ("war", "drama", "comedy")
SECONDS = 120

Environment = dict[str, str]


def capabilities() -> set[str]:
    """What the processor says that it can do."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return set(next((line for line in lines if line.lower().startswith(("flags", "features"))), "").split())


def environments() -> dict[str, Environment]:
    """By name, all code for linear algebra, for numpy and for the C library that this processor can run."""
    known = capabilities()
    found = {
        f"OpenBLAS {name}": {"OPENBLAS_CORETYPE": name} for name, needs in {**CORES, **OF_ARM}.items() if needs <= known
    }
    there = [feature for feature in __cpu_dispatch__ if __cpu_features__[feature]]
    for number in range(len(there)):  # each with all that build on it
        found[f"numpy without {there[number]}"] = {"NPY_DISABLE_CPU_FEATURES": " ".join(there[number:])}
    found["libm without FMA"] = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F"}
    found["one thread"] = {"OPENBLAS_NUM_THREADS": "1"}
    return found


def test_a_processor_that_can_do_more_runs_more_of_the_code() -> None:
    assert {"OpenBLAS Prescott", "OpenBLAS ARMV8"} & environments().keys()
    assert {"OpenBLAS SkylakeX"} <= environments().keys() or "avx512f" not in capabilities()


def copied(rows: Vectors) -> Vectors:
    """Each row COPIES times, copies far from each other."""
    return np.tile(rows, (COPIES, 1))


def hard() -> tuple[Model, EncoderInfo]:
    """A model in which each item stands COPIES times."""
    n = COPIES * KINDS
    base = factories.model(USERS, n, FACTORS, 0, n_neighbors=5)
    items = [
        Item(
            f"i{num}",
            f"Title {num % KINDS}",
            f"{TEXTS[num % len(TEXTS)]} {num % KINDS}",
            {"year": 1990 + num % 20, "genre": [GENRES[num % 3]]},
        )
        for num in range(n)
    ]
    catalog = Catalog.from_items(items)
    attributes = Attributes.from_catalog(catalog)
    encoder, files, found = lsa.fit(catalog.texts()[:KINDS], 16, 0)
    texts = copied(found)
    factors = copied(factories.random_vectors(KINDS, FACTORS, 1))
    centered = blending.centered(texts)
    tables = {
        "items_for_user": blending.items_for_user(factors, centered, 0.7),
        "items_like_item": blending.items_like_item(factors, centered, 0.5, np.ones(n, np.float32)),
        "items_by_text": texts,
    }
    rows = tables["items_like_item"]
    forests = {name: AnnoyVectorIndex.build(VectorTable.from_vectors(table), 10, 0) for name, table in tables.items()}
    likeness = Likeness.of(0.5, blending.text_mean(texts))
    model = replace(
        base,
        catalog=catalog,
        layout=replace(base.layout, text_dim=texts.shape[1], content_scale=0.7),
        attributes=attributes,
        fold_in=factories.fold_in(factors, factories.interactions([("u0", f"i{num}") for num in range(n)])),
        likeness=likeness,
        items_by_picture=ExactIndex(VectorTable.from_vectors(copied(units(KINDS, 2)))),
        forests=forests,
        encoder_files=files,
        extras={},
        **{name: ExactIndex(forest.table) for name, forest in forests.items()},
    ).with_extras(
        *base.extras.values(),
        Bm25.from_texts(catalog.texts(), list(catalog.titles)),
        NameIndex.from_catalog(catalog, attributes.nums),
        tagging.fit(catalog, tagging.Space(rows, FACTORS, likeness, encoder.encode)),
        Anomalies(outliers(n, "disagreement", "duplicate"), outliers(USERS, "volume", "pace")),
        described(),
    )
    return model, EncoderInfo(name=encoder.name, fingerprint=encoder.fingerprint)


def units(n: int, seed: int) -> Vectors:
    rows = factories.random_vectors(n, DIM, seed)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def outliers(n: int, *kinds: Kind) -> Outliers:
    """Every third one, with scores and strengths of which many are equal but for the last digits."""
    off = 1e-9 * factories.random_vectors(n, 2, 3).astype(np.float64)
    return Outliers.of(
        [
            Found(
                num,
                0.5 + 0.1 * (num % 4) + float(off[num, 0]),
                (
                    Finding(kinds[0], 0.5 + float(off[num, 1]), (1.0,) * len(LABELS[kinds[0]])),
                    Finding(kinds[1], 0.5, (2.0,) * len(LABELS[kinds[1]]), other=0),
                ),
            )
            for num in range(0, n, 3)
        ]
    )


def described() -> Tags:
    """Values of attributes that describe pictures, of which two are always the same."""
    pairs = [(name, f"{name} {number}") for name in ("colour", "shape") for number in range(6)]
    return Tags.of(pairs, np.repeat(units(6, 4), 2, axis=0), 20.0)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("processors")
    model, encoder = hard()
    header = factories.header(model)
    pictures = PictureInfo(encoder=EncoderInfo(name="given", fingerprint="given"), dim=DIM)
    told = {"encoder": encoder, "pictures": pictures, "items_by_picture": header.items_for_user}
    Store(folder).publish(model, header.model_copy(update=told), factories.NOON)
    return folder


def answered(store: Path, environment: Environment) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.support.faults.processor_child", str(store)]
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        cwd=factories.ROOT,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def different(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    assert one.keys() == other.keys()
    return [name for name in one if one[name] != other[name]]


@pytest.mark.parametrize("stride", [2, pytest.param(1, marks=pytest.mark.soak)])
def test_every_processor_gives_the_same_answers(store: Path, stride: int) -> None:
    """In each run every second one, in `make soak` all."""
    every = dict([*environments().items()][::stride])
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        here, *others = pool.map(lambda environment: answered(store, environment), ({}, *every.values()))
    found = {name: different(here, said) for name, said in zip(every, others, strict=True)}
    assert {name: names for name, names in found.items() if names} == {}


def test_copies_stand_in_the_order_of_their_numbers(store: Path) -> None:
    """Where a list has several of one score, and copies have one."""
    found = answered(store, {})
    for name in ("exact /similar/i7?k=25&explain=true", "exact /search?q=red+castle&k=25&mode=semantic"):
        items = [(item["score"], int(item["item_id"][1:])) for item in found[name]["items"]]
        assert len({score for score, _ in items}) <= len(items) / 2
        assert items == sorted(items, key=lambda item: (-item[0], item[1]))
